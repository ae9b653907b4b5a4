//! Ceremonies with authenticators made of software.

use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use serde_json::{Value as Json, json};

use super::*;

mod w3c;

const CHALLENGE: Challenge = [7; 32];
const ID: &[u8] = b"a key";

enum Pair {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Pair {
    fn p256() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self::P256(EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap())
    }

    fn ed25519() -> Self {
        Self::Ed25519(Ed25519KeyPair::from_seed_unchecked(&[3; 32]).unwrap())
    }

    fn cose(&self) -> Vec<u8> {
        match self {
            Self::P256(pair) => {
                let point = pair.public_key().as_ref();
                let head = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 32];
                [&head, &point[1..33], &[0x22, 0x58, 32], &point[33..]].concat()
            }
            Self::Ed25519(pair) => {
                let head = [0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 32];
                [&head, pair.public_key().as_ref()].concat()
            }
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::P256(pair) => pair
                .sign(&SystemRandom::new(), message)
                .unwrap()
                .as_ref()
                .to_vec(),
            Self::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }
}

fn party() -> Party {
    Party {
        id: "example.org".into(),
        name: "Shop".into(),
        origins: vec![
            "https://example.org".into(),
            "https://login.example.org".into(),
        ],
    }
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    ring::digest::digest(&ring::digest::SHA256, bytes)
        .as_ref()
        .to_vec()
}

fn client(ceremony: &str) -> Json {
    json!({ "type": ceremony, "challenge": to_base64url(&CHALLENGE), "origin": "https://example.org", "crossOrigin": false })
}

fn data(flags: u8, counter: u32, rest: &[u8]) -> Vec<u8> {
    [
        &sha256(b"example.org"),
        &[flags][..],
        &counter.to_be_bytes(),
        rest,
    ]
    .concat()
}

fn attested(cose: &[u8]) -> Vec<u8> {
    [&[9; 16], &[0, 5][..], ID, cose].concat()
}

fn registration(client: &Json, data: &[u8]) -> String {
    let length = u16::try_from(data.len()).unwrap().to_be_bytes();
    let head = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59";
    let object = [&head[..], &length, data].concat();
    json!({
        "id": to_base64url(ID), "rawId": to_base64url(ID), "type": "public-key",
        "response": {
            "attestationObject": to_base64url(&object),
            "clientDataJSON": to_base64url(client.to_string().as_bytes()),
        },
    })
    .to_string()
}

fn assertion(pair: &Pair, client: &Json, data: &[u8]) -> String {
    let client = client.to_string();
    let signature = pair.sign(&[data, &sha256(client.as_bytes())].concat());
    json!({
        "id": to_base64url(ID), "rawId": to_base64url(ID), "type": "public-key",
        "response": {
            "authenticatorData": to_base64url(data), "clientDataJSON": to_base64url(client.as_bytes()),
            "signature": to_base64url(&signature), "userHandle": to_base64url(b"ada"),
        },
    })
    .to_string()
}

fn register(client: &Json, data: &[u8], presence: Presence) -> Result<NewKey, Refused> {
    Registration::read(&registration(client, data))
        .unwrap()
        .verify(&party(), &CHALLENGE, presence)
}

fn confirm(pair: &Pair, client: &Json, data: &[u8], counter: u32) -> Result<Confirmed, Refused> {
    let answer = Assertion::read(&assertion(pair, client, data)).unwrap();
    answer.verify(
        &party(),
        &CHALLENGE,
        (&pair.cose(), counter),
        Presence::Touch,
    )
}

#[test]
fn a_key_is_registered_and_signs() {
    for pair in [Pair::p256(), Pair::ed25519()] {
        let made = data(0x45, 0, &attested(&pair.cose()));
        let key = register(&client("webauthn.create"), &made, Presence::Verified).unwrap();
        assert_eq!(
            key,
            NewKey {
                id: ID.into(),
                public_key: pair.cose(),
                aaguid: [9; 16],
                counter: 0,
                attestation: "none".to_owned(),
            }
        );
        let confirmed = confirm(&pair, &client("webauthn.get"), &data(0x05, 1, &[]), 0);
        assert_eq!(
            confirmed,
            Ok(Confirmed {
                counter: 1,
                user_verified: true
            })
        );
    }
}

