//! Who sent a request: its address and its device, as the proxies in front tell them.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use http::header::USER_AGENT;
use ipse_core::Client;

/// The headers in which proxies name the address of their client, in the order in which they are believed.
const ADDRESS_HEADERS: [&str; 3] = ["true-client-ip", "cf-connecting-ip", "x-real-ip"];

/// The address of the other end of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// Describes the client.
pub(crate) fn client(headers: &HeaderMap, peer: Option<Peer>) -> Client {
    Client {
        ip_address: address(headers, peer),
        user_agent: text(headers, USER_AGENT.as_str()).unwrap_or_default(),
        location: place(headers),
    }
}

fn address(headers: &HeaderMap, peer: Option<Peer>) -> String {
    let told = ADDRESS_HEADERS.iter().find_map(|name| text(headers, name));
    if let Some(told) = told {
        return told;
    }
    if let Some(chain) = text(headers, "x-forwarded-for") {
        return nearest_outside(&chain);
    }
    peer.map(|peer| peer.0.to_string()).unwrap_or_default()
}

/// The last address of the chain that isn't one of our own proxies; empty when all of them are.
fn nearest_outside(chain: &str) -> String {
    chain
        .rsplit(',')
        .map(str::trim)
        .find(|address| !address.is_empty() && !address.parse().is_ok_and(is_internal))
        .unwrap_or_default()
        .to_owned()
}

fn is_internal(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

fn place(headers: &HeaderMap) -> String {
    let parts = ["cf-ipcity", "cf-ipcountry"];
    let told: Vec<_> = parts
        .iter()
        .filter_map(|name| text(headers, name))
        .collect();
    told.join(", ")
}

/// A header's value, unless it is missing or empty. Bytes that are no UTF-8 are replaced.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?;
    let text = String::from_utf8_lossy(value.as_bytes());
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&'static str, &str)]) -> Client {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        client(&headers, Some(Peer("127.0.0.1:5000".parse().unwrap())))
    }

    #[test]
    fn without_a_proxy_the_connection_tells() {
        assert_eq!(from(&[]).ip_address, "127.0.0.1:5000");
        assert_eq!(client(&HeaderMap::new(), None), Client::default());
    }

    #[test]
    fn proxies_tell_by_several_headers() {
        let forwarded = |chain| from(&[("x-forwarded-for", chain)]).ip_address;
        assert_eq!(forwarded("203.0.113.7"), "203.0.113.7");
        assert_eq!(
            forwarded("203.0.113.7, 198.51.100.9, 10.0.0.1"),
            "198.51.100.9"
        );
        assert_eq!(forwarded("2001:db8::1, fd00::1, ::1"), "2001:db8::1");
        assert_eq!(forwarded("10.0.0.1"), "");
        assert_eq!(forwarded("nonsense"), "nonsense");
        assert_eq!(
            from(&[("x-real-ip", "203.0.113.5")]).ip_address,
            "203.0.113.5"
        );
        let all = [
            ("true-client-ip", "203.0.113.6"),
            ("x-real-ip", "203.0.113.5"),
            ("x-forwarded-for", "203.0.113.7"),
            ("cf-connecting-ip", "203.0.113.4"),
        ];
        assert_eq!(from(&all).ip_address, "203.0.113.6");
    }

    #[test]
    fn places_and_devices_are_read() {
        let client = from(&[
            ("cf-ipcity", "Munich"),
            ("cf-ipcountry", "DE"),
            ("user-agent", "Browser/1"),
        ]);
        assert_eq!(
            (client.location.as_str(), client.user_agent.as_str()),
            ("Munich, DE", "Browser/1")
        );
        assert_eq!(from(&[("cf-ipcountry", "DE")]).location, "DE");
    }
}
