//! Where a browser may be sent when a flow is over. The list of allowed addresses is what stands between a login page and
//! an open redirect, so addresses are compared as parsed and normalised (WHATWG URL), never as text.

use url::Url;

use crate::cx::Cx;
use crate::error::ApiError;

/// The `return_to` of a request.
#[must_use]
pub fn asked(cx: &Cx) -> Option<&str> {
    cx.request.query("return_to").filter(|to| !to.is_empty())
}

/// Checks where a flow that starts is to lead.
///
/// # Errors
/// 400 `self_service_flow_return_to_forbidden` when it leads somewhere that isn't allowed.
pub fn check(cx: &Cx, return_to: Option<&str>) -> Result<(), ApiError> {
    match return_to {
        Some(to) => resolve(cx, to).map(drop),
        None => Ok(()),
    }
}

/// The absolute, allowed address that `to` means.
///
/// # Errors
/// 400 `self_service_flow_return_to_forbidden` when it leads somewhere that isn't allowed.
pub fn resolve(cx: &Cx, to: &str) -> Result<String, ApiError> {
    let base = default_address(cx);
    let allowed = &cx.config().selfservice.allowed_return_urls;
    let own = [cx.snapshot.public_base_url.as_str()];
    let patterns = allowed.iter().map(AsRef::as_ref).chain(own);
    match Url::parse(&base)
        .ok()
        .and_then(|base| permitted(to, &base, patterns))
    {
        Some(url) => Ok(url.into()),
        None => Err(forbidden(to)),
    }
}

/// Where a browser goes when nobody says anything else.
#[must_use]
pub fn default_address(cx: &Cx) -> String {
    let configured = cx.config().selfservice.default_browser_return_url.as_ref();
    configured.map_or_else(|| cx.public_url(""), ToString::to_string)
}

/// Where a browser goes after a flow: the flow's `return_to`, else the most specific address of the configuration.
///
/// # Errors
/// When the flow's `return_to` isn't allowed any more.
pub fn after(
    cx: &Cx,
    return_to: Option<&str>,
    configured: &[Option<&Url>],
) -> Result<String, ApiError> {
    if let Some(to) = return_to {
        return resolve(cx, to);
    }
    let configured = configured.iter().flatten().next();
    Ok(configured.map_or_else(|| default_address(cx), ToString::to_string))
}

fn forbidden(to: &str) -> ApiError {
    ApiError::bad_request(format!("Requested return_to URL \"{to}\" is not allowed."))
        .id("self_service_flow_return_to_forbidden")
}

/// The address that `to` means, if one of the patterns permits it.
fn permitted<'a>(to: &str, base: &Url, patterns: impl Iterator<Item = &'a str>) -> Option<Url> {
    // Browsers drop these; a parser that drops them too would compare something else than what was logged and shown.
    if to.contains(['\t', '\n', '\r']) {
        return None;
    }
    let url = base.join(to).ok()?;
    // `https:/x` is a path here, and a host on a page that is served over plain HTTP: whoever follows it has to get to the
    // same place.
    if Url::parse(to).is_ok_and(|elsewhere| elsewhere != url) {
        return None;
    }
    if !matches!(url.scheme(), "http" | "https") && url.host_str().is_none() {
        return None;
    }
    if !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    let same_site = url.scheme() == base.scheme() && authority(&url) == authority(base);
    let relative = Url::parse(to).is_err();
    let mut patterns = patterns;
    ((relative && same_site) || patterns.any(|pattern| matches(pattern, &url))).then_some(url)
}

fn authority(url: &Url) -> (Option<&str>, Option<u16>) {
    (url.host_str(), url.port_or_known_default())
}

/// Whether `url` is at or below the address `pattern`, whose host may begin with `*.`.
fn matches(pattern: &str, url: &Url) -> bool {
    let (pattern, any_subdomain) = match pattern.split_once("://*.") {
        Some((scheme, rest)) => (format!("{scheme}://{rest}"), true),
        None => (pattern.to_owned(), false),
    };
    let Ok(pattern) = Url::parse(&pattern) else {
        return false;
    };
    let host = match (pattern.host_str(), url.host_str()) {
        (Some(pattern), Some(host)) if any_subdomain => host
            .strip_suffix(pattern)
            .is_some_and(|below| below.len() > 1 && below.ends_with('.')),
        (pattern, host) => pattern == host,
    };
    host && pattern.scheme() == url.scheme()
        && pattern.port_or_known_default() == url.port_or_known_default()
        && url.path().starts_with(pattern.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATTERNS: [&str; 4] = [
        "https://app.example.org/inside",
        "https://*.wild.example.org",
        "http://localhost:4455",
        "myapp://callback",
    ];

    fn goes_to(to: &str) -> Option<String> {
        let base = Url::parse("http://localhost:4455/").unwrap();
        permitted(to, &base, PATTERNS.into_iter()).map(String::from)
    }

    #[test]
    fn what_is_listed_is_allowed() {
        for to in [
            "https://app.example.org/inside",
            "https://app.example.org/inside/page?x=1#y",
            "https://one.wild.example.org/",
            "https://a.b.wild.example.org/x",
            "http://localhost:4455/any",
            "myapp://callback",
        ] {
            assert!(goes_to(to).is_some(), "{to}");
        }
    }

    #[test]
    fn case_default_port_and_punycode_make_no_difference() {
        assert!(goes_to("HTTPS://APP.Example.ORG:443/inside").is_some());
        assert!(
            goes_to("https://app.example.org./inside").is_none(),
            "a trailing dot is another host"
        );
        let base = Url::parse("http://localhost/").unwrap();
        let patterns = || ["https://bücher.example"].into_iter();
        assert!(permitted("https://xn--bcher-kva.example/", &base, patterns()).is_some());
    }

    #[test]
    fn a_relative_address_stays_on_the_site() {
        assert_eq!(
            goes_to("/relative").as_deref(),
            Some("http://localhost:4455/relative")
        );
        assert_eq!(
            goes_to("?a=b").as_deref(),
            Some("http://localhost:4455/?a=b")
        );
    }

    #[test]
    fn tricks_are_refused() {
        for to in [
            "https://evil.example.com/",
            "https://app.example.org/outside",
            "https://app.example.org/inside/../outside",
            "https://app.example.org:8443/inside",
            "http://app.example.org/inside",
            "https://app.example.org.evil.example.com/inside",
            "https://app.example.org@evil.example.com/inside",
            "https://user@app.example.org/inside",
            "https://wild.example.org/",
            "https://evilwild.example.org/",
            "//evil.example.com/",
            r"/\evil.example.com/",
            r"\\evil.example.com/",
            "https:/\\evil.example.com",
            "https:evil.example.com",
            "http:/evil.example.com",
            "http:evil.example.com",
            "/\t/evil.example.com",
            "javascript:alert(1)",
            "data:text/html,x",
        ] {
            assert_eq!(goes_to(to), None, "{to}");
        }
    }
}