#[test]
fn registrations_for_another_occasion_are_refused() {
    let made = data(0x41, 0, &attested(&Pair::ed25519().cose()));
    let register = |member: &str, value: Json| {
        let mut client = client("webauthn.create");
        client[member] = value;
        register(&client, &made, Presence::Touch)
    };
    assert_eq!(
        register("type", json!("webauthn.get")),
        Err(Refused::Ceremony)
    );
    assert_eq!(
        register("challenge", json!(to_base64url(&[8; 32]))),
        Err(Refused::Challenge)
    );
    assert_eq!(register("challenge", json!("")), Err(Refused::Challenge));
    assert_eq!(
        register("origin", json!("https://example.org.evil.example")),
        Err(Refused::Origin)
    );
    assert_eq!(
        register("origin", json!("http://example.org")),
        Err(Refused::Origin)
    );
    assert_eq!(register("crossOrigin", json!(true)), Err(Refused::Embedded));
    assert!(register("origin", json!("https://login.example.org")).is_ok());
}

#[test]
fn signatures_for_another_occasion_are_refused() {
    let pair = Pair::p256();
    let confirm_with = |member: &str, value: Json| {
        let mut client = client("webauthn.get");
        client[member] = value;
        confirm(&pair, &client, &data(0x01, 1, &[]), 0)
    };
    assert_eq!(
        confirm_with("type", json!("webauthn.create")),
        Err(Refused::Ceremony)
    );
    assert_eq!(
        confirm_with("challenge", json!(to_base64url(&[8; 32]))),
        Err(Refused::Challenge)
    );
    assert_eq!(
        confirm_with("origin", json!("https://evil.example")),
        Err(Refused::Origin)
    );
}

#[test]
fn other_sites_absent_and_unknown_people_are_refused() {
    let cose = Pair::ed25519().cose();
    let client = client("webauthn.create");
    let mut other = data(0x45, 0, &attested(&cose));
    other[0] ^= 1;
    assert_eq!(
        register(&client, &other, Presence::Touch),
        Err(Refused::RelyingParty)
    );
    let absent = data(0x44, 0, &attested(&cose));
    assert_eq!(
        register(&client, &absent, Presence::Touch),
        Err(Refused::NobodyPresent)
    );
    let unknown = data(0x41, 0, &attested(&cose));
    assert_eq!(
        register(&client, &unknown, Presence::Verified),
        Err(Refused::NotVerified)
    );
    assert!(register(&client, &unknown, Presence::Touch).is_ok());
}

#[test]
fn signatures_of_other_keys_are_refused() {
    let (mine, other) = (Pair::p256(), Pair::p256());
    let answer = Assertion::read(&assertion(
        &other,
        &client("webauthn.get"),
        &data(0x01, 1, &[]),
    ))
    .unwrap();
    for key in [mine.cose(), Pair::ed25519().cose()] {
        let result = answer.verify(&party(), &CHALLENGE, (&key, 0), Presence::Touch);
        assert_eq!(result, Err(Refused::Signature));
    }
    assert_eq!(answer.user_handle.as_deref(), Some(&b"ada"[..]));
}

#[test]
fn a_counter_that_goes_back_is_refused() {
    let pair = Pair::ed25519();
    let client = client("webauthn.get");
    for (stored, given, fine) in [
        (0, 0, true),
        (0, 1, true),
        (4, 5, true),
        (4, 4, false),
        (4, 3, false),
        (4, 0, false),
    ] {
        let result = confirm(&pair, &client, &data(0x01, given, &[]), stored);
        assert_eq!(result.is_ok(), fine, "{stored} {given}");
        assert!(fine || result == Err(Refused::Counter));
    }
}

#[test]
fn keys_of_no_use_are_refused() {
    let good = Pair::p256().cose();
    let mut wrong_curve = good.clone();
    wrong_curve[6] = 2;
    let mut wrong_algorithm = good.clone();
    wrong_algorithm[4] = 0x25;
    for key in [
        wrong_curve,
        wrong_algorithm,
        vec![0xa0],
        vec![0x00],
        [&good[..], &[0]].concat(),
    ] {
        assert!(matches!(key::Key::read(&key), Err(Refused::Key)), "{key:?}");
    }
}

