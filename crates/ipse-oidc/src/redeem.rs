//! A code becomes tokens.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{Request, Response, StatusCode};
use ipse_config::selfservice::oidc::{OidcProvider, ProviderKind};
use ipse_model::Timestamp;
use serde_json::{Map, Value, json};

use crate::fetch::Fetch;
use crate::vendor::Vendor;
use crate::x::RequestToken;
use crate::{Claims, Context, OidcError, apple};

/// What a provider's redirect has brought.
#[derive(Clone, Debug)]
pub struct Code<'a> {
    /// The code.
    pub code: &'a str,
    /// Where the browser was sent back to.
    pub redirect_uri: &'a str,
    /// The secret of the proof key, if one was used.
    pub verifier: Option<&'a str>,
    /// What the provider says about the person beside the code.
    pub user: Option<&'a str>,
    /// Who says to have sent it (RFC 9207).
    pub issuer: Option<&'a str>,
    /// What an ID token has to repeat if it repeats anything.
    pub nonce: Option<&'a str>,
    /// What X gave in the beginning.
    pub request_token: Option<&'a RequestToken>,
}

/// Somebody, as the provider knows them.
#[derive(Clone, Debug, PartialEq)]
pub struct Identified {
    /// What it says about them.
    pub claims: Claims,
    /// What else it gave out.
    pub tokens: Tokens,
    /// How they have signed in there.
    pub context: Context,
}

/// Tokens of a provider.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Tokens {
    /// The ID token.
    pub id_token: Option<String>,
    /// The access token.
    pub access_token: Option<String>,
    /// The refresh token.
    pub refresh_token: Option<String>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens(…)")
    }
}

/// Where codes are redeemed, and how a client names itself there.
pub(crate) struct Endpoint {
    pub(crate) url: String,
    pub(crate) basic: bool,
}

/// What the provider gives for a code.
pub(crate) async fn redeem(
    fetch: &dyn Fetch,
    provider: &OidcProvider,
    endpoint: &Endpoint,
    (code, now): (&Code<'_>, Timestamp),
) -> Result<Map<String, Value>, OidcError> {
    let what = "token endpoint";
    let ask = async |basic| {
        let request = match provider.provider {
            ProviderKind::DingTalk => json_request(provider, endpoint, code),
            _ => form_request(provider, (&endpoint.url, basic), (code, now))?,
        };
        let request = request.map_err(|_| OidcError::Address(endpoint.url.clone()))?;
        let answer = fetch.send(request).await;
        answer.map_err(|cause| OidcError::Unreachable { what, cause })
    };
    let mut answer = ask(endpoint.basic).await?;
    if endpoint.basic && refuses_client(&answer) {
        // Some take both ways in general, but only one of them from a client. The code is as good as before.
        answer = ask(false).await?;
    }
    let body = decode(answer.body());
    if let Some(error) = body.as_ref().and_then(refusal) {
        return Err(OidcError::CodeRefused(error));
    }
    if !answer.status().is_success() {
        return Err(OidcError::Status {
            what,
            status: answer.status().as_u16(),
        });
    }
    body.ok_or(OidcError::NotJson { what })
}

/// Whether the provider hasn't recognised the client.
fn refuses_client(answer: &Response<Vec<u8>>) -> bool {
    let error = decode(answer.body()).and_then(|body| body.get("error").cloned());
    error.map_or(answer.status() == StatusCode::UNAUTHORIZED, |error| {
        error == "invalid_client"
    })
}

fn form_request(
    provider: &OidcProvider,
    (url, basic): (&str, bool),
    (code, now): (&Code<'_>, Timestamp),
) -> Result<Result<Request<Vec<u8>>, http::Error>, OidcError> {
    let secret = match provider.provider {
        ProviderKind::Apple => Some(apple::client_secret(provider, now)?),
        _ => provider
            .client_secret
            .as_ref()
            .map(|secret| secret.expose().to_owned()),
    };
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code");
    form.append_pair("code", code.code);
    form.append_pair("redirect_uri", code.redirect_uri);
    if let Some(verifier) = code.verifier {
        form.append_pair("code_verifier", verifier);
    }
    for (name, value) in Vendor::of(provider).redeeming {
        form.append_pair(name, value);
    }
    let mut request = Request::post(url)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "application/json");
    match secret {
        Some(secret) if basic => {
            let escape =
                |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = format!("{}:{}", escape(&provider.client_id), escape(&secret));
            request = request.header(AUTHORIZATION, format!("Basic {}", STANDARD.encode(pair)));
        }
        secret => {
            form.append_pair("client_id", &provider.client_id);
            if let Some(secret) = secret {
                form.append_pair("client_secret", &secret);
            }
        }
    }
    Ok(request.body(form.finish().into_bytes()))
}

/// `DingTalk` takes and gives other names, in JSON.
fn json_request(
    provider: &OidcProvider,
    endpoint: &Endpoint,
    code: &Code<'_>,
) -> Result<Request<Vec<u8>>, http::Error> {
    let body = json!({
        "clientId": provider.client_id,
        "clientSecret": provider.client_secret.as_ref().map(ipse_config::Secret::expose),
        "code": code.code,
        "grantType": "authorization_code",
    });
    Request::post(&endpoint.url)
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "application/json")
        .body(body.to_string().into_bytes())
}

/// The answer; some providers send a form whatever they are asked for.
fn decode(body: &[u8]) -> Option<Map<String, Value>> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(answer)) => Some(answer),
        Ok(_) => None,
        Err(_) => {
            let form = form_urlencoded::parse(body);
            let answer: Map<String, Value> = form
                .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
                .collect();
            (answer.contains_key("access_token") || answer.contains_key("error")).then_some(answer)
        }
    }
}

/// What a provider says that gives nothing.
fn refusal(answer: &Map<String, Value>) -> Option<String> {
    let text = |name| answer.get(name).and_then(Value::as_str);
    let error = text("error")?;
    Some(match text("error_description") {
        Some(description) => format!("{error}: {description}"),
        None => error.to_owned(),
    })
}

/// The tokens in an answer.
pub(crate) fn tokens(answer: &Map<String, Value>) -> Tokens {
    let text = |names: &[&str]| {
        let found = names
            .iter()
            .find_map(|name| answer.get(*name).and_then(Value::as_str));
        found.filter(|token| !token.is_empty()).map(str::to_owned)
    };
    Tokens {
        id_token: text(&["id_token"]),
        access_token: text(&["access_token", "accessToken"]),
        refresh_token: text(&["refresh_token", "refreshToken"]),
    }
}
