//! The three cookies: anti-CSRF secret, session and continuity. The last two are sealed: nobody else can make or read them.

use std::fmt::Write as _;

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use ipse_config::{Config, SameSite};
use ipse_core::csrf::CsrfSecret;
use ipse_core::cx::{Changes, SessionCookie};
use ipse_core::{Presented, Snapshot};
use ipse_model::{Random, Timestamp};
use sha2::{Digest, Sha256};

const CSRF_MAX_AGE: i64 = 365 * 24 * 3600;
const CONTINUITY_NAME: &str = "ory_kratos_continuity";
const CONTINUITY_MAX_AGE: i64 = 30 * 24 * 3600;
const CONTINUITY_PURPOSE: &str = "cookie: continuity";
const SESSION_PURPOSE: &str = "cookie: session";

/// The name of the anti-CSRF cookie. Several servers below one host don't take each other's.
fn csrf_name(snapshot: &Snapshot) -> String {
    let digest = Sha256::digest(snapshot.public_base_url.as_bytes());
    let mut name = String::with_capacity("csrf_token_".len() + 64);
    name.push_str("csrf_token_");
    for byte in digest {
        write!(name, "{byte:02x}").expect("a string takes everything");
    }
    name
}

/// The values of all cookies of that name. Browsers send several when their paths or domains differ.
fn values<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(move |(key, _)| *key == name)
        .map(|(_, value)| value.trim_matches('"'))
}

/// The anti-CSRF secret that came.
pub(crate) fn csrf(snapshot: &Snapshot, headers: &HeaderMap) -> Option<CsrfSecret> {
    if !headers.contains_key(COOKIE) {
        return None;
    }
    values(headers, &csrf_name(snapshot)).find_map(CsrfSecret::from_cookie)
}

/// The session token in the session cookie, if that was made here.
pub(crate) fn session(snapshot: &Snapshot, headers: &HeaderMap) -> Option<Presented> {
    values(headers, &snapshot.config.session.cookie.name)
        .find_map(|value| snapshot.cookie_cipher.open_text(SESSION_PURPOSE, value))
        .map(|secret| Presented {
            secret,
            from_cookie: true,
        })
}

/// The id of a paused submission in the continuity cookie, if that was made here.
pub(crate) fn continuity(snapshot: &Snapshot, headers: &HeaderMap) -> Option<String> {
    values(headers, CONTINUITY_NAME)
        .find_map(|value| snapshot.cookie_cipher.open_text(CONTINUITY_PURPOSE, value))
}

/// The session cookie as a client would send it back.
#[must_use]
pub fn sealed_session(snapshot: &Snapshot, random: &Random, token: &str) -> String {
    snapshot.cookie_cipher.seal(random, SESSION_PURPOSE, token)
}

/// Adds the `Set-Cookie` headers for everything that is to change.
pub(crate) fn write(
    headers: &mut HeaderMap,
    changes: &Changes,
    snapshot: &Snapshot,
    (random, now): (&Random, Timestamp),
) {
    let config = &snapshot.config;
    if let Some(change) = &changes.session {
        append(headers, &session_cookie(change, snapshot, (random, now)));
    }
    if let Some(secret) = changes.csrf {
        append(headers, &csrf_cookie(snapshot, secret));
    }
    // A submission can be taken up only once, so that the cookie of one that was needs no removal.
    // An id that was taken up is replaced by none, under the same name and lifetime.
    if let Some(id) = changes.continuity.as_deref() {
        let value = snapshot.cookie_cipher.seal(random, CONTINUITY_PURPOSE, id);
        let lifetime = Lifetime::Until {
            seconds: CONTINUITY_MAX_AGE,
            now,
        };
        append(
            headers,
            &cookie(CONTINUITY_NAME, &value, lifetime, &Scope::general(config)),
        );
    }
}

/// The anti-CSRF cookie.
pub(crate) fn csrf_cookie(snapshot: &Snapshot, secret: CsrfSecret) -> String {
    let scope = Scope::general(&snapshot.config);
    cookie(
        &csrf_name(snapshot),
        &secret.to_cookie(),
        Lifetime::For(CSRF_MAX_AGE),
        &scope,
    )
}

fn session_cookie(
    change: &SessionCookie,
    snapshot: &Snapshot,
    (random, now): (&Random, Timestamp),
) -> String {
    let config = &snapshot.config;
    let name = &config.session.cookie.name;
    let scope = Scope::session(config);
    match change {
        SessionCookie::Set { token, expires_at } => {
            let seconds = expires_at.duration_since(now).as_secs();
            let lifetime = if config.session.cookie.persistent {
                Lifetime::Until { seconds, now }
            } else {
                Lifetime::Browser
            };
            cookie(
                name,
                &sealed_session(snapshot, random, token),
                lifetime,
                &scope,
            )
        }
        SessionCookie::Clear => cookie(name, "", Lifetime::Over, &scope),
    }
}

/// How long a cookie lives.
#[derive(Clone, Copy)]
enum Lifetime {
    /// As long as the browser runs.
    Browser,
    /// So many seconds.
    For(i64),
    /// So many seconds, said in both ways for the sake of old browsers.
    Until { seconds: i64, now: Timestamp },
    /// It is removed.
    Over,
}