#[test]
fn the_options_speak_the_language_of_browsers() {
    let wanted = Creation {
        attachment: None,
        resident_key: Some("required"),
        user_verification: "preferred",
        attestation: "none",
        timeout: 1000,
    };
    let user = User {
        handle: b"ada",
        name: "ada@example.org",
    };
    let options = party().creation(&CHALLENGE, &user, &wanted);
    let options = &options["publicKey"];
    assert_eq!(options["user"]["id"], "YWRh");
    assert_eq!(
        options["authenticatorSelection"],
        json!({ "requireResidentKey": true, "residentKey": "required", "userVerification": "preferred" })
    );
    assert_eq!(
        options["pubKeyCredParams"][0],
        json!({ "type": "public-key", "alg": -7 })
    );
    let request = Request {
        keys: &[ID.to_vec()],
        user_verification: "discouraged",
        timeout: 1000,
    };
    let options = party().request(&CHALLENGE, &request);
    assert_eq!(
        options["publicKey"]["allowCredentials"][0]["id"],
        to_base64url(ID)
    );
    assert_eq!(options["publicKey"]["rpId"], "example.org");
}

#[test]
fn padded_base64_is_read_too() {
    assert_eq!(from_base64url("YQ"), Some(b"a".to_vec()));
    assert_eq!(from_base64url("YQ=="), Some(b"a".to_vec()));
    assert_eq!(from_base64url("Y+"), None);
}

proptest! {
    #[test]
    fn answers_cut_short_are_refused(length in 0_usize..120) {
        let pair = Pair::ed25519();
        let made = data(0x41, 0, &attested(&pair.cose()));
        let cut = &made[..length.min(made.len() - 1)];
        prop_assert!(Registration::read(&registration(&client("webauthn.create"), cut)).is_err());
        let signed = data(0x01, 1, &[]);
        let cut = &signed[..length.min(signed.len() - 1)];
        prop_assert!(Assertion::read(&assertion(&pair, &client("webauthn.get"), cut)).is_err());
    }

    #[test]
    fn any_text_can_be_read(text: String, object: Vec<u8>) {
        prop_assert!(Registration::read(&text).is_err());
        prop_assert!(Assertion::read(&text).is_err());
        let answer = json!({ "id": "YQ", "rawId": "YQ", "type": "public-key", "response": {
            "attestationObject": to_base64url(&object), "clientDataJSON": to_base64url(client("x").to_string().as_bytes()),
        } });
        prop_assert!(Registration::read(&answer.to_string()).is_err());
    }
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digits).collect()
}

#[test]
fn signatures_of_an_independent_implementation_hold() {
    let message = b"signed by an independent implementation";
    let mut seen = vec![-8];
    for line in include_str!("algorithms.txt").lines().skip(1) {
        let mut parts = line.split(' ');
        let (algorithm, cose, signature) = (
            parts.next().unwrap(),
            parts.next().unwrap(),
            from_hex(parts.next().unwrap()),
        );
        let cose = from_hex(cose);
        let key = key::Key::read(&cose).unwrap_or_else(|_| panic!("{algorithm}"));
        assert_eq!(key.verify(message, &signature), Ok(()), "{algorithm}");
        assert_eq!(
            key.verify(b"something else", &signature),
            Err(Refused::Signature),
            "{algorithm}"
        );
        let mut broken = signature.clone();
        *broken.last_mut().unwrap() ^= 1;
        assert_eq!(
            key.verify(message, &broken),
            Err(Refused::Signature),
            "{algorithm}"
        );
        seen.push(algorithm.parse::<i64>().unwrap());
    }
    for offered in key::ALGORITHMS {
        assert!(
            seen.contains(&offered),
            "{offered} is offered and not tested"
        );
    }
}

#[test]
fn the_script_defines_what_nodes_name() {
    let functions = [
        "oryWebAuthnLogin",
        "oryWebAuthnRegistration",
        "oryPasskeyLogin",
        "oryPasskeyRegistration",
        "oryPasskeyLoginAutocompleteInit",
        "oryPasskeySettingsRegistration",
    ];
    for function in functions {
        assert!(
            SCRIPT.contains(&format!("window.{function} =")),
            "{function}"
        );
        assert!(
            SCRIPT.contains(&format!("window.__{function} =")),
            "{function}"
        );
    }
    assert!(integrity().starts_with("sha512-"));
}
