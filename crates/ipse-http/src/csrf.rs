//! Refuses forged requests before they are routed.
//!
//! Where a request is checked by its flow, or can't be forged because it needs a token no browser sends by itself, the
//! path is exempt. Everything else that changes something has to carry the token that belongs to the cookie, even
//! where there is nothing to change.

use http::{HeaderMap, Method};
use ipse_core::csrf::CsrfSecret;
use ipse_core::error::ApiError;
use ipse_core::flow::origin;
use percent_encoding::percent_decode_str;

const FLOWS: [&str; 5] = [
    "login",
    "registration",
    "settings",
    "verification",
    "recovery",
];

/// Whether requests of this path pass unchecked and get no anti-CSRF cookie unless a flow sets one.
pub(crate) fn is_exempt(path: &str) -> bool {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let segments: Vec<&str> = decoded.trim_start_matches('/').split('/').collect();
    match segments.as_slice() {
        ["self-service", flow] | ["self-service", flow, "api"] if FLOWS.contains(flow) => true,
        ["self-service", "logout", "api"]
        | ["self-service", "methods", "oidc", "callback"]
        | ["self-service", "methods", "oidc", "callback", _]
        | ["self-service", "fed-cm", "parameters" | "token"] => true,
        ["sessions"] | ["sessions", _] => true,
        ["schemas", _] | ["admin", "schemas", _] => true,
        ["recovery", "code" | "link"] => true,
        ["health", ..] | ["ui", ..] | ["dev", ..] | [".well-known", "ory", _] => true,
        ["admin", rest @ ..] | rest => is_exempt_redirect(rest),
    }
}

/// The admin API's paths, which the public port only redirects.
fn is_exempt_redirect(segments: &[&str]) -> bool {
    matches!(
        segments,
        ["identities"]
            | ["identities", _]
            | ["identities", _, "sessions"]
            | ["identities", _, "credentials", _]
            | ["courier", "messages"]
            | ["courier", "messages", _]
    )
}

/// Whether a request with this method changes something.
pub(crate) fn changes_something(method: &Method) -> bool {
    !matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE
    )
}

/// Checks that the token in the header or the form belongs to the cookie.
///
/// # Errors
/// 403 `security_csrf_violation`.
pub(crate) fn check(
    headers: &HeaderMap,
    cookie: Option<CsrfSecret>,
    form_token: Option<&str>,
) -> Result<(), ApiError> {
    let header = headers
        .get("x-csrf-token")
        .and_then(|value| value.to_str().ok());
    let verified = cookie.is_some_and(|secret| {
        header
            .or(form_token)
            .is_some_and(|token| secret.verifies(token))
    });
    if verified {
        Ok(())
    } else {
        Err(origin::violation())
    }
}

#[cfg(test)]
mod tests {
    use ipse_model::Random;

    use super::*;

    #[test]
    fn submissions_and_native_clients_are_checked_elsewhere() {
        for path in [
            "/self-service/login",
            "/self-service/settings",
            "/self-service/registration/api",
            "/self-service/logout/api",
            "/self-service/methods/oidc/callback/acme",
            "/sessions",
            "/sessions/whoami",
            "/schemas/default",
            "/schemas/",
            "/admin/schemas/default",
            "/identities",
            "/admin/identities/x",
            "/admin/identities/x/credentials/totp",
            "/admin/courier/messages",
            "/courier/messages",
            "/recovery/link",
            "/health/alive",
        ] {
            assert!(is_exempt(path), "{path}");
        }
    }

    #[test]
    fn everything_else_is_checked() {
        for path in [
            "/",
            "/nothing/here",
            "/self-service/login/browser",
            "/self-service/login/flows",
            "/self-service/logout",
            "/self-service/logout/browser",
            "/self-service/errors",
            "/self-service/nothing",
            "/schemas",
            "/schemas/with%2Fslash",
            "/admin/schemas",
            "/admin/recovery/code",
            "/admin/sessions",
            "/admin/identities/by/external/x",
            "/admin/nothing",
            "/.well-known/change-password",
        ] {
            assert!(!is_exempt(path), "{path}");
        }
    }

    #[test]
    fn a_token_in_header_or_form_opens_the_way() {
        let random = Random::seeded(1);
        let secret = CsrfSecret::generate(&random);
        let token = secret.mask(&random);
        let none = HeaderMap::new();
        let mut with = HeaderMap::new();
        with.insert("x-csrf-token", token.parse().unwrap());
        assert!(check(&with, Some(secret), None).is_ok());
        assert!(check(&none, Some(secret), Some(&token)).is_ok());
        assert!(check(&none, Some(secret), Some("wrong")).is_err());
        assert!(check(&none, Some(secret), None).is_err());
        assert!(check(&with, None, None).is_err());
    }
}
