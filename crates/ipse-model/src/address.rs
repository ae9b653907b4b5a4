//! Addresses of an identity: those that can be verified and those that lead back in when a credential is lost.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How a message reaches an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// E-mail.
    Email,
    /// Text message to a phone number in E.164 form.
    Sms,
}

impl Channel {
    /// The name used in schemas and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
        }
    }
}

/// How far the verification of an address has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AddressStatus {
    /// Nothing has been sent yet.
    Pending,
    /// A code or link is on its way.
    Sent,
    /// The holder has proved to read it.
    Completed,
}

/// An address whose holder can prove to read what is sent there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerifiableAddress {
    /// Stays the same while the value stays the same.
    pub id: Uuid,
    /// The address itself, normalised.
    pub value: String,
    /// Whether it has been proved.
    pub verified: bool,
    /// Its channel.
    pub via: Channel,
    /// How far the proof has come.
    pub status: AddressStatus,
    /// When it was proved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<Timestamp>,
    /// When the identity got it.
    pub created_at: Timestamp,
    /// When any of this last changed.
    pub updated_at: Timestamp,
}

/// An address that a recovery code or link may be sent to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecoveryAddress {
    /// Stays the same while the value stays the same.
    pub id: Uuid,
    /// The address itself, normalised.
    pub value: String,
    /// Its channel.
    pub via: Channel,
    /// When the identity got it.
    pub created_at: Timestamp,
    /// When any of this last changed.
    pub updated_at: Timestamp,
}
