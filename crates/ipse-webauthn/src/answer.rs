//! What comes back from an authenticator, and the checks that it has to pass.

use ring::digest::{SHA256, digest};
use serde::Deserialize;

use crate::attestation::Statement;
use crate::authenticator::Data;
use crate::cbor::Value;
use crate::client::Client;
use crate::key::Key;
use crate::{Party, Presence, from_base64url};

/// Longest answer that is looked at. Attestation statements with certificates have a few thousand bytes.
const LONGEST: usize = 64 * 1024;

/// Longest name of a kind of attestation that the registry of those allows.
const LONGEST_FORMAT: usize = 32;

/// It is no answer of an authenticator at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no answer of an authenticator")]
pub struct Malformed;

/// Why the answer of an authenticator doesn't count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It answers another kind of question.
    #[error("it is for another ceremony")]
    Ceremony,
    /// It answers another question of this kind.
    #[error("the challenge is another one")]
    Challenge,
    /// It was given on another site.
    #[error("it was given on a page of another origin")]
    Origin,
    /// The page stood in a frame of another site.
    #[error("it was given on a page that another site embeds")]
    Embedded,
    /// The key belongs to another site.
    #[error("it is for another relying party")]
    RelyingParty,
    /// Nobody touched the authenticator.
    #[error("nobody was there")]
    NobodyPresent,
    /// The authenticator didn't make sure who that was.
    #[error("the authenticator has not verified who uses it")]
    NotVerified,
    /// The key can't be used.
    #[error("the key is of no kind that can be used")]
    Key,
    /// What the authenticator says of itself isn't signed as it should be.
    #[error("what the authenticator says of itself is wrong")]
    Attestation,
    /// It was made by somebody without the key.
    #[error("the signature is wrong")]
    Signature,
    /// There may be a copy of the key.
    #[error("the authenticator has counted fewer signatures than before")]
    Counter,
}

#[derive(Deserialize)]
struct Envelope<R> {
    id: String,
    #[serde(rename = "rawId")]
    raw_id: String,
    #[serde(rename = "type")]
    kind: String,
    response: R,
}

#[derive(Deserialize)]
struct Created {
    #[serde(rename = "attestationObject")]
    attestation_object: String,
    #[serde(rename = "clientDataJSON")]
    client_data: String,
}

#[derive(Deserialize)]
struct Signed {
    #[serde(rename = "authenticatorData")]
    authenticator_data: String,
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    signature: String,
    #[serde(default, rename = "userHandle")]
    user_handle: Option<String>,
}

/// The id and the inner part of an answer.
fn open<'a, R: Deserialize<'a>>(json: &'a str) -> Result<(Vec<u8>, R), Malformed> {
    if json.len() > LONGEST {
        return Err(Malformed);
    }
    let envelope: Envelope<R> = serde_json::from_str(json).map_err(|_| Malformed)?;
    let id = from_base64url(&envelope.raw_id).ok_or(Malformed)?;
    if envelope.kind != "public-key" || from_base64url(&envelope.id).as_ref() != Some(&id) {
        return Err(Malformed);
    }
    Ok((id, envelope.response))
}

fn client(json: &[u8]) -> Result<Client, Malformed> {
    serde_json::from_slice(json).map_err(|_| Malformed)
}

/// A new key, as the authenticator announces it.
#[derive(Debug)]
pub struct Registration {
    client: Client,
    client_data: Vec<u8>,
    object: Vec<u8>,
    id: Vec<u8>,
}

/// A key that may be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// Its id.
    pub id: Vec<u8>,
    /// Its public half as COSE.
    pub public_key: Vec<u8>,
    /// The model of the authenticator, as it claims.
    pub aaguid: [u8; 16],
    /// How often it has signed.
    pub counter: u32,
    /// The kind of what the authenticator has said of itself; `none` when that is nothing.
    pub attestation: String,
}

/// What an authenticator says when it has made a key.
struct Object<'a> {
    format: &'a str,
    statement: Value<'a>,
    data: &'a [u8],
}

impl<'a> Object<'a> {
    fn read(input: &'a [u8]) -> Option<Self> {
        let (object, rest) = Value::read(input).ok()?;
        let statement = object.get("attStmt")?;
        let read = Self {
            format: object.get("fmt")?.text()?,
            statement: statement.clone(),
            data: object.get("authData")?.bytes()?,
        };
        (rest.is_empty() && read.format.len() <= LONGEST_FORMAT).then_some(read)
    }
}

