//! An authenticator made of software, for tests without a browser.

use ring::digest::{SHA256, digest};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

/// Somebody was there, and the authenticator knows who.
pub(crate) const VERIFIED: u8 = 0x05;
/// Somebody was there.
pub(crate) const TOUCHED: u8 = 0x01;
/// The authenticator has made a key.
const ATTESTED: u8 = 0x40;

/// An authenticator that has one key.
pub(crate) struct Authenticator {
    pair: Ed25519KeyPair,
    id: Vec<u8>,
    /// What the key remembers of its account.
    pub(crate) handle: String,
    /// How often it has signed.
    pub(crate) counter: u32,
    /// Its model.
    pub(crate) aaguid: [u8; 16],
    /// What it says about who was there.
    pub(crate) presence: u8,
    /// Where it is used.
    pub(crate) origin: &'static str,
}

fn base64(bytes: &[u8]) -> String {
    ipse_webauthn::to_base64url(bytes)
}

impl Authenticator {
    pub(crate) fn new(seed: u8) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
        Self {
            pair,
            id: vec![seed; 16],
            handle: String::new(),
            counter: 0,
            aaguid: [0; 16],
            presence: VERIFIED,
            origin: "http://ui.test",
        }
    }

    fn client_data(&self, ceremony: &str, options: &Value) -> String {
        json!({ "type": ceremony, "challenge": options["challenge"], "origin": self.origin })
            .to_string()
    }

    fn data(&self, flags: u8, rest: &[u8]) -> Vec<u8> {
        let party = digest(&SHA256, b"ui.test");
        [party.as_ref(), &[flags], &self.counter.to_be_bytes(), rest].concat()
    }

    fn answer(&self, response: &Value) -> String {
        let id = base64(&self.id);
        json!({ "id": id, "rawId": id, "type": "public-key", "response": response }).to_string()
    }

    /// Makes the key.
    pub(crate) fn create(&mut self, options: &Value) -> String {
        self.create_saying(options, b"\x64none\x67attStmt\xa0")
    }

    /// Makes the key, and says this of itself: format and statement in CBOR.
    pub(crate) fn create_saying(&mut self, options: &Value, said: &[u8]) -> String {
        let options = &options["publicKey"];
        self.handle = options["user"]["id"].as_str().unwrap().to_owned();
        let cose = [
            &[0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 32],
            self.pair.public_key().as_ref(),
        ];
        let attested = [&self.aaguid, &[0, 16][..], &self.id, &cose.concat()].concat();
        let data = self.data(self.presence | ATTESTED, &attested);
        let length = u16::try_from(data.len()).unwrap().to_be_bytes();
        let object = [b"\xa3\x63fmt", said, b"\x68authData\x59", &length, &data].concat();
        let client = self.client_data("webauthn.create", options);
        self.answer(&json!({
            "attestationObject": base64(&object),
            "clientDataJSON": base64(client.as_bytes()),
        }))
    }

    /// Signs.
    pub(crate) fn get(&mut self, options: &Value) -> String {
        self.counter += 1;
        let client = self.client_data("webauthn.get", &options["publicKey"]);
        let data = self.data(self.presence, &[]);
        let signed = [&data, digest(&SHA256, client.as_bytes()).as_ref()].concat();
        self.answer(&json!({
            "authenticatorData": base64(&data),
            "clientDataJSON": base64(client.as_bytes()),
            "signature": base64(self.pair.sign(&signed).as_ref()),
            "userHandle": self.handle,
        }))
    }
}
