//! Private keys in the DER forms that the signing library reads: PKCS #1 for RSA, PKCS #8 for curves.

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// 1.2.840.10045.2.1, as it is encoded.
const EC_PUBLIC_KEY: &[u8] = &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

/// 1.3.101.112
const ED25519: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70];

/// 1.2.840.10045.3.1.7
pub(super) const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// 1.3.132.0.34
pub(super) const P384: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];

/// RSAPrivateKey of `[n, e, d, p, q, dp, dq, qi]`.
pub(super) fn rsa_key(numbers: &[Vec<u8>; 8]) -> Vec<u8> {
    let mut body = integer(&[0]);
    for number in numbers {
        body.extend(integer(number));
    }
    tagged(SEQUENCE, &body)
}

/// PrivateKeyInfo around an ECPrivateKey with nothing but the number.
pub(super) fn ec_key(curve: &[u8], number: &[u8]) -> Vec<u8> {
    let key = [integer(&[1]), tagged(OCTET_STRING, number)].concat();
    private_key_info(&[EC_PUBLIC_KEY, curve].concat(), &tagged(SEQUENCE, &key))
}

/// PrivateKeyInfo around the seed.
pub(super) fn ed25519_key(seed: &[u8]) -> Vec<u8> {
    private_key_info(ED25519, &tagged(OCTET_STRING, seed))
}

fn private_key_info(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    let body = [
        integer(&[0]),
        tagged(SEQUENCE, algorithm),
        tagged(OCTET_STRING, key),
    ]
    .concat();
    tagged(SEQUENCE, &body)
}

/// An unsigned number: no superfluous zeros, but one where the first bit would make it negative.
fn integer(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|&&byte| byte == 0).count();
    let number = &number[zeros..];
    let positive = number.first().is_some_and(|&byte| byte < 0x80);
    let sign: &[u8] = if positive { &[] } else { &[0] };
    tagged(INTEGER, &[sign, number].concat())
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut encoded = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => encoded.push(short),
        _ => {
            let bytes = length.to_be_bytes();
            let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
            encoded.push(0x80 | (bytes.len() - zeros) as u8);
            encoded.extend_from_slice(&bytes[zeros..]);
        }
    }
    encoded.extend_from_slice(content);
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_minimal_and_positive() {
        assert_eq!(integer(&[0]), [2, 1, 0]);
        assert_eq!(integer(&[]), [2, 1, 0]);
        assert_eq!(integer(&[0, 0, 5]), [2, 1, 5]);
        assert_eq!(integer(&[0x80]), [2, 2, 0, 0x80]);
    }

    #[test]
    fn lengths_are_short_or_long() {
        assert_eq!(tagged(4, &[7; 127])[..2], [4, 127]);
        assert_eq!(tagged(4, &[7; 128])[..3], [4, 0x81, 128]);
        assert_eq!(tagged(4, &[7; 300])[..4], [4, 0x82, 1, 44]);
    }
}
