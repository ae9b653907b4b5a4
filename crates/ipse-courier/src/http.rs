//! Delivery by a request to a server.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderName, HeaderValue};
use ipse_config::courier::RequestConfig;
use ipse_config::selfservice::web_hook::{ApiKeyPlace, RequestAuth};
use ipse_model::CourierMessage;
use serde_json::{Map, Value, json};

use crate::delivery::{DeliveryError, Surroundings};

/// The member of a message's data that holds headers of the request which led to it.
pub const REQUEST_HEADERS: &str = "request_headers";

/// Makes the request that a message is delivered by.
pub(crate) async fn post(
    surroundings: &dyn Surroundings,
    config: &RequestConfig,
    message: &CourierMessage,
) -> Result<(), DeliveryError> {
    let body = match &config.body {
        None => usual_body(message).to_string(),
        Some(template) => {
            let context = context(message);
            surroundings
                .jsonnet(template, &context)
                .await
                .map_err(DeliveryError::temporary)?
        }
    };
    let request = request(config, body)?;
    let answer = surroundings
        .send(request)
        .await
        .map_err(DeliveryError::temporary)?;
    if answer.status().is_success() {
        return Ok(());
    }
    Err(DeliveryError::temporary(format!(
        "the server has answered with status {}",
        answer.status().as_u16()
    )))
}

fn request(config: &RequestConfig, body: String) -> Result<http::Request<Vec<u8>>, DeliveryError> {
    let wrong =
        |what: &str| DeliveryError::temporary(format!("{what} of the request can't be used"));
    let url = config.url.as_ref().ok_or_else(|| wrong("the url"))?;
    let mut request = http::Request::builder()
        .method(config.method.as_str())
        .uri(url.as_str())
        .body(body.into_bytes())
        .map_err(|_| wrong("the url or method"))?;
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in &config.headers {
        headers.insert(
            name_of(name).ok_or_else(|| wrong(name))?,
            value_of(value.expose()).ok_or_else(|| wrong(name))?,
        );
    }
    if let Some(auth) = &config.auth {
        let (name, value) = credentials(auth).ok_or_else(|| wrong("the authentication"))?;
        headers.insert(name, value);
    }
    Ok(request)
}

fn name_of(name: &str) -> Option<HeaderName> {
    HeaderName::try_from(name).ok()
}

