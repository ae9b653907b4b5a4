//! What the tests of this crate share.

use ipse_model::{CourierMessage, Json, MessageStatus, Timestamp, Uuid};
use serde_json::json;

/// A mail to Ada.
pub(crate) fn message() -> CourierMessage {
    CourierMessage {
        id: Uuid::from_u128(7),
        status: MessageStatus::Queued,
        channel: "email".to_owned(),
        recipient: "ada@example.org".to_owned(),
        subject: "Your code".to_owned(),
        body: "It is 123456.\n".to_owned(),
        body_html: Some("<p>It is 123456.</p>".to_owned()),
        template_type: "recovery_code_valid".to_owned(),
        template_data: Json::from(json!({ "to": "ada@example.org" })),
        send_count: 0,
        next_attempt_at: Timestamp::UNIX_EPOCH,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
    }
}
