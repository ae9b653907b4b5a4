//! The request to a server of the operator's: method, headers, authentication and body.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use ipse_config::Secret;
use ipse_config::selfservice::web_hook::{ApiKeyPlace, RequestAuth, WebHook};
use serde_json::Value;
use url::Url;
use url::form_urlencoded::Serializer;

use super::HookError;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// Where a request goes, and how.
pub(crate) struct Target<'a> {
    url: &'a Url,
    method: Method,
    headers: HeaderMap,
}

impl<'a> Target<'a> {
    /// The target of a web hook.
    pub(crate) fn of(hook: &'a WebHook) -> Result<Self, HookError> {
        Self::new(&hook.url, &hook.method, &hook.headers, hook.auth.as_ref())
    }

    /// A target with these headers and credentials. Bodies are JSON unless the headers say otherwise.
    pub(crate) fn new(
        url: &'a Url,
        method: &str,
        headers: &BTreeMap<String, Secret>,
        auth: Option<&RequestAuth>,
    ) -> Result<Self, HookError> {
        let mut sent = HeaderMap::new();
        for (name, value) in headers {
            sent.append(
                name.parse::<HeaderName>().map_err(http::Error::from)?,
                sensitive(value.expose())?,
            );
        }
        if let Some(auth) = auth {
            authenticate(&mut sent, auth)?;
        }
        sent.entry(CONTENT_TYPE)
            .or_insert(HeaderValue::from_static(JSON));
        let method = method
            .to_ascii_uppercase()
            .parse()
            .map_err(http::Error::from)?;
        Ok(Self {
            url,
            method,
            headers: sent,
        })
    }

    /// Whether the method allows a body. All but `TRACE` do, even if some servers don't expect it.
    pub(super) fn carries_body(&self) -> bool {
        self.method != Method::TRACE
    }

    /// Refuses types that no body is made in.
    pub(crate) fn check_content_type(&self) -> Result<(), HookError> {
        match self.media_type() {
            JSON | FORM => Ok(()),
            other => Err(HookError::ContentType(other.to_owned())),
        }
    }

    /// The request with this body.
    pub(crate) fn request(&self, body: Option<&Value>) -> Result<Request<Vec<u8>>, HookError> {
        let mut request = Request::builder()
            .method(&self.method)
            .uri(self.url.as_str());
        if let Some(headers) = request.headers_mut() {
            headers.extend(self.headers.clone());
        }
        let body = match body {
            None => Vec::new(),
            Some(body) if self.media_type() == FORM => form(body)?.into_bytes(),
            Some(body) => body.to_string().into_bytes(),
        };
        Ok(request.body(body)?)
    }

    fn media_type(&self) -> &str {
        let header = self
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        header
            .and_then(|value| value.split(';').next())
            .unwrap_or_default()
            .trim()
    }
}

fn authenticate(headers: &mut HeaderMap, auth: &RequestAuth) -> Result<(), HookError> {
    match auth {
        RequestAuth::BasicAuth(auth) => {
            let pair = STANDARD.encode(format!("{}:{}", auth.user, auth.password.expose()));
            headers.insert(AUTHORIZATION, sensitive(&format!("Basic {pair}"))?);
        }
        RequestAuth::ApiKey(key) => match key.in_ {
            ApiKeyPlace::Header => {
                let name: HeaderName = key.name.parse().map_err(http::Error::from)?;
                headers.insert(name, sensitive(key.value.expose())?);
            }
            ApiKeyPlace::Cookie => {
                let cookie = format!("{}={}", key.name, key.value.expose());
                headers.append(COOKIE, sensitive(&cookie)?);
            }
        },
    }
    Ok(())
}

/// A value that no log shows.
fn sensitive(value: &str) -> Result<HeaderValue, HookError> {
    let mut value = HeaderValue::from_str(value).map_err(http::Error::from)?;
    value.set_sensitive(true);
    Ok(value)
}

