//! An answer, read whole.

use http::header::{LOCATION, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use url::Url;

/// An answer.
#[derive(Debug)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The body as JSON; null if it is something else.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as text.
    ///
    /// # Panics
    /// When it is no text.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is text")
    }

    /// A header as text; empty if there is none.
    ///
    /// # Panics
    /// When it is no text.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().expect("the header is text"))
    }

    /// Where the answer redirects to; empty if it doesn't.
    #[must_use]
    pub fn location(&self) -> &str {
        self.header(LOCATION.as_str())
    }

    /// A query parameter of where the answer redirects to.
    #[must_use]
    pub fn location_query(&self, name: &str) -> Option<String> {
        let url = Url::parse(self.location()).ok()?;
        url.query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The ids of all messages of a flow, on the form and on its nodes.
    #[must_use]
    pub fn message_ids(&self) -> Vec<u64> {
        let body = self.json();
        let nodes = body["ui"]["nodes"].as_array().cloned().unwrap_or_default();
        let of = |holder: &Value| holder["messages"].as_array().cloned().unwrap_or_default();
        let messages = of(&body["ui"]).into_iter().chain(nodes.iter().flat_map(of));
        messages
            .filter_map(|message| message["id"].as_u64())
            .collect()
    }

    /// The id by which programs know the error; empty if there is none.
    #[must_use]
    pub fn error_id(&self) -> String {
        self.json()["error"]["id"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// The `Set-Cookie` header of that cookie, if it is set or removed.
    ///
    /// # Panics
    /// When cookies aren't text.
    #[must_use]
    pub fn set_cookie(&self, name: &str) -> Option<&str> {
        let cookies = self.headers.get_all(SET_COOKIE).iter();
        let mut cookies = cookies.map(|cookie| cookie.to_str().expect("cookies are text"));
        cookies.find(|cookie| cookie.split('=').next() == Some(name))
    }
}
