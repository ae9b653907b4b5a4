//! Which other sites may call the API from a browser (CORS).
//!
//! A request that isn't allowed is answered all the same, only without the headers that would let the site see the answer.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use ipse_config::Cors;

/// Whether the browser only asks whether it may send a request.
pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    let asks = headers
        .get(ACCESS_CONTROL_REQUEST_METHOD)
        .is_some_and(|value| !value.is_empty());
    *method == Method::OPTIONS && asks
}

/// The headers of the answer to a preflight request.
pub(crate) fn preflight(cors: &Cors, request: &HeaderMap) -> HeaderMap {
    let mut answer = HeaderMap::new();
    for name in [
        "Origin",
        "Access-Control-Request-Method",
        "Access-Control-Request-Headers",
    ] {
        answer.append(VARY, HeaderValue::from_static(name));
    }
    let wanted = request.get(ACCESS_CONTROL_REQUEST_HEADERS);
    let (Some(origin), Some(method)) = (
        request.get(ORIGIN),
        request.get(ACCESS_CONTROL_REQUEST_METHOD),
    ) else {
        return answer;
    };
    if !allows_origin(cors, origin) || !allows_method(cors, method) || !allows_headers(cors, wanted)
    {
        return answer;
    }
    answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, shown_origin(cors, origin));
    answer.insert(ACCESS_CONTROL_ALLOW_METHODS, method.clone());
    if let Some(wanted) = wanted.filter(|wanted| !wanted.is_empty()) {
        answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    if cors.allow_credentials {
        answer.insert(
            ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
    }
    if cors.max_age > 0 {
        answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from(cors.max_age));
    }
    answer
}

/// Adds to an answer what lets the site see it.
pub(crate) fn grant(cors: &Cors, request: (&Method, Option<&HeaderValue>), answer: &mut HeaderMap) {
    answer.append(VARY, HeaderValue::from_static("Origin"));
    let (method, Some(origin)) = request else {
        return;
    };
    if !allows_origin(cors, origin) || !lists_method(cors, method.as_str()) {
        return;
    }
    answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, shown_origin(cors, origin));
    if let Some(exposed) = exposed(cors) {
        answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
    if cors.allow_credentials {
        answer.insert(
            ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
    }
}

fn allows_origin(cors: &Cors, origin: &HeaderValue) -> bool {
    let Ok(origin) = origin.to_str() else {
        return false;
    };
    !origin.is_empty()
        && cors
            .allowed_origins
            .iter()
            .any(|pattern| matches(pattern, origin))
}

/// Whether an origin fits a pattern with at most one `*`, whatever the case.
fn matches(pattern: &str, origin: &str) -> bool {
    let Some((start, end)) = pattern.split_once('*') else {
        return pattern.eq_ignore_ascii_case(origin);
    };
    let (origin, wide_enough) = (origin.as_bytes(), origin.len() >= start.len() + end.len());
    wide_enough
        && origin[..start.len()].eq_ignore_ascii_case(start.as_bytes())
        && origin[origin.len() - end.len()..].eq_ignore_ascii_case(end.as_bytes())
}

/// Browsers refuse `*` together with credentials, and an answer that names the origin never says too much.
fn shown_origin(cors: &Cors, origin: &HeaderValue) -> HeaderValue {
    let anybody = cors.allowed_origins.iter().any(|pattern| pattern == "*");
    if anybody && !cors.allow_credentials {
        HeaderValue::from_static("*")
    } else {
        origin.clone()
    }
}

fn allows_method(cors: &Cors, method: &HeaderValue) -> bool {
    method
        .to_str()
        .is_ok_and(|method| lists_method(cors, method))
}

fn lists_method(cors: &Cors, method: &str) -> bool {
    method == "OPTIONS"
        || cors
            .allowed_methods
            .iter()
            .any(|allowed| allowed.as_str() == method)
}

fn allows_headers(cors: &Cors, wanted: Option<&HeaderValue>) -> bool {
    let Some(wanted) = wanted else { return true };
    let Ok(wanted) = wanted.to_str() else {
        return false;
    };
    let allowed = |name: &str| {
        cors.allowed_headers
            .iter()
            .any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(name))
    };
    wanted
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .all(allowed)
}

