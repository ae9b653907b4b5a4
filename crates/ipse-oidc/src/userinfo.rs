//! Who somebody is, for providers without ID tokens: a document for whoever has an access token.

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::Request;
use http::header::HeaderValue;
use ipse_config::selfservice::oidc::{OidcProvider, ProviderKind};
use serde_json::{Map, Value};
use sha2::Sha256;
use url::Url;

use crate::fetch::{self, Fetch};
use crate::vendor::Vendor;
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
    let mut said = renamed(document.clone(), table)?;
    said.extend(peculiar(provider.provider, &document));
    complete(fetch, provider, access_token, (&mut said, answer)).await?;
    let vendor = Vendor::of(provider);
    let issuer = match vendor.issuers.first() {
        Some(issuer) => (*issuer).to_owned(),
        None => vendor.base(provider)?,
    };
    let mut claims = identified(said, &issuer)?;
    let vouches = matches!(
        provider.provider,
        ProviderKind::Facebook | ProviderKind::Slack
    );
    if vouches && claims.text("email").is_some() {
        // They don't say so, but give away no other addresses.
        claims.set("email_verified", true);
    }
    Ok(claims)
}

/// The claims of a document that needs no completion.
pub(crate) fn claims_of(
    document: Value,
    table: &[(&str, &str)],
    issuer: &str,
) -> Result<Claims, OidcError> {
    identified(renamed(document, table)?, issuer)
}

/// Claims that name somebody, and where they come from.
fn identified(mut said: Map<String, Value>, issuer: &str) -> Result<Claims, OidcError> {
    said.entry("iss").or_insert_with(|| Value::from(issuer));
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
            return with_token_in(url, ("x-acs-dingtalk-access-token", access_token));
        }
        ProviderKind::Amazon => return with_token_in(url, ("x-amz-access-token", access_token)),
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

/// A request with the access token in a header of the provider's own.
fn with_token_in(
    url: &str,
    (name, access_token): (&'static str, &str),
) -> Result<Request<Vec<u8>>, OidcError> {
    let mut request = fetch::get(url)?;
    let token = HeaderValue::try_from(access_token).map_err(|_| OidcError::OddToken)?;
    request.headers_mut().insert(name, token);
    Ok(request)
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

/// Claims that no pointer leads to.
fn peculiar(kind: ProviderKind, document: &Value) -> Map<String, Value> {
    let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str);
    let mut said = Map::new();
    let mut say = |claim: &str, value: String| {
        said.insert(claim.to_owned(), Value::from(value));
    };
    match kind {
        ProviderKind::Discord => {
            if let (Some(name), Some(number)) = (text("/username"), text("/discriminator")) {
                say("name", format!("{name}#{number}"));
            }
            if let (Some(id), Some(avatar)) = (text("/id"), text("/avatar")) {
                let kind = if avatar.starts_with("a_") {
                    "gif"
                } else {
                    "png"
                };
                let address = format!("https://cdn.discordapp.com/avatars/{id}/{avatar}.{kind}");
                say("picture", address);
            }
        }
        ProviderKind::Vk => match document.pointer("/response/0/sex").and_then(Value::as_i64) {
            Some(1) => say("gender", "female".to_owned()),
            Some(2) => say("gender", "male".to_owned()),
            _ => {}
        },
        ProviderKind::Yandex if document["is_avatar_empty"] != true => {
            if let Some(avatar) = text("/default_avatar_id") {
                let base = "https://avatars.yandex.net/get-yapic";
                say("picture", format!("{base}/{avatar}/islands-200"));
            }
        }
        ProviderKind::Linkedin => {
            // Small ones come first; the third is of a useful size.
            let sizes = document.pointer("/profilePicture/displayImage~0/elements");
            let size = sizes
                .and_then(Value::as_array)
                .and_then(|sizes| sizes.iter().take(3).next_back());
            let address = size.and_then(|size| size.pointer("/identifiers/0/identifier"));
            if let Some(address) = address.and_then(Value::as_str) {
                say("picture", address.to_owned());
            }
        }
        _ => {}
    }
    said
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