/// Who gets a cookie.
struct Scope<'a> {
    domain: Option<&'a str>,
    path: &'a str,
    same_site: SameSite,
    secure: bool,
}

impl<'a> Scope<'a> {
    fn general(config: &'a Config) -> Self {
        Self {
            domain: config.cookies.domain.as_deref(),
            path: &config.cookies.path,
            same_site: config.cookies.same_site,
            secure: config.cookies_secure(),
        }
    }

    fn session(config: &'a Config) -> Self {
        let own = &config.session.cookie;
        let general = Self::general(config);
        Self {
            domain: own.domain.as_deref().or(general.domain),
            path: own.path.as_deref().unwrap_or(general.path),
            same_site: own.same_site.unwrap_or(general.same_site),
            secure: config.session_cookie_secure(),
        }
    }
}

fn cookie(name: &str, value: &str, lifetime: Lifetime, scope: &Scope<'_>) -> String {
    let mut text = format!("{name}={value}; Path={}", scope.path);
    if let Some(domain) = scope.domain.filter(|domain| !domain.is_empty()) {
        text.push_str("; Domain=");
        text.push_str(domain);
    }
    match lifetime {
        Lifetime::Browser => {}
        Lifetime::For(seconds) => push_max_age(&mut text, seconds),
        Lifetime::Until { seconds, now } => {
            let end = now + jiff::SignedDuration::from_secs(seconds);
            text.push_str("; Expires=");
            text.push_str(&end.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
            push_max_age(&mut text, seconds);
        }
        Lifetime::Over => text.push_str("; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0"),
    }
    text.push_str("; HttpOnly");
    if scope.secure {
        text.push_str("; Secure");
    }
    text.push_str(match scope.same_site {
        SameSite::Strict => "; SameSite=Strict",
        SameSite::Lax => "; SameSite=Lax",
        // Browsers drop such cookies unless they are secure.
        SameSite::None if scope.secure => "; SameSite=None",
        SameSite::None => "; SameSite=Lax",
    });
    text
}

fn push_max_age(text: &mut String, seconds: i64) {
    write!(text, "; Max-Age={}", seconds.max(1)).expect("a string takes everything");
}

/// Adds a cookie. One with bytes that no header can carry would come from a broken configuration; it is left out.
pub(crate) fn append(headers: &mut HeaderMap, cookie: &str) {
    match HeaderValue::from_str(cookie) {
        Ok(value) => {
            headers.append(SET_COOKIE, value);
        }
        Err(_) => {
            tracing::error!("a cookie's name, path or domain has characters no header can carry");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scope() -> Scope<'static> {
        Scope {
            domain: None,
            path: "/",
            same_site: SameSite::Lax,
            secure: false,
        }
    }

    fn sent(header: &str) -> HeaderMap {
        HeaderMap::from_iter([(COOKIE, header.parse().unwrap())])
    }

    #[test]
    fn all_cookies_of_a_name_are_found() {
        let headers = sent("a=1; b=2;a=\"3\"; c; =4; aa=5");
        assert_eq!(values(&headers, "a").collect::<Vec<_>>(), ["1", "3"]);
        assert_eq!(values(&headers, "x").count(), 0);
    }

    #[test]
    fn cookies_say_how_long_they_live_and_who_gets_them() {
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let day = Lifetime::Until {
            seconds: 86_400,
            now,
        };
        assert_eq!(
            cookie("s", "v", day, &scope()),
            "s=v; Path=/; Expires=Sat, 03 Jan 2026 03:04:05 GMT; Max-Age=86400; HttpOnly; SameSite=Lax"
        );
        let narrow = Scope {
            domain: Some("example.org"),
            path: "/auth",
            same_site: SameSite::Strict,
            secure: true,
        };
        assert_eq!(
            cookie("s", "v", Lifetime::Browser, &narrow),
            "s=v; Path=/auth; Domain=example.org; HttpOnly; Secure; SameSite=Strict"
        );
        assert!(cookie("s", "", Lifetime::Over, &scope()).contains("Max-Age=0"));
    }

    #[test]
    fn same_site_none_needs_a_secure_cookie() {
        let mut scope = Scope {
            same_site: SameSite::None,
            ..scope()
        };
        assert!(cookie("s", "v", Lifetime::Browser, &scope).ends_with("SameSite=Lax"));
        scope.secure = true;
        assert!(cookie("s", "v", Lifetime::Browser, &scope).ends_with("SameSite=None"));
    }

    proptest! {
        #[test]
        fn nothing_in_a_cookie_header_makes_reading_panic(header in "[ -~]{0,80}") {
            let headers = sent(&header);
            let _ = values(&headers, "a").count();
        }

        #[test]
        fn what_was_set_is_read_back(value in "[A-Za-z0-9+/=_-]{0,60}", before in "[a-z]{1,5}=[a-z]{0,5}") {
            let set = cookie("name", &value, Lifetime::Browser, &scope());
            let pair = set.split(';').next().unwrap();
            let headers = sent(&format!("{before}; {pair}"));
            prop_assert_eq!(values(&headers, "name").collect::<Vec<_>>(), vec![value.as_str()]);
        }
    }
}
