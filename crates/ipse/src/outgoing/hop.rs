//! One step on the way of a request: the request itself, or what a redirect makes of it.

use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, LOCATION,
    PROXY_AUTHORIZATION, TRANSFER_ENCODING,
};
use http::{HeaderMap, Method, Request, StatusCode};
use ipse_core::outgoing::OutgoingError;
use url::Url;

/// A request, and where it goes.
#[derive(Clone, Debug)]
pub(super) struct Hop {
    url: Url,
    method: Method,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Hop {
    /// The first step.
    pub(super) fn first(request: Request<Vec<u8>>) -> Result<Self, OutgoingError> {
        let (parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string());
        Ok(Self {
            url: url.map_err(|error| OutgoingError::Failed(error.to_string()))?,
            method: parts.method,
            headers: parts.headers,
            body,
        })
    }

    /// Where it goes.
    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// The request of this step.
    pub(super) fn request(&self) -> Result<Request<Vec<u8>>, OutgoingError> {
        let request = Request::builder()
            .method(&self.method)
            .uri(self.url.as_str())
            .body(self.body.clone());
        let mut request = request.map_err(|error| OutgoingError::Failed(error.to_string()))?;
        request.headers_mut().clone_from(&self.headers);
        Ok(request)
    }

    /// The next step, if the answer is a redirect. What only the first server may know stays behind when another one is
    /// next: credentials, and every header that was marked as a secret.
    pub(super) fn next(
        &self,
        status: StatusCode,
        answer: &HeaderMap,
    ) -> Result<Option<Self>, OutgoingError> {
        let keeps_method = match status.as_u16() {
            307 | 308 => true,
            301..=303 => matches!(self.method, Method::GET | Method::HEAD),
            _ => return Ok(None),
        };
        let Some(location) = answer.get(LOCATION) else {
            return Ok(None);
        };
        let location = location.to_str().ok();
        let url = location.and_then(|location| self.url.join(location).ok());
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
        let Some(url) = url else {
            let text = "the redirect leads to no address on the web";
            return Err(OutgoingError::Failed(text.to_owned()));
        };
        let mut next = self.clone();
        if !keeps_method {
            next.method = Method::GET;
            next.body.clear();
            for name in [
                CONTENT_TYPE,
                CONTENT_LENGTH,
                CONTENT_ENCODING,
                TRANSFER_ENCODING,
            ] {
                next.headers.remove(name);
            }
        }
        if !is_same_server(&self.url, &url) {
            forget_secrets(&mut next.headers);
        }
        next.url = url;
        Ok(Some(next))
    }
}

/// Whether both addresses are of one server, which may ask for TLS by the way.
fn is_same_server(from: &Url, to: &Url) -> bool {
    let ports = (from.port_or_known_default(), to.port_or_known_default());
    let upgraded = from.scheme() == "http" && to.scheme() == "https";
    let same_port = from.scheme() == to.scheme() && ports.0 == ports.1;
    from.host() == to.host() && (same_port || upgraded && ports == (Some(80), Some(443)))
}

fn forget_secrets(headers: &mut HeaderMap) {
    let named = [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE];
    let secret: Vec<_> = headers
        .iter()
        .filter(|(name, value)| {
            named.contains(name) || value.is_sensitive() && **name != CONTENT_TYPE
        })
        .map(|(name, _)| name.clone())
        .collect();
    for name in secret {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn hop(method: &str, url: &str) -> Hop {
        let mut secret = HeaderValue::from_static("swordfish");
        secret.set_sensitive(true);
        let request = Request::builder()
            .method(method)
            .uri(url)
            .header("authorization", "Bearer x")
            .header("x-key", secret)
            .header("x-source", "accounts")
            .header("content-type", "application/json")
            .body(b"{}".to_vec());
        Hop::first(request.unwrap()).unwrap()
    }

    fn redirected(hop: &Hop, status: u16, location: &str) -> Result<Option<Hop>, OutgoingError> {
        let mut answer = HeaderMap::new();
        answer.insert(LOCATION, location.parse().unwrap());
        hop.next(status.try_into().unwrap(), &answer)
    }

    fn names(hop: &Hop) -> Vec<&str> {
        let mut names: Vec<_> = hop.headers.keys().map(http::HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn only_redirects_lead_on() {
        let hop = hop("POST", "https://a.example/x");
        for status in [200, 300, 304, 400] {
            assert!(redirected(&hop, status, "/y").unwrap().is_none());
        }
        let found = StatusCode::FOUND;
        assert!(hop.next(found, &HeaderMap::new()).unwrap().is_none());
    }

    #[test]
    fn a_redirect_of_a_submission_is_fetched_unless_it_is_to_be_repeated() {
        let hop = hop("POST", "https://a.example/x");
        for status in [301, 302, 303] {
            let next = redirected(&hop, status, "/y?z").unwrap().unwrap();
            assert_eq!(
                (next.method, next.url.as_str()),
                (Method::GET, "https://a.example/y?z")
            );
            assert!(next.body.is_empty() && !next.headers.contains_key("content-type"));
        }
        for status in [307, 308] {
            let next = redirected(&hop, status, "y").unwrap().unwrap();
            assert_eq!((next.method, next.body), (Method::POST, b"{}".to_vec()));
        }
    }

    #[test]
    fn another_server_learns_no_secrets() {
        let all = ["authorization", "content-type", "x-key", "x-source"];
        let plain = ["content-type", "x-source"];
        let hop = hop("POST", "http://a.example/x");
        for (location, kept) in [
            ("/y", true),
            ("https://a.example/x", true),
            ("https://b.example/", false),
            ("//b.a.example/", false),
            ("http://a.example:8080/", false),
            ("https://a.example:8443/", false),
        ] {
            let next = redirected(&hop, 307, location).unwrap().unwrap();
            let expected = if kept { &all[..] } else { &plain[..] };
            assert_eq!(names(&next), expected, "{location}");
        }
        let hop = super::tests::hop("POST", "https://a.example/x");
        let next = redirected(&hop, 307, "http://a.example/x")
            .unwrap()
            .unwrap();
        assert_eq!(names(&next), plain, "neither does whoever listens");
    }

    #[test]
    fn nothing_but_the_web_is_an_address() {
        let hop = hop("GET", "https://a.example/x");
        for location in [
            "file:///etc/passwd",
            "ftp://a.example/",
            "http://",
            "data:,x",
        ] {
            assert!(redirected(&hop, 302, location).is_err(), "{location}");
        }
    }
}
