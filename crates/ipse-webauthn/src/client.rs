//! Client data: what the browser says about the ceremony.

use serde::Deserialize;
use subtle::ConstantTimeEq as _;

use crate::answer::Refused;
use crate::{Challenge, Party, from_base64url};

/// What the browser says.
#[derive(Debug, Deserialize)]
pub(crate) struct Client {
    #[serde(rename = "type")]
    ceremony: String,
    challenge: String,
    origin: String,
    #[serde(default, rename = "crossOrigin")]
    cross_origin: bool,
}

impl Client {
    /// Whether this is the ceremony that was asked for, on a page of this relying party.
    pub(crate) fn check(
        &self,
        ceremony: &str,
        party: &Party,
        challenge: &Challenge,
    ) -> Result<(), Refused> {
        if self.ceremony != ceremony {
            return Err(Refused::Ceremony);
        }
        let given = from_base64url(&self.challenge).ok_or(Refused::Challenge)?;
        if !bool::from(given.ct_eq(challenge)) {
            return Err(Refused::Challenge);
        }
        if !party.origins.contains(&self.origin) {
            return Err(Refused::Origin);
        }
        if self.cross_origin {
            return Err(Refused::Embedded);
        }
        Ok(())
    }
}
