//! One-time passwords of authenticator apps (RFC 6238: HMAC-SHA-1, six digits, thirty seconds) and the address that enrols one.

use hmac::{Hmac, KeyInit as _, Mac as _};
use ipse_model::{Random, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use url::Url;

use crate::token::equal;

/// Seconds for which a code is shown.
const PERIOD: i64 = 30;

/// Digits of a code.
const DIGITS: usize = 6;

/// Clocks may differ by this many periods.
const TOLERANCE: i64 = 1;

/// Bytes of a new secret: as many as SHA-1 has.
const SECRET_LENGTH: usize = 20;

/// What may stand in a label as it is. A plus for a space, as forms have it, would be shown by many apps.
const LABEL: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@');

/// The secret that a server and an authenticator app share.
#[derive(Clone, PartialEq, Eq)]
pub struct Totp {
    secret: Vec<u8>,
}

/// Why an `otpauth://` address cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TotpUrlError {
    /// It is no address of this kind or has no secret.
    #[error("it is not an otpauth address of a time-based one-time password")]
    Malformed,
    /// It asks for another digest, length or period.
    #[error("only SHA-1, six digits and thirty seconds are supported")]
    Unsupported,
}

impl Totp {
    /// A fresh secret.
    #[must_use]
    pub fn generate(random: &Random) -> Self {
        Self {
            secret: random.bytes::<SECRET_LENGTH>().to_vec(),
        }
    }

    /// A secret of this many bytes that is known already.
    #[must_use]
    pub fn from_secret(secret: impl Into<Vec<u8>>) -> Self {
        Self {
            secret: secret.into(),
        }
    }

    /// The secret in an `otpauth://totp/…` address, as it is stored.
    ///
    /// # Errors
    /// When the address is not one or asks for what is not supported.
    pub fn from_url(url: &str) -> Result<Self, TotpUrlError> {
        let url = Url::parse(url).map_err(|_| TotpUrlError::Malformed)?;
        if url.scheme() != "otpauth" || url.host_str() != Some("totp") {
            return Err(TotpUrlError::Malformed);
        }
        let mut secret = None;
        for (name, value) in url.query_pairs() {
            let supported = match &*name {
                "secret" => {
                    secret = from_base32(&value);
                    true
                }
                "algorithm" => value.eq_ignore_ascii_case("SHA1"),
                "digits" => value == "6",
                "period" => value == "30",
                _ => true,
            };
            if !supported {
                return Err(TotpUrlError::Unsupported);
            }
        }
        match secret {
            Some(secret) if !secret.is_empty() => Ok(Self { secret }),
            _ => Err(TotpUrlError::Malformed),
        }
    }

    /// The address that enrols an app: what the QR code says and what is stored.
    #[must_use]
    pub fn url(&self, issuer: &str, account: &str) -> String {
        let issuer = utf8_percent_encode(issuer, LABEL);
        let account = utf8_percent_encode(account, LABEL);
        let secret = self.secret_base32();
        format!(
            "otpauth://totp/{issuer}:{account}\
             ?algorithm=SHA1&digits={DIGITS}&issuer={issuer}&period={PERIOD}&secret={secret}"
        )
    }

    /// The secret as people type it into an app that has no camera.
    #[must_use]
    pub fn secret_base32(&self) -> String {
        to_base32(&self.secret)
    }

    /// The period in which `code` is valid, if it is around `now`.
    ///
    /// The caller remembers the period and takes no code of it or an earlier one again.
    #[must_use]
    pub fn check(&self, code: &str, now: Timestamp) -> Option<i64> {
        let current = period(now);
        // All are compared, so that the time taken does not tell which one it was.
        (current - TOLERANCE..=current + TOLERANCE).fold(None, |found, period| {
            let matches = equal(self.code(period), code);
            matches.then_some(period).or(found)
        })
    }

    /// The code that an app shows at `now`.
    #[must_use]
    pub fn code_at(&self, now: Timestamp) -> String {
        self.code(period(now))
    }

    /// RFC 4226: four bytes of the HMAC, from where its last nibble says, as a decimal number.
    fn code(&self, period: i64) -> String {
        let mut mac =
            Hmac::<Sha1>::new_from_slice(&self.secret).expect("HMAC takes keys of any length");
        mac.update(&period.to_be_bytes());
        let hash: [u8; 20] = mac.finalize().into_bytes().into();
        let offset = usize::from(hash[19] & 0x0f);
        let number = hash[offset..offset + 4]
            .iter()
            .fold(0, |number: u32, &byte| number << 8 | u32::from(byte));
        let code = (number & 0x7fff_ffff) % 10_u32.pow(DIGITS as u32);
        format!("{code:0DIGITS$}")
    }
}

impl std::fmt::Debug for Totp {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Totp(…)")
    }
}

