//! Tokens that browsers have from a provider by Federated Credential Management.

use http::Request;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue, ORIGIN};
use ipse_config::selfservice::oidc::OidcProvider;
use serde_json::Value;

use crate::OidcError;
use crate::fetch::{self, Fetch};

/// The ID token that NetID gives for the token of a browser. NetID wants to know where the browser was.
pub(crate) async fn netid(
    fetch: &dyn Fetch,
    provider: &OidcProvider,
    (url, token): (&str, &str),
) -> Result<String, OidcError> {
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "netid_fedcm")
        .append_pair("fedcm_token", token)
        .finish();
    let mut request = Request::post(url)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "application/json")
        .body(body.into_bytes())
        .map_err(|_| OidcError::Address(url.to_owned()))?;
    if let Some(origin) = &provider.net_id_token_origin_header {
        let origin = HeaderValue::try_from(origin);
        let origin = origin.map_err(|_| OidcError::Lacks("a usable net_id_token_origin_header"))?;
        request.headers_mut().insert(ORIGIN, origin);
    }
    let answer = fetch::json(fetch, request, "token endpoint").await?;
    let id_token = answer.get("id_token").and_then(Value::as_str);
    Ok(id_token
        .ok_or(OidcError::Missing("an ID token"))?
        .to_owned())
}