/// A value that isn't written to any log.
fn value_of(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn credentials(auth: &RequestAuth) -> Option<(HeaderName, HeaderValue)> {
    match auth {
        RequestAuth::BasicAuth(basic) => {
            let pair = STANDARD.encode(format!("{}:{}", basic.user, basic.password.expose()));
            Some((AUTHORIZATION, value_of(&format!("Basic {pair}"))?))
        }
        RequestAuth::ApiKey(key) => match key.in_ {
            ApiKeyPlace::Header => Some((name_of(&key.name)?, value_of(key.value.expose())?)),
            ApiKeyPlace::Cookie => Some((
                COOKIE,
                value_of(&format!("{}={}", key.name, key.value.expose()))?,
            )),
        },
    }
}

/// The data of a message, and the headers of the request which led to it.
fn parts(message: &CourierMessage) -> (Map<String, Value>, Value) {
    let mut data = match message.template_data.to_value() {
        Value::Object(data) => data,
        _ => Map::new(),
    };
    let headers = data.remove(REQUEST_HEADERS).unwrap_or(Value::Null);
    (data, headers)
}

/// What Jsonnet is told of a message.
fn context(message: &CourierMessage) -> Value {
    let (data, headers) = parts(message);
    let mut context = json!({
        "recipient": message.recipient,
        "subject": message.subject,
        "body": message.body,
        "template_type": message.template_type,
        "template_data": data,
        "message_type": message.channel,
        "request_headers": headers,
    });
    if let (Some(html), Some(context)) = (&message.body_html, context.as_object_mut()) {
        context.insert("html_body".to_owned(), json!(html));
    }
    context
}

/// The body when the configuration says nothing else.
fn usual_body(message: &CourierMessage) -> Value {
    let (data, _) = parts(message);
    let of_data = |name: &str| data.get(name).cloned().unwrap_or(Value::Null);
    json!({
        "recipient": message.recipient,
        "template_type": message.template_type,
        "to": of_data("to"),
        "recovery_code": of_data("recovery_code"),
        "recovery_url": of_data("recovery_url"),
        "verification_url": of_data("verification_url"),
        "verification_code": of_data("verification_code"),
        "subject": message.subject,
        "body": message.body,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use ipse_config::Source;
    use ipse_model::Json;

    use super::*;
    use crate::tests::message;

    /// A server that answers with one status, and remembers what it was sent.
    struct Server(u16, Mutex<Vec<http::Request<Vec<u8>>>>);

    impl Server {
        fn new(status: u16) -> Self {
            Self(status, Mutex::default())
        }

        fn only_request(&self) -> http::Request<Vec<u8>> {
            self.1.lock().unwrap().remove(0)
        }
    }

    #[async_trait]
    impl Surroundings for Server {
        async fn send(
            &self,
            request: http::Request<Vec<u8>>,
        ) -> Result<http::Response<Vec<u8>>, String> {
            self.1.lock().unwrap().push(request);
            Ok(http::Response::builder()
                .status(self.0)
                .body(Vec::new())
                .unwrap())
        }

        fn is_private(&self, _: std::net::IpAddr) -> bool {
            false
        }

        fn trusted(&self) -> Vec<Vec<u8>> {
            Vec::new()
        }

        async fn jsonnet(&self, _: &Source, context: &Value) -> Result<String, String> {
            Ok(context.to_string())
        }
    }

    fn config(value: Value) -> RequestConfig {
        serde_json::from_value(value).unwrap()
    }

    fn body(request: &http::Request<Vec<u8>>) -> Value {
        serde_json::from_slice(request.body()).unwrap()
    }

    #[tokio::test]
    async fn a_request_carries_headers_and_credentials() {
        let server = Server::new(202);
        let config = config(json!({
            "url": "https://mail.example.org/send", "method": "PUT",
            "headers": { "X-Extra": "yes" },
            "auth": { "type": "basic_auth", "config": { "user": "courier", "password": "secret" } },
        }));
        post(&server, &config, &message()).await.unwrap();
        let request = server.only_request();
        assert_eq!(request.method(), "PUT");
        assert_eq!(request.uri(), "https://mail.example.org/send");
        assert_eq!(request.headers()["x-extra"], "yes");
        assert_eq!(request.headers()["content-type"], "application/json");
        assert_eq!(
            request.headers()["authorization"],
            "Basic Y291cmllcjpzZWNyZXQ="
        );
    }

    #[tokio::test]
    async fn a_key_goes_into_a_header_or_a_cookie() {
        for (place, header, value) in [("header", "x-key", "k"), ("cookie", "cookie", "X-Key=k")] {
            let server = Server::new(200);
            let config = config(json!({
                "url": "https://sms.example.org/",
                "auth": { "type": "api_key", "config": { "name": "X-Key", "value": "k", "in": place } },
            }));
            post(&server, &config, &message()).await.unwrap();
            assert_eq!(server.only_request().headers()[header], value);
        }
    }

    #[tokio::test]
    async fn without_a_template_the_body_has_its_usual_shape() {
        let server = Server::new(200);
        let sent = CourierMessage {
            template_data: Json::from(
                json!({ "to": "ada@example.org", "recovery_code": "123456" }),
            ),
            ..message()
        };
        post(
            &server,
            &config(json!({ "url": "https://m.example.org" })),
            &sent,
        )
        .await
        .unwrap();
        let body = body(&server.only_request());
        assert_eq!(body["recovery_code"], "123456");
        assert_eq!(body["verification_url"], Value::Null);
        assert_eq!(body["recipient"], sent.recipient);
    }

    #[tokio::test]
    async fn a_template_is_told_everything_but_the_headers_among_the_data() {
        let server = Server::new(200);
        let sent = CourierMessage {
            template_data: Json::from(
                json!({ "to": "x", "request_headers": { "User-Agent": ["a"] } }),
            ),
            ..message()
        };
        let config = config(json!({ "url": "https://m.example.org", "body": "base64://e30=" }));
        post(&server, &config, &sent).await.unwrap();
        let context = body(&server.only_request());
        assert_eq!(context["request_headers"]["User-Agent"], json!(["a"]));
        assert_eq!(context["template_data"], json!({ "to": "x" }));
        assert_eq!(context["html_body"], json!(sent.body_html));
        assert_eq!(context["message_type"], "email");
    }

    #[tokio::test]
    async fn any_other_answer_than_success_is_tried_again() {
        for status in [302, 400, 429, 500] {
            let config = config(json!({ "url": "https://m.example.org" }));
            let failed = post(&Server::new(status), &config, &message()).await;
            assert!(
                matches!(failed, Err(DeliveryError::Temporary(_))),
                "{status}"
            );
        }
    }

    #[tokio::test]
    async fn a_header_can_not_hold_a_second_one() {
        let config = config(json!({
            "url": "https://m.example.org", "headers": { "X-Extra": "yes\r\nX-More: no" },
        }));
        let server = Server::new(200);
        assert!(post(&server, &config, &message()).await.is_err());
        assert!(server.1.lock().unwrap().is_empty());
    }
}
