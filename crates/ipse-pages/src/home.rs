//! The landing page of `ipse dev`: who is signed in, since when, and where to go from here.

use std::net::SocketAddr;

use askama::Template;
use serde::Deserialize;

use crate::flow::IdentityView;
use crate::site::{Site, safe_url};

/// A session in its public JSON form, as far as the page shows it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct SessionView {
    /// Its id.
    #[serde(default)]
    pub id: String,
    /// How well the person proved who they are: `aal1` or `aal2`.
    #[serde(default)]
    pub authenticator_assurance_level: String,
    /// When they did.
    #[serde(default)]
    pub authenticated_at: Option<String>,
    /// When it ends.
    #[serde(default)]
    pub expires_at: Option<String>,
    /// From where.
    #[serde(default)]
    pub devices: Vec<DeviceView>,
    /// Whose it is.
    #[serde(default)]
    pub identity: Option<IdentityView>,
}

/// A device that a session was used from.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct DeviceView {
    /// Its address.
    #[serde(default)]
    pub ip_address: Option<String>,
    /// What it calls itself.
    #[serde(default)]
    pub user_agent: Option<String>,
}

/// What the landing page shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HomeView {
    /// The session of this browser.
    pub session: Option<SessionView>,
    /// The other sessions of the same account.
    pub others: Vec<SessionView>,
    /// Where the mail catcher is.
    pub mails: Option<String>,
}

struct Row {
    title: String,
    detail: String,
    current: bool,
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage<'a> {
    site: &'a Site,
    title: &'static str,
    name: Option<String>,
    second_factor: bool,
    sessions: Vec<Row>,
    mails: Option<&'a str>,
}

/// Draws the landing page.
#[must_use]
pub fn render_home(home: &HomeView, site: &Site) -> String {
    let identity = home
        .session
        .as_ref()
        .and_then(|session| session.identity.as_ref());
    let current = home.session.iter().map(|session| row(session, true));
    let others = home.others.iter().map(|session| row(session, false));
    let level = |session: &SessionView| session.authenticator_assurance_level == "aal2";
    crate::html(&HomePage {
        site,
        title: if home.session.is_some() {
            "Hello"
        } else {
            "Welcome"
        },
        name: identity.map(IdentityView::display_name),
        second_factor: home.session.as_ref().is_some_and(level),
        sessions: current.chain(others).collect(),
        mails: home.mails.as_deref().map(safe_url),
    })
}

fn row(session: &SessionView, current: bool) -> Row {
    let device = session.devices.first();
    let agent = device
        .and_then(|device| device.user_agent.as_deref())
        .unwrap_or_default();
    let address = device.and_then(|device| device.ip_address.as_deref());
    let address = address.map(without_port);
    let since = session
        .authenticated_at
        .as_deref()
        .map(|time| format!("since {}", readable(time)));
    let until = session
        .expires_at
        .as_deref()
        .map(|time| format!("until {}", readable(time)));
    let details: Vec<String> = [address, since, until].into_iter().flatten().collect();
    Row {
        title: browser(agent),
        detail: details.join(" · "),
        current,
    }
}

/// Ports tell people nothing.
fn without_port(address: &str) -> String {
    match address.parse::<SocketAddr>() {
        Ok(address) => address.ip().to_string(),
        Err(_) => address.to_owned(),
    }
}

/// `2026-01-02T03:04:05.6Z` as `2026-01-02 03:04 UTC`; other texts as they are.
pub(crate) fn readable(time: &str) -> String {
    match time.split_once('T') {
        Some((day, clock)) if time.ends_with('Z') => match clock.get(..5) {
            Some(minute) => format!("{day} {minute} UTC"),
            None => time.to_owned(),
        },
        _ => time.to_owned(),
    }
}

/// A guess at the browser, good enough to tell one's own sessions apart.
fn browser(agent: &str) -> String {
    // Order matters: nearly every browser claims to be Safari and Chrome as well.
    let browsers = ["Firefox", "Edg", "OPR", "Chrome", "Safari", "curl"];
    let systems = ["Android", "iPhone", "iPad", "Windows", "Mac OS X", "Linux"];
    let found = |names: &[&'static str]| names.iter().copied().find(|name| agent.contains(name));
    let name = match found(&browsers) {
        Some("Edg") => "Edge",
        Some("OPR") => "Opera",
        Some(name) => name,
        None => {
            return if agent.is_empty() {
                "Unknown device".to_owned()
            } else {
                agent.to_owned()
            };
        }
    };
    match found(&systems) {
        Some("Mac OS X") => format!("{name} on macOS"),
        Some(system) => format!("{name} on {system}"),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_readable() {
        assert_eq!(readable("2026-01-02T03:04:05.678Z"), "2026-01-02 03:04 UTC");
        assert_eq!(
            readable("2026-01-02T03:04:05+01:00"),
            "2026-01-02T03:04:05+01:00"
        );
        assert_eq!(readable("2026-01-02TZ"), "2026-01-02TZ");
        assert_eq!(readable("yesterday"), "yesterday");
    }

    #[test]
    fn addresses_are_shown_without_their_ports() {
        assert_eq!(without_port("192.0.2.7:40312"), "192.0.2.7");
        assert_eq!(without_port("[2001:db8::7]:40312"), "2001:db8::7");
        for plain in ["192.0.2.7", "2001:db8::7", "somewhere"] {
            assert_eq!(without_port(plain), plain);
        }
    }

    #[test]
    fn browsers_are_told_apart() {
        let edge = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/1 Safari/537.36 Edg/1";
        assert_eq!(browser(edge), "Edge on Windows");
        assert_eq!(
            browser("Mozilla/5.0 (iPhone; like Mac OS X) Version/1 Safari/1"),
            "Safari on iPhone"
        );
        assert_eq!(browser("curl/8"), "curl");
        assert_eq!(browser("Some App 1"), "Some App 1");
        assert_eq!(browser(""), "Unknown device");
    }
}