fn exposed(cors: &Cors) -> Option<HeaderValue> {
    let names = cors
        .exposed_headers
        .iter()
        .filter(|name| HeaderName::try_from(*name).is_ok());
    let names: Vec<_> = names.map(String::as_str).collect();
    if names.is_empty() {
        None
    } else {
        HeaderValue::try_from(names.join(", ")).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors() -> Cors {
        Cors {
            enabled: true,
            allowed_origins: vec![
                "https://app.example.org".to_owned(),
                "https://*.wild.example.org".to_owned(),
            ],
            max_age: 60,
            ..Cors::default()
        }
    }

    fn ask(cors: &Cors, origin: &str, method: &str, headers: &str) -> HeaderMap {
        let mut request = HeaderMap::new();
        request.insert(ORIGIN, origin.parse().unwrap());
        request.insert(ACCESS_CONTROL_REQUEST_METHOD, method.parse().unwrap());
        if !headers.is_empty() {
            request.insert(ACCESS_CONTROL_REQUEST_HEADERS, headers.parse().unwrap());
        }
        assert!(is_preflight(&Method::OPTIONS, &request));
        preflight(cors, &request)
    }

    #[test]
    fn origins_are_matched_whole_and_without_case() {
        assert!(matches(
            "https://app.example.org",
            "https://APP.example.org"
        ));
        assert!(matches(
            "https://*.wild.example.org",
            "https://one.wild.example.org"
        ));
        assert!(!matches(
            "https://*.wild.example.org",
            "https://wild.example.org"
        ));
        assert!(!matches(
            "https://app.example.org",
            "https://app.example.org.evil.com"
        ));
        assert!(matches("*", "null"));
        assert!(!matches("https://aa*aa", "https://aaa"));
    }

    #[test]
    fn a_preflight_is_told_what_it_asked_for() {
        let answer = ask(
            &cors(),
            "https://app.example.org",
            "PUT",
            "content-type,x-session-token",
        );
        assert_eq!(
            answer[ACCESS_CONTROL_ALLOW_ORIGIN],
            "https://app.example.org"
        );
        assert_eq!(answer[ACCESS_CONTROL_ALLOW_METHODS], "PUT");
        assert_eq!(
            answer[ACCESS_CONTROL_ALLOW_HEADERS],
            "content-type,x-session-token"
        );
        assert_eq!(answer[ACCESS_CONTROL_ALLOW_CREDENTIALS], "true");
        assert_eq!(answer[ACCESS_CONTROL_MAX_AGE], "60");
        assert_eq!(answer.get_all(VARY).iter().count(), 3);
    }

    #[test]
    fn a_preflight_that_fails_is_told_nothing() {
        for (origin, method, headers) in [
            ("https://evil.example.com", "POST", ""),
            ("http://app.example.org", "POST", ""),
            ("null", "POST", ""),
            ("https://app.example.org", "TRACE", ""),
            ("https://app.example.org", "POST", "x-evil"),
        ] {
            let answer = ask(&cors(), origin, method, headers);
            assert_eq!(
                answer.keys_len(),
                1,
                "{origin} {method} {headers}: only Vary"
            );
        }
    }

    #[test]
    fn answers_are_opened_to_allowed_origins_only() {
        let origin = HeaderValue::from_static("https://app.example.org");
        let mut answer = HeaderMap::new();
        grant(&cors(), (&Method::GET, Some(&origin)), &mut answer);
        assert_eq!(
            answer[ACCESS_CONTROL_ALLOW_ORIGIN],
            "https://app.example.org"
        );
        assert_eq!(answer[ACCESS_CONTROL_EXPOSE_HEADERS], "Content-Type");
        let mut answer = HeaderMap::new();
        grant(
            &cors(),
            (&Method::GET, Some(&HeaderValue::from_static("https://x"))),
            &mut answer,
        );
        grant(&cors(), (&Method::HEAD, Some(&origin)), &mut answer);
        assert_eq!(answer.keys_len(), 1);
    }

    #[test]
    fn a_star_is_shown_only_without_credentials() {
        let origin = HeaderValue::from_static("https://x.org");
        let mut anybody = Cors {
            allowed_origins: vec!["*".to_owned()],
            ..cors()
        };
        assert_eq!(shown_origin(&anybody, &origin), "https://x.org");
        anybody.allow_credentials = false;
        assert_eq!(shown_origin(&anybody, &origin), "*");
    }
}
