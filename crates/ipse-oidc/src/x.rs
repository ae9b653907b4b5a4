//! X, which signs people in by OAuth 1.0a: a request token, the person's consent, an access token, and whose it is.

use http::Request;
use http::header::{ACCEPT, AUTHORIZATION};
use ipse_config::selfservice::oidc::OidcProvider;
use ipse_model::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::authorize::{Start, Started};
use crate::fetch::{self, Fetch};
use crate::oauth1::Signer;
use crate::redeem::{Code, Identified, Tokens};
use crate::userinfo::claims_of;
use crate::{Context, OidcError};

const REQUEST_TOKEN: &str = "https://api.twitter.com/oauth/request_token";
const AUTHENTICATE: &str = "https://api.twitter.com/oauth/authenticate";
const ACCESS_TOKEN: &str = "https://api.twitter.com/oauth/access_token";
const CREDENTIALS: &str = "https://api.twitter.com/1.1/account/verify_credentials.json";

const CLAIMS: &[(&str, &str)] = &[
    ("sub", "/id_str"),
    ("name", "/name"),
    ("preferred_username", "/screen_name"),
    ("picture", "/profile_image_url_https"),
    ("website", "/url"),
    ("email", "/email"),
];

/// What X gives before somebody goes there. The secret has to be kept until they come back.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestToken {
    token: String,
    secret: String,
}

impl std::fmt::Debug for RequestToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RequestToken(…)")
    }
}

/// Gets a request token and the address at which somebody consents to its use.
pub(crate) async fn start(
    fetch: &dyn Fetch,
    provider: &OidcProvider,
    (start, now): (&Start<'_>, Timestamp),
) -> Result<Started, OidcError> {
    let mut back = Url::parse(start.redirect_uri)
        .map_err(|_| OidcError::Address(start.redirect_uri.to_owned()))?;
    back.query_pairs_mut().append_pair("state", start.state);
    let signer = signer(provider, None, (start.verifier, now))?;
    let callback = [("oauth_callback", back.as_str())];
    let answer = ask(fetch, REQUEST_TOKEN, &signer, &callback).await?;
    // Before 1.0a anybody could send the browser back to anywhere.
    if member(&answer, "oauth_callback_confirmed").as_deref() != Some("true") {
        return Err(OidcError::Missing("a confirmed callback"));
    }
    let token = pair(&answer)?;
    let mut url = address(AUTHENTICATE)?;
    url.query_pairs_mut()
        .append_pair("oauth_token", &token.token);
    if start.confirm {
        url.query_pairs_mut().append_pair("force_login", "true");
    }
    Ok(Started {
        url: url.into(),
        proof_key: false,
        request_token: Some(token),
    })
}

/// Who somebody is that has consented.
pub(crate) async fn redeem(
    fetch: &dyn Fetch,
    provider: &OidcProvider,
    (code, now): (&Code<'_>, Timestamp),
) -> Result<Identified, OidcError> {
    let token = code
        .request_token
        .ok_or(OidcError::Missing("a request token"))?;
    let seed = code.nonce.unwrap_or_default();
    let request = signer(provider, Some((&token.token, &token.secret)), (seed, now))?;
    let answer = ask(
        fetch,
        ACCESS_TOKEN,
        &request,
        &[("oauth_verifier", code.code)],
    )
    .await?;
    let access = pair(&answer)?;
    let mut url = address(CREDENTIALS)?;
    if provider.scope.iter().any(|scope| scope == "email") {
        url.query_pairs_mut().append_pair("include_email", "true");
    }
    // Two requests of the same second must not have the same nonce.
    let again: String = seed.chars().rev().collect();
    let signer = signer(
        provider,
        Some((&access.token, &access.secret)),
        (&again, now),
    )?;
    let request = Request::get(url.as_str())
        .header(ACCEPT, "application/json")
        .header(AUTHORIZATION, signer.header("GET", &url, &[]))
        .body(Vec::new());
    let request = request.map_err(|_| OidcError::Address(url.to_string()))?;
    let document = fetch::json(fetch, request, "user info endpoint").await?;
    Ok(Identified {
        claims: claims_of(document, CLAIMS, url.as_str())?,
        tokens: Tokens {
            access_token: Some(access.token),
            ..Tokens::default()
        },
        context: Context::default(),
    })
}

fn signer<'a>(
    provider: &'a OidcProvider,
    token: Option<(&'a str, &'a str)>,
    (nonce, now): (&'a str, Timestamp),
) -> Result<Signer<'a>, OidcError> {
    let secret = provider.client_secret.as_ref();
    let secret = secret.ok_or(OidcError::Lacks("client_secret"))?;
    Ok(Signer {
        client: (&provider.client_id, secret.expose()),
        token,
        now,
        nonce,
    })
}

fn address(url: &str) -> Result<Url, OidcError> {
    Url::parse(url).map_err(|_| OidcError::Address(url.to_owned()))
}

/// Sends a signed request for a token; the answer is a form.
async fn ask(
    fetch: &dyn Fetch,
    url: &str,
    signer: &Signer<'_>,
    extra: &[(&str, &str)],
) -> Result<Vec<u8>, OidcError> {
    let header = signer.header("POST", &address(url)?, extra);
    let request = Request::post(url)
        .header(AUTHORIZATION, header)
        .body(Vec::new());
    let request = request.map_err(|_| OidcError::Address(url.to_owned()))?;
    let what = "token endpoint";
    let answer = fetch
        .send(request)
        .await
        .map_err(|cause| OidcError::Unreachable { what, cause })?;
    match answer.status() {
        status if status.is_success() => Ok(answer.into_body()),
        status => Err(OidcError::Status {
            what,
            status: status.as_u16(),
        }),
    }
}

/// Something in an answer, if it isn't empty.
fn member(answer: &[u8], wanted: &str) -> Option<String> {
    let mut form = form_urlencoded::parse(answer);
    let found = form.find(|(name, value)| name == wanted && !value.is_empty());
    found.map(|(_, value)| value.into_owned())
}

/// A token and its secret.
fn pair(answer: &[u8]) -> Result<RequestToken, OidcError> {
    let token = member(answer, "oauth_token");
    let secret = member(answer, "oauth_token_secret");
    Ok(RequestToken {
        token: token.ok_or(OidcError::Missing("a token"))?,
        secret: secret.ok_or(OidcError::Missing("the secret of a token"))?,
    })
}

impl RequestToken {
    /// Whether it is the one that somebody has brought back.
    #[must_use]
    pub fn is(&self, token: &str) -> bool {
        self.token == token
    }
}
