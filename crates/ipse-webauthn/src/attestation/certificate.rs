//! The certificates of authenticators.

use x509_cert::Version;
use x509_cert::der::Decode;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage};

use crate::key::{Key, Public};

const COUNTRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.6");
const ORGANISATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const UNIT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");
const NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

const CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const OTHER_NAMES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
/// The model of the authenticators that a certificate is for.
const MODEL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.45724.1.1.4");
/// Keys that attest for a TPM.
const TPM: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.133.8.3");

const UNIT_OF_AUTHENTICATORS: &[u8] = b"Authenticator Attestation";

/// A certificate.
pub(super) struct Certificate(x509_cert::Certificate);

impl Certificate {
    /// Reads one; nothing may be left over.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        x509_cert::Certificate::from_der(der).ok().map(Self)
    }

    fn key_info(&self) -> Option<(ObjectIdentifier, Option<ObjectIdentifier>, &[u8])> {
        let info = &self.0.tbs_certificate.subject_public_key_info;
        let parameters = info.algorithm.parameters.as_ref();
        let curve = parameters.and_then(|parameters| parameters.decode_as().ok());
        Some((
            info.algorithm.oid,
            curve,
            info.subject_public_key.as_bytes()?,
        ))
    }

    /// Its key, for signatures of a COSE algorithm.
    pub(super) fn key(&self, algorithm: i64) -> Option<Key<'_>> {
        let (kind, curve, key) = self.key_info()?;
        Key::of_certificate((kind, curve), key, algorithm)
    }

    /// Its key, whatever it signs.
    pub(super) fn public(&self) -> Option<Public<'_>> {
        let (kind, _, key) = self.key_info()?;
        Public::of_certificate(kind, key)
    }

    /// The content of an extension.
    pub(super) fn extension(&self, wanted: ObjectIdentifier) -> Option<&[u8]> {
        let mut extensions = self.0.tbs_certificate.extensions.iter().flatten();
        let found = extensions.find(|extension| extension.extn_id == wanted)?;
        Some(found.extn_value.as_bytes())
    }

    /// Whether the subject has an attribute, and no other value of it than this.
    fn names(&self, attribute: ObjectIdentifier, wanted: Option<&[u8]>) -> bool {
        let parts = self.0.tbs_certificate.subject.0.iter();
        let mut values = parts
            .flat_map(|part| part.0.iter())
            .filter(|given| given.oid == attribute)
            .map(|given| given.value.value())
            .peekable();
        values.peek().is_some() && values.all(|value| wanted.is_none_or(|wanted| value == wanted))
    }

    /// What certificates of authenticators and of TPMs have in common.
    fn is_of_a_device(&self, aaguid: &[u8; 16]) -> Option<()> {
        let certificate = &self.0.tbs_certificate;
        (certificate.version == Version::V3).then_some(())?;
        let constraints = BasicConstraints::from_der(self.extension(CONSTRAINTS)?).ok()?;
        (!constraints.ca).then_some(())?;
        match self.extension(MODEL) {
            // The number, as an octet string.
            Some([4, 16, model @ ..]) => (model == aaguid).then_some(()),
            Some(_) => None,
            None => Some(()),
        }
    }

    /// Whether it is made as those of authenticators of this model are.
    pub(super) fn is_of_an_authenticator(&self, aaguid: &[u8; 16]) -> Option<()> {
        self.is_of_a_device(aaguid)?;
        let named = self.names(UNIT, Some(UNIT_OF_AUTHENTICATORS))
            && [COUNTRY, ORGANISATION, NAME]
                .into_iter()
                .all(|attribute| self.names(attribute, None));
        named.then_some(())
    }

    /// Whether it is made as those of TPMs are.
    pub(super) fn is_of_a_tpm(&self, aaguid: &[u8; 16]) -> Option<()> {
        self.is_of_a_device(aaguid)?;
        let usage = ExtendedKeyUsage::from_der(self.extension(USAGE)?).ok()?;
        let nameless = self.0.tbs_certificate.subject.0.is_empty();
        let named = self.extension(OTHER_NAMES).is_some();
        (usage.0.contains(&TPM) && nameless && named).then_some(())
    }
}
