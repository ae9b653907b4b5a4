//! How somebody has signed in at a provider, as its ID token says.

use ipse_config::selfservice::oidc::OidcProvider;
use serde_json::{Map, Value};

use crate::id_token::text;

/// How somebody has signed in at a provider. Without a verified ID token nothing is known about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    acr: Option<String>,
    amr: Vec<String>,
}

impl Context {
    /// What a verified ID token says about it.
    pub(crate) fn of(verified: &Map<String, Value>) -> Self {
        let amr = verified.get("amr").and_then(Value::as_array);
        Self {
            acr: text(verified, "acr").map(str::to_owned),
            amr: amr
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
        }
    }

    /// Whether the configuration takes it for two factors.
    #[must_use]
    pub fn is_two_factors(&self, provider: &OidcProvider) -> bool {
        let listed = |values: &[String], said: &str| {
            !said.is_empty() && values.iter().any(|value| value == said)
        };
        self.acr
            .as_deref()
            .is_some_and(|acr| listed(&provider.aal2_acr_values, acr))
            || self
                .amr
                .iter()
                .any(|amr| listed(&provider.aal2_amr_values, amr))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tests::support::provider;

    #[test]
    fn only_listed_values_count_for_two_factors() {
        let listing =
            provider(json!({ "aal2_acr_values": ["gold", ""], "aal2_amr_values": ["mfa", "hwk"] }));
        let counts = |said: Value| Context::of(said.as_object().unwrap()).is_two_factors(&listing);
        for said in [
            json!({ "acr": "gold" }),
            json!({ "amr": ["pwd", "mfa"] }),
            json!({ "acr": "silver", "amr": ["hwk"] }),
        ] {
            assert!(counts(said.clone()), "{said}");
        }
        for said in [
            json!({}),
            json!({ "acr": "" }),
            json!({ "acr": "Gold" }),
            json!({ "acr": "mfa", "amr": ["gold"] }),
            json!({ "acr": ["gold"], "amr": "mfa" }),
            json!({ "acr": 1, "amr": [1, null, ""] }),
        ] {
            assert!(!counts(said.clone()), "{said}");
        }
        let all = Context::of(
            json!({ "acr": "gold", "amr": ["mfa"] })
                .as_object()
                .unwrap(),
        );
        assert!(!all.is_two_factors(&provider(json!({}))));
    }
}
