//! Messages that the courier has to deliver.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Json;

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageStatus {
    /// Waiting for a worker (or for its next attempt).
    Queued,
    /// Accepted by the mail server or gateway.
    Sent,
    /// Leased by a worker right now.
    Processing,
    /// Given up.
    Abandoned,
}

impl MessageStatus {
    /// The name in JSON and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Processing => "processing",
            Self::Abandoned => "abandoned",
        }
    }
}

/// The channel of messages that go nowhere: they are made so that the work done for an address which nobody has is the work
/// done for any other. They are shown to nobody and soon removed.
pub const NOWHERE: &str = "nowhere";

/// A message in the queue, rendered already: what is sent doesn't depend on when it is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct CourierMessage {
    /// Its id.
    pub id: Uuid,
    /// Where it stands.
    pub status: MessageStatus,
    /// The channel that delivers it: `email`, `sms`, or one that the configuration names.
    pub channel: String,
    /// The address.
    pub recipient: String,
    /// The subject; empty for text messages.
    pub subject: String,
    /// The plain text.
    pub body: String,
    /// The HTML alternative, for e-mail.
    pub body_html: Option<String>,
    /// Which template made it, such as `verification_code_valid`.
    pub template_type: String,
    /// What the template was given, for HTTP channels that render by themselves.
    pub template_data: Json,
    /// Attempts so far.
    pub send_count: i64,
    /// When the next attempt is due.
    pub next_attempt_at: Timestamp,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
