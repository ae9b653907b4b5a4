//! The test vectors of the specification, level 3: what they register and sign is taken, and nothing that was changed is.

use super::*;

const VECTORS: &str = include_str!("w3c.txt");
/// Registrations with kinds of attestation that the specification has no vectors for, made with another library.
const OTHERS: &str = include_str!("attestations.txt");

/// A ceremony: its challenge and the parts of the answer.
struct Ceremony {
    name: &'static str,
    challenge: Vec<u8>,
    client: Vec<u8>,
    rest: Vec<Vec<u8>>,
}

fn ceremonies(vectors: &'static str, kind: &'static str) -> impl Iterator<Item = Ceremony> {
    let lines = vectors.lines().filter_map(move |line| {
        let rest = line.strip_prefix(kind)?;
        Some(rest.split_whitespace().collect::<Vec<_>>())
    });
    lines.map(|parts| Ceremony {
        name: parts[0],
        challenge: from_hex(parts[1]),
        client: from_hex(parts[2]),
        rest: parts[3..].iter().map(|part| from_hex(part)).collect(),
    })
}

/// The id of the key in an attestation object; the objects of vectors end with authenticator data.
fn id(object: &[u8]) -> Vec<u8> {
    let party = sha256(b"example.org");
    let start = object.windows(32).position(|part| part == party).unwrap();
    let length = &object[start + 53..start + 55];
    let length = usize::from(u16::from_be_bytes(length.try_into().unwrap()));
    object[start + 55..start + 55 + length].to_vec()
}

impl Ceremony {
    fn register_as(&self, object: &[u8], client: &[u8]) -> Result<NewKey, Option<Refused>> {
        let id = to_base64url(&id(&self.rest[0]));
        let answer = json!({
            "id": id, "rawId": id, "type": "public-key",
            "response": { "attestationObject": to_base64url(object), "clientDataJSON": to_base64url(client) },
        });
        let read = Registration::read(&answer.to_string()).map_err(|_| None)?;
        Ok(read.verify(&party(), &self.challenge, Presence::Touch)?)
    }

    fn register(&self) -> Result<NewKey, Option<Refused>> {
        self.register_as(&self.rest[0], &self.client)
    }

    fn assert(&self, key: &NewKey, data: &[u8]) -> Result<Confirmed, Refused> {
        let id = to_base64url(&key.id);
        let answer = json!({
            "id": id, "rawId": id, "type": "public-key",
            "response": {
                "authenticatorData": to_base64url(data),
                "clientDataJSON": to_base64url(&self.client),
                "signature": to_base64url(&self.rest[1]),
            },
        });
        let read = Assertion::read(&answer.to_string()).unwrap();
        let stored = (key.public_key.as_slice(), key.counter);
        read.verify(&party(), &self.challenge, stored, Presence::Touch)
    }
}

/// Why a vector is refused that is right in itself.
fn exception(name: &str) -> Option<Refused> {
    match name {
        // Nobody embeds the pages of an account.
        "none.ES256.crossOrigin" | "none.ES256.topOrigin" => Some(Refused::Embedded),
        // The algorithm is not among those that are offered.
        "packed.Ed448" => Some(Refused::Key),
        _ => None,
    }
}

#[test]
fn the_ceremonies_of_the_specification_succeed() {
    let assertions = ceremonies(VECTORS, "assertion");
    let mut seen = 0;
    for (made, signed) in ceremonies(VECTORS, "registration").zip(assertions) {
        assert_eq!(made.name, signed.name);
        seen += 1;
        let key = match (made.register(), exception(made.name)) {
            (Err(refused), expected) => {
                assert_eq!(refused, expected, "{}", made.name);
                continue;
            }
            (Ok(key), expected) => {
                assert_eq!(expected, None, "{}", made.name);
                key
            }
        };
        let format = made.name.split('.').next().unwrap();
        assert_eq!(key.attestation, format.trim_end_matches("-self"));
        assert!(
            signed.assert(&key, &signed.rest[0]).is_ok(),
            "{}",
            made.name
        );
        let mut other = signed.rest[0].clone();
        other[36] ^= 1;
        let refused = signed.assert(&key, &other);
        assert_eq!(refused, Err(Refused::Signature), "{}", made.name);
    }
    assert_eq!(seen, 15);
}

#[test]
fn the_keys_of_embedded_pages_sign_well_in_themselves() {
    for made in ceremonies(VECTORS, "registration") {
        if exception(made.name) != Some(Refused::Embedded) {
            continue;
        }
        let object = &made.rest[0];
        let (cose, signed) = (
            &object[object.len() - 77..],
            ceremonies(VECTORS, "assertion"),
        );
        let signed = signed.into_iter().find(|signed| signed.name == made.name);
        let signed = signed.unwrap();
        let message = [&signed.rest[0][..], &sha256(&signed.client)].concat();
        let key = key::Key::read(cose).unwrap_or_else(|_| panic!("{}", made.name));
        assert_eq!(key.verify(&message, &signed.rest[1]), Ok(()));
    }
}

