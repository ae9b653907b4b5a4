//! Where session tokens come from.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use ipse_core::{Presented, Snapshot};

use crate::cookies;

/// The session token of a request. Native clients send it in a header; those who do mean it, so that a cookie doesn't
/// count beside it.
pub(crate) fn session(snapshot: &Snapshot, headers: &HeaderMap) -> Option<Presented> {
    in_header(headers)
        .map(|secret| Presented {
            secret: secret.to_owned(),
            from_cookie: false,
        })
        .or_else(|| cookies::session(snapshot, headers))
}

fn in_header(headers: &HeaderMap) -> Option<&str> {
    let own = headers
        .get("x-session-token")
        .and_then(|value| value.to_str().ok());
    own.map(str::trim)
        .filter(|token| !token.is_empty())
        .or_else(|| bearer(headers))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&'static str, &str)]) -> Option<String> {
        let headers = pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()));
        in_header(&HeaderMap::from_iter(headers)).map(str::to_owned)
    }

    #[test]
    fn a_token_comes_in_one_of_two_headers() {
        assert_eq!(
            read(&[("x-session-token", " abc ")]).as_deref(),
            Some("abc")
        );
        for scheme in ["Bearer", "bearer", "BEARER"] {
            assert_eq!(
                read(&[("authorization", &format!("{scheme} abc"))]).as_deref(),
                Some("abc")
            );
        }
        let both = [("authorization", "Bearer b"), ("x-session-token", "a")];
        assert_eq!(read(&both).as_deref(), Some("a"));
    }

    #[test]
    fn other_schemes_and_empty_values_carry_none() {
        for value in ["Basic abc", "Bearer", "Bearer ", "abc", ""] {
            assert_eq!(read(&[("authorization", value)]), None, "{value}");
        }
        assert_eq!(
            read(&[("x-session-token", ""), ("authorization", "Bearer b")]).as_deref(),
            Some("b")
        );
    }
}
