//! Requests signed as OAuth 1.0a wants it (RFC 5849), for the one provider that signs people in that way.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use ipse_model::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use url::Url;

/// What stays as it is when a value is escaped (section 3.6).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Who signs: the client, and whoever it acts for.
pub(crate) struct Signer<'a> {
    /// The client's id and secret.
    pub(crate) client: (&'a str, &'a str),
    /// A token and its secret, once there is one.
    pub(crate) token: Option<(&'a str, &'a str)>,
    /// What time it is.
    pub(crate) now: Timestamp,
    /// What tells this request from all others.
    pub(crate) nonce: &'a str,
}

impl Signer<'_> {
    /// The value of the header `Authorization` for a request without a body. `extra` are further parameters of the protocol.
    pub(crate) fn header(&self, method: &str, url: &Url, extra: &[(&str, &str)]) -> String {
        let timestamp = self.now.as_second().to_string();
        let mut protocol = vec![
            ("oauth_consumer_key", self.client.0),
            ("oauth_nonce", self.nonce),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", &timestamp),
        ];
        protocol.extend(self.token.map(|(token, _)| ("oauth_token", token)));
        protocol.extend_from_slice(extra);
        let signature = self.signature(&base(method, url, &protocol));
        protocol.push(("oauth_signature", &signature));
        let pairs: Vec<String> = protocol
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", escape(value)))
            .collect();
        format!("OAuth {}", pairs.join(", "))
    }

    fn signature(&self, base: &str) -> String {
        let token_secret = self.token.map(|(_, secret)| secret).unwrap_or_default();
        let key = format!("{}&{}", escape(self.client.1), escape(token_secret));
        let mut mac =
            Hmac::<Sha1>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
        mac.update(base.as_bytes());
        STANDARD.encode(mac.finalize().into_bytes())
    }
}

/// What is signed (section 3.4.1).
fn base(method: &str, url: &Url, protocol: &[(&str, &str)]) -> String {
    let query = url
        .query_pairs()
        .map(|(name, value)| (escape(&name), escape(&value)));
    let protocol = protocol
        .iter()
        .map(|(name, value)| (escape(name), escape(value)));
    let mut parameters: Vec<(String, String)> = query.chain(protocol).collect();
    parameters.sort();
    let parameters: Vec<String> = parameters
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mut address = url.clone();
    address.set_query(None);
    address.set_fragment(None);
    format!(
        "{method}&{}&{}",
        escape(address.as_str()),
        escape(&parameters.join("&"))
    )
}

fn escape(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: (&str, &str) = ("dpf43f3p2l4k3l03", "kd94hf93k423kf44");

    fn signature(
        signer: &Signer<'_>,
        (method, url): (&str, &str),
        extra: &[(&str, &str)],
    ) -> String {
        let header = signer.header(method, &Url::parse(url).unwrap(), extra);
        let (_, signature) = header.split_once("oauth_signature=\"").unwrap();
        signature.trim_end_matches('"').to_owned()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_examples_of_rfc_5849_come_out() {
        let initiate = Signer {
            client: CLIENT,
            token: None,
            now: at(137_131_200),
            nonce: "wIjqoS",
        };
        let request = ("POST", "https://photos.example.net/initiate");
        let callback = [("oauth_callback", "http://printer.example.com/ready")];
        // The three requests of section 1.2. The signature of the first belongs to a header with a realm, which isn't signed.
        assert_eq!(
            signature(&initiate, request, &callback),
            "74KNZJeDHnMBp0EMJ9ZHt%2FXKycU%3D"
        );
        let token = Signer {
            token: Some(("hh5s93j4hdidpola", "hdhd0244k9j7ao03")),
            now: at(137_131_201),
            nonce: "walatlh",
            ..initiate
        };
        let request = ("POST", "https://photos.example.net/token");
        assert_eq!(
            signature(&token, request, &[("oauth_verifier", "hfdp7dh39dks9884")]),
            "gKgrFCywp7rO0OXSjdot%2FIHF7IU%3D"
        );
        let photo = Signer {
            token: Some(("nnch734d00sl2jdk", "pfkkdhi9sl3r4s00")),
            now: at(137_131_202),
            nonce: "chapoH",
            ..token
        };
        let request = (
            "GET",
            "http://photos.example.net/photos?file=vacation.jpg&size=original",
        );
        assert_eq!(
            signature(&photo, request, &[]),
            "MdpQcU8iPSUjWoN%2FUDMsK2sui9I%3D"
        );
    }

    #[test]
    fn parameters_are_escaped_and_sorted_as_in_section_3_4() {
        let url = "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b&c2&a3=2+q";
        let protocol = [
            ("oauth_consumer_key", "9djdj82h48djs9d2"),
            ("oauth_token", "kkk9d7dh3k39sjv7"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "7d8f3e4a"),
        ];
        let signed = base("POST", &Url::parse(url).unwrap(), &protocol);
        assert_eq!(
            signed,
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26\
             c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26\
             oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
        );
        let signer = Signer {
            client: ("9djdj82h48djs9d2", "j49sk3j29djd"),
            token: Some(("kkk9d7dh3k39sjv7", "dh893hdasih9")),
            now: at(137_131_201),
            nonce: "7d8f3e4a",
        };
        assert_eq!(signer.signature(&signed), "r6/TJjbCOr97/+UU0NsvSne7s5g=");
    }
}
