//! Client data: what the browser says about the ceremony.

use serde::Deserialize;
use subtle::ConstantTimeEq as _;

use crate::answer::Refused;
use crate::{Party, from_base64url};

/// Shortest challenge that the protocol allows.
const SHORTEST_CHALLENGE: usize = 16;

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
        challenge: &[u8],
    ) -> Result<(), Refused> {
        if self.ceremony != ceremony {
            return Err(Refused::Ceremony);
        }
        let given = from_base64url(&self.challenge).ok_or(Refused::Challenge)?;
        // What can be guessed is no challenge.
        if challenge.len() < SHORTEST_CHALLENGE || !bool::from(given.ct_eq(challenge)) {
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
