//! Keys whose own certificate says where they were made: Apple's and Android's.

use ring::digest::{SHA256, digest};
use x509_cert::der::asn1::ObjectIdentifier;

use super::Statement;
use super::der::{Elements, OCTETS, SEQUENCE, tagged};

const APPLE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113635.100.8.2");
const ANDROID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.1.17");

// What an Android key may do, by the tags of its description.
const PURPOSES: u32 = tagged(1);
const ALL_APPLICATIONS: u32 = tagged(600);
const ORIGIN: u32 = tagged(702);
/// The purpose of signing, as an integer.
const SIGNING: &[u8] = &[2, 1, 2];
/// Made by the device, as an integer.
const GENERATED: &[u8] = &[2, 1, 0];

impl Statement<'_> {
    /// The certificate of the new key holds the hash of what is attested.
    pub(super) fn apple(&self) -> Option<()> {
        let certificate = self.certificate()?;
        let mut outer = Elements(certificate.extension(APPLE)?);
        let mut inner = Elements(outer.expect(SEQUENCE)?);
        let nonce = Elements(inner.expect(tagged(1))?).expect(OCTETS)?;
        let expected = digest(&SHA256, &self.signed());
        let same_key = certificate.public()? == self.key.public();
        (nonce == expected.as_ref() && same_key).then_some(())
    }

    /// Signed by the new key, whose certificate describes it.
    pub(super) fn android(&self) -> Option<()> {
        let certificate = self.certificate()?;
        (certificate.public()? == self.key.public()).then_some(())?;
        let key = certificate.key(self.algorithm()?)?;
        key.verify(&self.signed(), self.signature()?).ok()?;
        let mut outer = Elements(certificate.extension(ANDROID)?);
        // Versions and levels of security come first.
        let mut description = Elements(outer.expect(SEQUENCE)?).skip(4);
        let (OCTETS, challenge) = description.next()? else {
            return None;
        };
        let mut lists = description.skip(1);
        let (software, hardware) = (lists.next()?, lists.next()?);
        let lists = [software, hardware].into_iter();
        let fine = lists.map(|(tag, list)| tag == SEQUENCE && permitted(list));
        (challenge == self.client && fine.into_iter().all(|fine| fine)).then_some(())
    }
}

/// Whether a list of what a key may do is that of a key for one app, to sign with, that never was elsewhere.
fn permitted(list: &[u8]) -> bool {
    Elements(list).all(|(tag, content)| match tag {
        ALL_APPLICATIONS => false,
        ORIGIN => content == GENERATED,
        PURPOSES => content.windows(SIGNING.len()).any(|part| part == SIGNING),
        _ => true,
    })
}
