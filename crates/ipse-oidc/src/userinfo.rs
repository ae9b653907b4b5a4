//! Who somebody is, for providers without ID tokens: a document for whoever has an access token.

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::Request;
use http::header::ACCEPT;
use ipse_config::selfservice::oidc::{OidcProvider, ProviderKind};
use serde_json::{Map, Value};
use sha2::Sha256;
use url::Url;

use crate::fetch::{self, Fetch};
use crate::{Claims, OidcError};

const WHAT: &str = "user info endpoint";

/// Asks a provider about whoever the access token belongs to.
pub(crate) async fn userinfo(
    fetch: &dyn Fetch,
    provider: &OidcProvider,
    (url, table): (&str, &[(&str, &str)]),
    (access_token, answer): (&str, &Map<String, Value>),
) -> Result<Claims, OidcError> {
    let request = request(provider, url, access_token)?;
    let document = fetch::json(fetch, request, WHAT).await?;
    let mut said = renamed(document, table)?;
    complete(fetch, provider, access_token, (&mut said, answer)).await?;
    let base = Url::parse(url).map(|url| url.origin().ascii_serialization());
    said.entry("iss")
        .or_insert_with(|| Value::from(base.unwrap_or_default()));
    let claims = Claims::new(said);
    if claims.subject().is_empty() {
        Err(OidcError::Missing("a subject"))
    } else {
        Ok(claims)
    }
}

/// The claims of an OpenID Connect provider's user info endpoint.
pub(crate) async fn openid(
    fetch: &dyn Fetch,
    url: &str,
    access_token: &str,
) -> Result<Map<String, Value>, OidcError> {
    let document = fetch::json(fetch, fetch::get_with(url, access_token)?, WHAT).await?;
    match document {
        Value::Object(claims) => Ok(claims),
        _ => Err(OidcError::NotJson { what: WHAT }),
    }
}

fn request(
    provider: &OidcProvider,
    url: &str,
    access_token: &str,
) -> Result<Request<Vec<u8>>, OidcError> {
    let mut address = Url::parse(url).map_err(|_| OidcError::Address(url.to_owned()))?;
    match provider.provider {
        ProviderKind::DingTalk => {
            let request = Request::get(url)
                .header(ACCEPT, "application/json")
                .header("x-acs-dingtalk-access-token", access_token)
                .body(Vec::new());
            return request.map_err(|_| OidcError::Address(url.to_owned()));
        }
        ProviderKind::Facebook => {
            // Facebook wants to see that the token is used by whom it was given to.
            if let Some(secret) = &provider.client_secret {
                let proof = proof(secret.expose(), access_token);
                address
                    .query_pairs_mut()
                    .append_pair("appsecret_proof", &proof);
            }
        }
        ProviderKind::Vk => {
            address
                .query_pairs_mut()
                .append_pair("access_token", access_token);
        }
        _ => {}
    }
    fetch::get_with(address.as_str(), access_token)
}

fn proof(secret: &str, access_token: &str) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(access_token.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// The claims of a document. Numbers that identify somebody become text.
fn renamed(document: Value, table: &[(&str, &str)]) -> Result<Map<String, Value>, OidcError> {
    let mut said: Map<String, Value> = if table.is_empty() {
        match document {
            Value::Object(claims) => claims,
            _ => return Err(OidcError::NotJson { what: WHAT }),
        }
    } else {
        let found = table.iter().filter_map(|(claim, pointer)| {
            let value = document.pointer(pointer).filter(|value| !value.is_null())?;
            Some(((*claim).to_owned(), value.clone()))
        });
        found.collect()
    };
    if let Some(Value::Number(number)) = said.get("sub") {
        let subject = number.to_string();
        said.insert("sub".to_owned(), Value::from(subject));
    }
    Ok(said)
}

/// Adds what some providers say elsewhere.
async fn complete(
    fetch: &dyn Fetch,
    provider: &OidcProvider,
    access_token: &str,
    (said, answer): (&mut Map<String, Value>, &Map<String, Value>),
) -> Result<(), OidcError> {
    match provider.provider {
        ProviderKind::Github | ProviderKind::GithubApp => {
            let url = "https://api.github.com/user/emails";
            let scoped = provider
                .scope
                .iter()
                .any(|scope| matches!(scope.as_str(), "user:email" | "user"));
            if scoped || provider.provider == ProviderKind::GithubApp {
                let mails = fetch::json(
                    fetch,
                    fetch::get_with(url, access_token)?,
                    "list of addresses",
                );
                take_primary(said, &mails.await?);
            }
        }
        ProviderKind::Linkedin if provider.scope.iter().any(|scope| scope == "r_emailaddress") => {
            let url = "https://api.linkedin.com/v2/emailAddress?q=members&projection=(elements*(handle~))";
            let mails = fetch::json(fetch, fetch::get_with(url, access_token)?, "address").await?;
            if let Some(mail) = mails.pointer("/elements/0/handle~0/emailAddress") {
                said.insert("email".to_owned(), mail.clone());
            }
        }
        ProviderKind::Vk => {
            if let Some(mail) = answer.get("email") {
                said.insert("email".to_owned(), mail.clone());
            }
        }
        _ => {}
    }
    Ok(())
}

/// The address that somebody prefers at GitHub, and whether they have proved it.
fn take_primary(said: &mut Map<String, Value>, mails: &Value) {
    let primary = mails
        .as_array()
        .into_iter()
        .flatten()
        .find(|mail| mail["primary"] == true);
    if let Some(primary) = primary {
        said.insert("email".to_owned(), primary["email"].clone());
        said.insert("email_verified".to_owned(), primary["verified"].clone());
    }
}
