//! What an authenticator says of itself when it makes a key, and whether that is signed as it should be.
//!
//! Nothing here knows which manufacturers to trust: a statement that holds says that whoever made the certificate has made
//! this key, and no more. A statement that doesn't hold is a reason to refuse the key all the same.

mod certificate;
mod der;
mod device;
mod tpm;

use crate::answer::Refused;
use crate::authenticator::Attested;
use crate::cbor::Value;
use crate::key::Key;
use certificate::Certificate;

/// A statement, and what it is about.
pub(crate) struct Statement<'a> {
    /// Its kind.
    pub(crate) format: &'a str,
    /// What it says.
    pub(crate) fields: &'a Value<'a>,
    /// The authenticator data as it came.
    pub(crate) data: &'a [u8],
    /// The new key, as the authenticator data has it.
    pub(crate) attested: &'a Attested<'a>,
    /// The new key.
    pub(crate) key: &'a Key<'a>,
    /// The hash of the client data.
    pub(crate) client: &'a [u8],
}

impl Statement<'_> {
    /// Whether it holds. Kinds that nobody here knows say nothing.
    pub(crate) fn verify(&self) -> Result<(), Refused> {
        let holds = match self.format {
            "none" => self.says_nothing(),
            "packed" => self.packed(),
            "fido-u2f" => self.u2f(),
            "apple" => self.apple(),
            "android-key" => self.android(),
            "tpm" => self.tpm(),
            _ => Some(()),
        };
        holds.ok_or(Refused::Attestation)
    }

    fn says_nothing(&self) -> Option<()> {
        matches!(self.fields, Value::Map(entries) if entries.is_empty()).then_some(())
    }

    /// What most statements sign: authenticator data and client data.
    fn signed(&self) -> Vec<u8> {
        [self.data, self.client].concat()
    }

    fn algorithm(&self) -> Option<i64> {
        self.fields.get("alg")?.integer()
    }

    fn signature(&self) -> Option<&[u8]> {
        self.fields.get("sig")?.bytes()
    }

    /// The certificates, the authenticator's own first. Those that follow are read by nobody, for want of a root.
    fn certificates(&self) -> Option<&[Value<'_>]> {
        match self.fields.get("x5c")? {
            Value::Array(certificates) => Some(certificates),
            _ => None,
        }
    }

    fn certificate(&self) -> Option<Certificate> {
        Certificate::read(self.certificates()?.first()?.bytes()?)
    }

    /// Signed by the authenticator's own key, or else by the new key itself.
    fn packed(&self) -> Option<()> {
        let (algorithm, signature) = (self.algorithm()?, self.signature()?);
        if self.fields.get("x5c").is_some() {
            let certificate = self.certificate()?;
            let key = certificate.key(algorithm)?;
            key.verify(&self.signed(), signature).ok()?;
            return certificate.is_of_an_authenticator(&self.attested.aaguid);
        }
        let by_itself =
            self.fields.get("ecdaaKeyId").is_none() && self.key.algorithm() == algorithm;
        by_itself.then_some(())?;
        self.key.verify(&self.signed(), signature).ok()
    }

    /// Signed the way authenticators did before there was WebAuthn.
    fn u2f(&self) -> Option<()> {
        let [certificate] = self.certificates()? else {
            return None;
        };
        let certificate = Certificate::read(certificate.bytes()?)?;
        let point = self.key.public();
        let signed = [
            &[0],
            self.data.get(..32)?,
            self.client,
            self.attested.id,
            point.point()?,
        ];
        let key = certificate.key(crate::key::ES256)?;
        (self.key.algorithm() == crate::key::ES256).then_some(())?;
        key.verify(&signed.concat(), self.signature()?).ok()
    }
}