fn period(now: Timestamp) -> i64 {
    now.as_second().div_euclid(PERIOD)
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// RFC 4648 without padding.
fn to_base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for chunk in bytes.chunks(5) {
        let mut block = [0; 8];
        block[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(block);
        for digit in 0..(chunk.len() * 8).div_ceil(5) {
            text.push(char::from(BASE32[(bits >> (35 - 5 * digit)) as usize & 31]));
        }
    }
    text
}

/// Reads capitals and small letters, with or without padding.
fn from_base32(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut bits, mut count) = (0_u32, 0);
    for character in text.bytes() {
        let character = character.to_ascii_uppercase();
        let digit = BASE32.iter().position(|&digit| digit == character)?;
        bits = bits << 5 | u32::try_from(digit).ok()?;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn rfc() -> Totp {
        Totp::from_secret(*b"12345678901234567890")
    }

    #[test]
    fn the_counters_of_rfc_4226() {
        let codes = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583",
            "399871", "520489",
        ];
        for (counter, code) in (0..).zip(codes) {
            assert_eq!(rfc().code(counter), code);
        }
    }

    #[test]
    fn the_times_of_rfc_6238() {
        // The last six of the eight digits given there.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(rfc().code_at(at(seconds)), code);
            assert_eq!(rfc().check(code, at(seconds)), Some(seconds / 30));
        }
    }

    #[test]
    fn one_period_either_side_is_taken_and_told() {
        let code = rfc().code_at(at(3000));
        for seconds in [2970, 2999, 3000, 3029, 3030, 3059] {
            assert_eq!(rfc().check(&code, at(seconds)), Some(100), "{seconds}");
        }
        for seconds in [0, 2969, 3060, 30_000] {
            assert_eq!(rfc().check(&code, at(seconds)), None, "{seconds}");
        }
    }

    #[test]
    fn other_texts_are_no_codes() {
        let code = rfc().code_at(at(3000));
        for wrong in [
            "",
            "000000",
            &code[..5],
            &format!("{code}0"),
            &format!(" {code}"),
        ] {
            assert_eq!(rfc().check(wrong, at(3000)), None, "{wrong}");
        }
    }

    #[test]
    fn a_new_secret_has_160_bits() {
        let random = Random::seeded(1);
        let totp = Totp::generate(&random);
        assert_eq!(totp.secret_base32().len(), 32);
        assert_ne!(totp, Totp::generate(&random));
    }

    #[test]
    fn the_address_names_issuer_account_and_parameters() {
        let url = rfc().url("My Shop & Co", "jane doe@example.org");
        assert_eq!(
            url,
            "otpauth://totp/My%20Shop%20%26%20Co:jane%20doe@example.org?algorithm=SHA1&digits=6\
             &issuer=My%20Shop%20%26%20Co&period=30&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        );
        assert_eq!(Totp::from_url(&url), Ok(rfc()));
    }

    #[test]
    fn addresses_of_other_kinds_are_refused() {
        for url in [
            "",
            "https://totp/a?secret=GEZDGNBV",
            "otpauth://hotp/a?secret=GEZDGNBV",
            "otpauth://totp/a",
            "otpauth://totp/a?secret=",
            "otpauth://totp/a?secret=1",
        ] {
            assert_eq!(Totp::from_url(url), Err(TotpUrlError::Malformed), "{url}");
        }
        for parameter in ["algorithm=SHA256", "digits=8", "period=60"] {
            let url = format!("otpauth://totp/a?secret=GEZDGNBV&{parameter}");
            assert_eq!(
                Totp::from_url(&url),
                Err(TotpUrlError::Unsupported),
                "{url}"
            );
        }
        assert!(Totp::from_url("otpauth://totp/a?secret=gezdgnbv").is_ok());
    }

    #[test]
    fn base32_as_in_rfc_4648() {
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(to_base32(bytes.as_bytes()), text);
            assert_eq!(from_base32(text).unwrap(), bytes.as_bytes());
        }
        assert_eq!(from_base32("MZXW6==="), Some(b"foo".to_vec()));
        assert_eq!(from_base32("MZ W6"), None);
    }

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(format!("{:?}", rfc()), "Totp(…)");
    }

    proptest! {
        #[test]
        fn base32_comes_back(bytes: Vec<u8>) {
            prop_assert_eq!(from_base32(&to_base32(&bytes)), Some(bytes));
        }

        #[test]
        fn any_issuer_and_account_come_through(issuer: String, account: String) {
            prop_assert_eq!(Totp::from_url(&rfc().url(&issuer, &account)), Ok(rfc()));
        }

        #[test]
        fn any_text_can_be_checked(code: String, url: String, seconds in -1_000_000_i64..1_000_000) {
            prop_assert_eq!(rfc().check(&code, at(seconds)), None);
            prop_assert!(Totp::from_url(&url).is_err());
        }
    }
}
