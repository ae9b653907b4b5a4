//! The `web_hook` hook and the ways an outgoing request authenticates itself.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use url::Url;

use crate::{Secret, Source};

/// A request that a flow makes to a server.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebHook {
    /// The name the hook goes by in logs.
    pub id: Option<String>,
    /// What is done with the answer.
    #[serde(default)]
    pub response: WebHookResponse,
    /// The address of the request.
    pub url: Url,
    /// The HTTP method of the request.
    pub method: String,
    /// Headers of the request.
    #[serde(default)]
    pub headers: BTreeMap<String, Secret>,
    /// The Jsonnet that makes the body.
    pub body: Option<Template>,
    /// Let the answer stop the flow. Same as `response.parse`, kept for older files.
    #[serde(default)]
    pub can_interrupt: bool,
    /// Report the call.
    #[serde(default = "enabled")]
    pub emit_analytics_event: bool,
    /// How the request authenticates itself.
    pub auth: Option<RequestAuth>,
}

/// The default of switches that are on unless switched off.
fn enabled() -> bool {
    true
}

section! {
    /// What is done with the answer to a request.
    pub struct WebHookResponse {
        /// Do not wait for it.
        pub ignore: bool = false,
        /// Let it stop the flow or change the identity.
        pub parse: bool = false,
    }
}

/// Jsonnet for a body: named by address, or written out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Template {
    /// It is elsewhere.
    At(Source),
    /// This is it.
    Text(String),
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let schemes = ["http://", "https://", "file://", "base64://"];
        if schemes.iter().any(|scheme| text.starts_with(scheme)) {
            return text.parse().map(Self::At).map_err(de::Error::custom);
        }
        Ok(Self::Text(text.into_owned()))
    }
}

impl JsonSchema for Template {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Template".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// How an outgoing request authenticates itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    tag = "type",
    content = "config",
    rename_all = "snake_case",
    deny_unknown_fields
)]
pub enum RequestAuth {
    /// With a key in a header or cookie.
    ApiKey(ApiKey),
    /// With HTTP basic authentication.
    BasicAuth(BasicAuth),
}

/// A key and where it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    /// The name of the header or cookie.
    pub name: String,
    /// The key.
    pub value: Secret,
    /// Header or cookie.
    #[serde(rename = "in")]
    pub in_: ApiKeyPlace,
}

choice! {
    /// Where a key is sent.
    pub enum ApiKeyPlace {
        /// In a header.
        Header = "header",
        /// In a cookie.
        Cookie = "cookie",
    }
}

/// A user name and password.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasicAuth {
    /// The user name.
    pub user: String,
    /// The password.
    pub password: Secret,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_short_hook_takes_defaults() {
        let hook: WebHook =
            serde_json::from_value(json!({ "url": "https://example.org/", "method": "POST" }))
                .unwrap();
        assert!(hook.emit_analytics_event);
        assert!(!hook.can_interrupt && !hook.response.parse && !hook.response.ignore);
        assert_eq!(hook.body, None);
    }

    #[test]
    fn a_body_is_an_address_or_a_text() {
        let read = |text: &str| serde_json::from_value::<Template>(json!(text));
        assert_eq!(
            read("file://body.jsonnet").unwrap(),
            Template::At(Source::File("body.jsonnet".into()))
        );
        assert_eq!(
            read("function(ctx) {}").unwrap(),
            Template::Text("function(ctx) {}".to_owned())
        );
        assert!(read("base64://***").is_err());
    }

    #[test]
    fn debug_hides_credentials() {
        let hook: WebHook = serde_json::from_value(json!({
            "url": "https://example.org/", "method": "POST",
            "headers": { "Authorization": "Bearer swordfish" },
            "auth": { "type": "basic_auth", "config": { "user": "u", "password": "swordfish" } },
        }))
        .unwrap();
        assert!(matches!(hook.auth, Some(RequestAuth::BasicAuth(_))));
        assert!(!format!("{hook:?}").contains("swordfish"));
    }
}