/// An object of texts as a form, ordered by name.
fn form(body: &Value) -> Result<String, HookError> {
    let fields = body.as_object().ok_or(HookError::NoForm)?;
    let mut pairs = Vec::with_capacity(fields.len());
    for (name, value) in fields {
        pairs.push((name, value.as_str().ok_or(HookError::NoForm)?));
    }
    pairs.sort_unstable();
    Ok(Serializer::new(String::new()).extend_pairs(pairs).finish())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn hook(more: &Value) -> WebHook {
        let mut hook = json!({ "url": "https://hook.example.org/a?b=c", "method": "put" });
        hook.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        serde_json::from_value(hook).unwrap()
    }

    fn request(more: &Value, body: &Value) -> Result<Request<Vec<u8>>, HookError> {
        let hook = hook(more);
        let target = Target::of(&hook)?;
        target.check_content_type()?;
        target.request(Some(body))
    }

    fn header<'a>(request: &'a Request<Vec<u8>>, name: &str) -> &'a str {
        request.headers()[name].to_str().unwrap()
    }

    #[test]
    fn bodies_are_json_unless_configured_otherwise() {
        let request = request(&json!({}), &json!({ "a": [1, null] })).unwrap();
        assert_eq!(request.method(), "PUT");
        assert_eq!(request.uri(), "https://hook.example.org/a?b=c");
        assert_eq!(header(&request, "content-type"), "application/json");
        assert_eq!(request.body(), br#"{"a":[1,null]}"#);
    }

    #[test]
    fn forms_hold_texts_in_order() {
        let form = json!({ "headers": { "content-type": "application/x-www-form-urlencoded" } });
        let sent = request(&form, &json!({ "space": "a b&c=ä", "mail": "x@y" })).unwrap();
        assert_eq!(sent.body(), b"mail=x%40y&space=a+b%26c%3D%C3%A4");
        assert!(matches!(
            request(&form, &json!({ "n": 1 })),
            Err(HookError::NoForm)
        ));
        assert!(matches!(
            request(&form, &json!("x")),
            Err(HookError::NoForm)
        ));
    }

    #[test]
    fn other_types_are_refused() {
        let text = json!({ "headers": { "Content-Type": "text/plain" } });
        assert!(matches!(
            request(&text, &json!({})),
            Err(HookError::ContentType(_))
        ));
        let json = json!({ "headers": { "Content-Type": "application/json; charset=utf-8" } });
        assert!(request(&json, &json!({})).is_ok());
    }

    #[test]
    fn credentials_go_where_they_are_configured() {
        let auth = |auth: Value| {
            request(
                &json!({ "auth": auth, "headers": { "Cookie": "a=b" } }),
                &json!({}),
            )
        };
        let basic = json!({ "type": "basic_auth", "config": { "user": "u", "password": "p:q" } });
        assert_eq!(
            header(&auth(basic).unwrap(), "authorization"),
            "Basic dTpwOnE="
        );
        let key = |place: &str| json!({ "type": "api_key", "config": { "name": "X-Key", "value": "v", "in": place } });
        assert_eq!(header(&auth(key("header")).unwrap(), "x-key"), "v");
        let cookies = auth(key("cookie")).unwrap();
        let cookies: Vec<_> = cookies.headers().get_all("cookie").iter().collect();
        assert_eq!(cookies, ["a=b", "X-Key=v"]);
    }

    #[test]
    fn what_no_request_can_hold_is_an_error_and_no_panic() {
        assert!(matches!(
            request(&json!({ "headers": { "a b": "c" } }), &json!({})),
            Err(HookError::Request(_))
        ));
        assert!(matches!(
            request(&json!({ "headers": { "a": "b\nc" } }), &json!({})),
            Err(HookError::Request(_))
        ));
        assert!(matches!(
            request(&json!({ "method": "no method" }), &json!({})),
            Err(HookError::Request(_))
        ));
    }

    #[test]
    fn no_log_shows_a_value() {
        let request = request(
            &json!({ "headers": { "Authorization": "Bearer swordfish" } }),
            &json!({}),
        )
        .unwrap();
        assert!(!format!("{request:?}").contains("swordfish"));
    }
}