impl Registration {
    /// Reads what `navigator.credentials.create` gave back, as JSON.
    ///
    /// # Errors
    /// When it is nothing of that kind.
    pub fn read(json: &str) -> Result<Self, Malformed> {
        let (id, created): (_, Created) = open(json)?;
        let client_data = from_base64url(&created.client_data).ok_or(Malformed)?;
        let object = from_base64url(&created.attestation_object).ok_or(Malformed)?;
        let data = Object::read(&object).ok_or(Malformed)?.data;
        let attested = Data::read(data).and_then(|data| data.attested);
        if attested.ok_or(Malformed)?.id != id {
            return Err(Malformed);
        }
        Ok(Self {
            client: client(&client_data)?,
            client_data,
            object,
            id,
        })
    }

    /// Checks that this key was made for this party, on this occasion, and that what the authenticator says of itself is
    /// signed as it should be.
    ///
    /// # Errors
    /// What is wrong.
    pub fn verify(
        self,
        party: &Party,
        challenge: &[u8],
        presence: Presence,
    ) -> Result<NewKey, Refused> {
        self.client.check("webauthn.create", party, challenge)?;
        let object = Object::read(&self.object).ok_or(Refused::Key)?;
        let data = Data::read(object.data).ok_or(Refused::Key)?;
        check(&data, party, presence)?;
        let attested = data.attested.as_ref().ok_or(Refused::Key)?;
        let client = digest(&SHA256, &self.client_data);
        let statement = Statement {
            format: object.format,
            fields: &object.statement,
            data: object.data,
            attested,
            key: &Key::read(attested.public_key)?,
            client: client.as_ref(),
        };
        statement.verify()?;
        Ok(NewKey {
            public_key: attested.public_key.to_vec(),
            aaguid: attested.aaguid,
            counter: data.counter,
            attestation: object.format.to_owned(),
            id: self.id,
        })
    }
}

/// What somebody's key has signed.
#[derive(Debug)]
pub struct Assertion {
    client: Client,
    client_data: Vec<u8>,
    data: Vec<u8>,
    signature: Vec<u8>,
    /// The id of the key.
    pub id: Vec<u8>,
    /// What the key remembers of the account.
    pub user_handle: Option<Vec<u8>>,
}

/// A key that has confirmed who uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confirmed {
    /// How often it has signed by now.
    pub counter: u32,
    /// Whether the authenticator has made sure who used it.
    pub user_verified: bool,
}

impl Assertion {
    /// Reads what `navigator.credentials.get` gave back, as JSON.
    ///
    /// # Errors
    /// When it is nothing of that kind.
    pub fn read(json: &str) -> Result<Self, Malformed> {
        let (id, signed): (_, Signed) = open(json)?;
        let bytes = |text: &str| from_base64url(text).ok_or(Malformed);
        let client_data = bytes(&signed.client_data)?;
        let data = bytes(&signed.authenticator_data)?;
        Data::read(&data).ok_or(Malformed)?;
        let user_handle = signed
            .user_handle
            .as_deref()
            .filter(|handle| !handle.is_empty());
        Ok(Self {
            client: client(&client_data)?,
            client_data,
            data,
            signature: bytes(&signed.signature)?,
            id,
            user_handle: user_handle.map(bytes).transpose()?,
        })
    }

    /// Checks that the key signed for this party, on this occasion. `public_key` and `counter` are what was stored of it.
    ///
    /// # Errors
    /// What is wrong.
    pub fn verify(
        &self,
        party: &Party,
        challenge: &[u8],
        (public_key, counter): (&[u8], u32),
        presence: Presence,
    ) -> Result<Confirmed, Refused> {
        self.client.check("webauthn.get", party, challenge)?;
        let data = Data::read(&self.data).ok_or(Refused::Signature)?;
        check(&data, party, presence)?;
        let message = [&self.data, digest(&SHA256, &self.client_data).as_ref()].concat();
        Key::read(public_key)?.verify(&message, &self.signature)?;
        // Authenticators that don't count say zero for ever.
        if (counter, data.counter) != (0, 0) && data.counter <= counter {
            return Err(Refused::Counter);
        }
        Ok(Confirmed {
            counter: data.counter,
            user_verified: data.user_verified(),
        })
    }
}

fn check(data: &Data<'_>, party: &Party, presence: Presence) -> Result<(), Refused> {
    if !data.is_for(&party.id) {
        return Err(Refused::RelyingParty);
    }
    if !data.user_present() {
        return Err(Refused::NobodyPresent);
    }
    if presence == Presence::Verified && !data.user_verified() {
        return Err(Refused::NotVerified);
    }
    Ok(())
}
