//! Keys that are accepted but do nothing, or nothing yet.
//!
//! When a feature lands, its line is deleted here.

use serde_json::Value;

use super::error::Warning;
use super::key::{KeyPath, Segment};
use super::tree::Tree;

/// What is planned.
const NOT_YET: &str = "is accepted but has no effect yet";
/// What the reference only has in editions that are paid for.
const NOT_PLANNED: &str = "belongs to the reference's paid edition and has no effect";
/// What the reference itself ignores.
const OBSOLETE: &str = "has no effect and can be removed";
/// What only means something on the command line.
const COMMAND_LINE: &str = "is a command line flag and has no effect here";

/// Keys without effect, each with the reason. `*` stands for any one key or item; everything below
/// a key is meant with it.
const WITHOUT_EFFECT: &[(&str, &str)] = &[
    ("config", COMMAND_LINE),
    ("enterprise", NOT_PLANNED),
    ("feature_flags.refresh_login_choose_address", NOT_YET),
    ("hashers.argon2.expected_deviation", OBSOLETE),
    ("hashers.argon2.expected_duration", OBSOLETE),
    ("help", COMMAND_LINE),
    ("organizations", NOT_PLANNED),
    ("preview", NOT_PLANNED),
    ("selfservice.methods.b2b", NOT_PLANNED),
    ("selfservice.methods.link.config.base_url", OBSOLETE),
    ("selfservice.methods.webauthn.config.rp.icon", OBSOLETE),
    ("tracing", NOT_YET),
];

/// Hooks without effect, each with the reason.
const HOOKS_WITHOUT_EFFECT: &[(&str, &str)] =
    &[("b2b_sso", NOT_PLANNED), ("organization", NOT_PLANNED)];

/// A warning for each key that is set without effect.
pub(crate) fn warnings(tree: &Tree, value: &Value) -> Vec<Warning> {
    let mut warnings = Vec::new();
    descend(tree, value, &KeyPath::default(), &mut warnings);
    warnings
}

fn descend(tree: &Tree, value: &Value, path: &KeyPath, warnings: &mut Vec<Warning>) {
    if let Some(why) = reason(path) {
        if !is_off(value) {
            let key = path.to_string();
            warnings.push(Warning {
                key,
                origin: tree.origin(path),
                why: why.to_owned(),
            });
        }
        return;
    }
    match value {
        Value::Object(entries) => {
            if let Some(why) = entries.get("hook").and_then(hook_reason) {
                let path = path.key("hook");
                let (key, origin) = (path.to_string(), tree.origin(&path));
                warnings.push(Warning {
                    key,
                    origin,
                    why: why.to_owned(),
                });
            }
            for (key, below) in entries {
                descend(tree, below, &path.key(key), warnings);
            }
        }
        Value::Array(items) => {
            for (index, below) in items.iter().enumerate() {
                descend(tree, below, &path.index(index), warnings);
            }
        }
        _ => {}
    }
}

fn reason(path: &KeyPath) -> Option<&'static str> {
    WITHOUT_EFFECT
        .iter()
        .find(|(pattern, _)| matches(pattern, path))
        .map(|(_, why)| *why)
}

fn hook_reason(name: &Value) -> Option<&'static str> {
    let hook = HOOKS_WITHOUT_EFFECT.iter().find(|(hook, _)| name == hook);
    hook.map(|(_, why)| *why)
}

fn matches(pattern: &str, path: &KeyPath) -> bool {
    let mut parts = pattern.split('.');
    let all = path
        .segments()
        .iter()
        .all(|segment| match (parts.next(), segment) {
            (Some("*"), _) => true,
            (Some(part), Segment::Key(key)) => part == key,
            (Some(_), Segment::Index(_)) | (None, _) => false,
        });
    all && parts.next().is_none()
}

/// Whether nothing is asked for: a feature that is switched off lacks nothing.
fn is_off(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Object(entries) => {
            entries.get("enabled") == Some(&Value::Bool(false)) || entries.values().all(is_off)
        }
        Value::Array(items) => items.iter().all(is_off),
        Value::Bool(true) | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::load::origin::Origin;
    use crate::schema::KnownKeys;

    fn exists(known: &KnownKeys, pattern: &str) -> bool {
        let found = pattern.split('.').try_fold(known.root(), |schema, key| {
            let part = known.resolve(schema)?;
            match key {
                "*" => part.get("items"),
                key => known.properties(part)?.get(key),
            }
        });
        found.is_some()
    }

    #[test]
    fn only_known_keys_are_listed() {
        let known = KnownKeys::new();
        for (pattern, _) in WITHOUT_EFFECT {
            assert!(exists(&known, pattern), "{pattern} is no key");
        }
    }

    #[test]
    fn a_feature_that_is_off_is_not_missed() {
        let value = json!({ "tracing": { "provider": "jaeger" }, "organizations": [],
            "help": false, "preview": {}, "dsn": "memory",
            "selfservice": { "methods": { "b2b": { "config": { "organizations": [] } } } } });
        let tree = Tree::of(value.clone(), &Origin::Program);
        let keys: Vec<_> = warnings(&tree, &value)
            .into_iter()
            .map(|warning| warning.key)
            .collect();
        assert_eq!(keys, ["tracing"]);
    }

    #[test]
    fn hooks_without_effect_are_named_where_they_stand() {
        let hooks = json!([{ "hook": "session" }, { "hook": "b2b_sso" }]);
        let value = json!({ "selfservice": { "flows": { "registration": { "after": { "oidc": {
            "hooks": hooks } } } } } });
        let tree = Tree::of(value.clone(), &Origin::Program);
        let warnings = warnings(&tree, &value);
        let keys: Vec<_> = warnings.iter().map(|warning| &*warning.key).collect();
        assert_eq!(
            keys,
            ["selfservice.flows.registration.after.oidc.hooks.1.hook"]
        );
        assert_eq!(warnings[0].why, NOT_PLANNED);
    }
}
