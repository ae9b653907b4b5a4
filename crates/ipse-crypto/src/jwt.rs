//! Signing JSON Web Tokens with a private key from a JWK set: for sessions that are handed out as tokens.

mod der;
#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Why a JWK set cannot be signed with.
#[derive(Debug, thiserror::Error)]
pub enum SignerError {
    /// It is no JWK set.
    #[error("it is not a JSON Web Key set: {0}")]
    Malformed(#[source] serde_json::Error),
    /// It has no key that signs.
    #[error("the key set has no private key for signing")]
    NoKey,
    /// The key's algorithm is unknown, or not made for keys of its kind.
    #[error("the algorithm {0:?} cannot be used with this key")]
    Algorithm(String),
    /// A number of the key is missing or damaged.
    #[error("the key's member {0:?} is missing or malformed")]
    Member(&'static str),
    /// The key does not work.
    #[error("the key cannot sign: {0}")]
    Key(#[from] jsonwebtoken::errors::Error),
}

/// Signs with the first private key of a JWK set.
#[derive(Clone, Debug)]
pub struct Signer {
    header: Header,
    key: EncodingKey,
}

impl Signer {
    /// Reads `json`, a JWK set, and tries its first private key out.
    ///
    /// # Errors
    /// When there is no key that can sign.
    pub fn from_jwks(json: impl AsRef<[u8]>) -> Result<Self, SignerError> {
        let set: KeySet = serde_json::from_slice(json.as_ref()).map_err(SignerError::Malformed)?;
        let jwk = set
            .keys
            .into_iter()
            .find(Jwk::can_sign)
            .ok_or(SignerError::NoKey)?;
        let algorithm = jwk.algorithm()?;
        let key = jwk.encoding_key()?;
        if !key.family().algorithms().contains(&algorithm) {
            let name = jwk.alg.unwrap_or_default();
            return Err(SignerError::Algorithm(name));
        }
        let mut header = Header::new(algorithm);
        header.kid = jwk.kid;
        let signer = Self { header, key };
        // A key with wrong numbers only shows when it is used; better at start-up than at a request.
        signer.sign(&Map::new())?;
        Ok(signer)
    }

    /// A token with these claims and nothing else.
    ///
    /// # Errors
    /// When the key refuses to sign, which [`Signer::from_jwks`] has tried.
    pub fn sign(&self, claims: &Map<String, Value>) -> Result<String, SignerError> {
        Ok(jsonwebtoken::encode(&self.header, claims, &self.key)?)
    }

    /// The name of the key, which stands in the tokens' header.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Jwk>,
}

/// RFC 7517 and 7518, as far as signing needs it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Jwk {
    kty: String,
    crv: String,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    kid: Option<String>,
    k: Option<String>,
    d: Option<String>,
    n: Option<String>,
    e: Option<String>,
    p: Option<String>,
    q: Option<String>,
    dp: Option<String>,
    dq: Option<String>,
    qi: Option<String>,
}

impl Jwk {
    fn can_sign(&self) -> bool {
        let private = if self.kty == "oct" { &self.k } else { &self.d };
        private.is_some()
            && self
                .purpose
                .as_deref()
                .is_none_or(|purpose| purpose == "sig")
    }

    /// What the key says, else what keys of its kind are usually for.
    fn algorithm(&self) -> Result<Algorithm, SignerError> {
        let name = match (&self.alg, self.kty.as_str(), self.crv.as_str()) {
            (Some(alg), ..) => alg,
            (None, "RSA", _) => "RS256",
            (None, "EC", "P-256") => "ES256",
            (None, "EC", "P-384") => "ES384",
            (None, "OKP", "Ed25519") => "EdDSA",
            (None, "oct", _) => "HS256",
            _ => "",
        };
        let algorithm: Algorithm = name
            .parse()
            .map_err(|_| SignerError::Algorithm(name.to_owned()))?;
        let other_curve = match algorithm {
            Algorithm::ES256 => self.crv != "P-256",
            Algorithm::ES384 => self.crv != "P-384",
            Algorithm::EdDSA => self.crv != "Ed25519",
            _ => false,
        };
        if other_curve {
            return Err(SignerError::Algorithm(name.to_owned()));
        }
        Ok(algorithm)
    }

    fn encoding_key(&self) -> Result<EncodingKey, SignerError> {
        Ok(match self.kty.as_str() {
            "RSA" => EncodingKey::from_rsa_der(&self.rsa()?),
            "EC" => {
                let (curve, length) = match self.crv.as_str() {
                    "P-256" => (der::P256, 32),
                    _ => (der::P384, 48),
                };
                let d = padded(member("d", self.d.as_ref())?, length)?;
                EncodingKey::from_ec_der(&der::ec_key(curve, &d))
            }
            "OKP" => {
                let d = padded(member("d", self.d.as_ref())?, 32)?;
                EncodingKey::from_ed_der(&der::ed25519_key(&d))
            }
            _ => EncodingKey::from_secret(&member("k", self.k.as_ref())?),
        })
    }

    fn rsa(&self) -> Result<Vec<u8>, SignerError> {
        let numbers = [
            member("n", self.n.as_ref())?,
            member("e", self.e.as_ref())?,
            member("d", self.d.as_ref())?,
            member("p", self.p.as_ref())?,
            member("q", self.q.as_ref())?,
            member("dp", self.dp.as_ref())?,
            member("dq", self.dq.as_ref())?,
            member("qi", self.qi.as_ref())?,
        ];
        Ok(der::rsa_key(&numbers))
    }
}

fn member(name: &'static str, value: Option<&String>) -> Result<Vec<u8>, SignerError> {
    let value = value.ok_or(SignerError::Member(name))?;
    let bytes = URL_SAFE_NO_PAD.decode(value.trim_end_matches('='));
    match bytes {
        Ok(bytes) if !bytes.is_empty() => Ok(bytes),
        _ => Err(SignerError::Member(name)),
    }
}

/// A private number with the zeros in front that some libraries leave out.
fn padded(number: Vec<u8>, length: usize) -> Result<Vec<u8>, SignerError> {
    let missing = length
        .checked_sub(number.len())
        .ok_or(SignerError::Member("d"))?;
    Ok([vec![0; missing], number].concat())
}