#[test]
fn attestations_that_others_have_made_hold() {
    let names: Vec<_> = ceremonies(OTHERS, "registration")
        .map(|made| {
            let key = made.register().map_err(|why| (made.name, why));
            key.unwrap().attestation
        })
        .collect();
    assert_eq!(
        names,
        ["tpm", "tpm", "packed", "packed", "android-safetynet"]
    );
}

/// Where the statement is in an attestation object.
fn statement(object: &[u8]) -> std::ops::Range<usize> {
    let place = |text: &[u8]| object.windows(text.len()).position(|part| part == text);
    let start = place(b"gattStmt").unwrap() + b"gattStmt".len();
    start..place(b"hauthData").unwrap()
}

/// Everything in a statement that depends on what is attested.
fn decisive(made: &Ceremony) -> Vec<std::ops::Range<usize>> {
    let object = &made.rest[0];
    let (value, _) = cbor::Value::read(object).unwrap();
    let data = value.get("authData").unwrap().bytes().unwrap();
    let client = sha256(&made.client);
    let nonce = sha256(&[data, &client].concat());
    let fields = value.get("attStmt").unwrap();
    let named = ["sig", "certInfo", "pubArea"].into_iter();
    let named = named.filter_map(|name| fields.get(name)?.bytes());
    let hashes = [client.as_slice(), &nonce].into_iter();
    named
        .chain(hashes)
        .filter_map(|part| {
            let mut windows = object.windows(part.len());
            let start = windows.position(|window| window == part)?;
            Some(start..start + part.len())
        })
        .collect()
}

#[test]
fn a_statement_that_was_changed_is_refused() {
    for made in ceremonies(VECTORS, "registration").chain(ceremonies(OTHERS, "registration")) {
        let silent = made.name.starts_with("none") || made.name.starts_with("android-safetynet");
        if exception(made.name).is_some() || silent {
            continue;
        }
        let object = &made.rest[0];
        let parts = decisive(&made);
        assert!(!parts.is_empty(), "{}", made.name);
        for place in parts.into_iter().flatten() {
            let mut changed = object.clone();
            changed[place] ^= 1;
            let refused = made.register_as(&changed, &made.client);
            assert_eq!(
                refused,
                Err(Some(Refused::Attestation)),
                "{} {place}",
                made.name
            );
        }
        let client = [&made.client[..made.client.len() - 1], b" }"].concat();
        let refused = made.register_as(object, &client);
        assert_eq!(refused, Err(Some(Refused::Attestation)), "{}", made.name);
    }
}

#[test]
fn a_statement_of_another_key_is_refused() {
    let all: Vec<_> = ceremonies(VECTORS, "registration").collect();
    for made in &all {
        if made.name.starts_with("none") || exception(made.name).is_some() {
            continue;
        }
        // The same kind of statement, cut out of one answer and put into another that is as long.
        for other in all.iter().filter(|other| other.name == "none.ES256") {
            let (object, theirs) = (&made.rest[0], &other.rest[0]);
            let data = &theirs[statement(theirs).end..];
            let mixed = [&object[..statement(object).end], data].concat();
            let refused = other.register_as(&mixed, &other.client);
            assert_eq!(refused, Err(Some(Refused::Attestation)), "{}", made.name);
        }
    }
}

#[test]
fn saying_nothing_takes_no_statement() {
    let made = ceremonies(VECTORS, "registration").next().unwrap();
    let object = &made.rest[0];
    let end = statement(object);
    let head = &object[..end.start];
    let more = [head, &[0xa1, 0x61, b'a', 0x01], &object[end.end..]].concat();
    let refused = made.register_as(&more, &made.client);
    assert_eq!(refused, Err(Some(Refused::Attestation)));
}

proptest! {
    #[test]
    fn attestation_objects_cut_short_are_refused(which in 0_usize..15, length in 0_usize..3000) {
        let made = ceremonies(VECTORS, "registration").nth(which).unwrap();
        let object = &made.rest[0];
        let cut = &object[..length.min(object.len() - 1)];
        prop_assert_eq!(made.register_as(cut, &made.client), Err(None));
    }

    #[test]
    fn attestation_objects_with_changes_never_panic(which in 0_usize..15, place in 0_usize..3000, change in 1_u8..) {
        let made = ceremonies(VECTORS, "registration").nth(which).unwrap();
        let mut object = made.rest[0].clone();
        let place = place % object.len();
        object[place] ^= change;
        let _ = made.register_as(&object, &made.client);
    }
}
