//! What is sent: a one-time secret, and the message that carries it.
//!
//! Whoever asks for a message to an address learns nothing about it: not whether anybody has it, nor whether it has had its
//! share of messages. In all three cases the same is done and written, so that the time it takes tells nothing either.

use ipse_model::{
    AddressStatus, Channel, CourierMessage, Identity, IdentityState, Json, RecoveryAddress,
    Timestamp, Uuid, VerifiableAddress,
};
use ipse_store::{Allowance, Batch, KeyHash, OneTimeCode};
use serde_json::json;

use crate::cx::Cx;
use crate::flow::spent;

/// A one-time secret and the message that carries it. It isn't on its way before a batch has it.
#[derive(Clone, Debug)]
pub struct Letter {
    code: OneTimeCode,
    message: CourierMessage,
    addressee: Addressee,
    allowance: Allowance,
    written_at: Timestamp,
}

/// Who is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Addressee {
    /// Somebody who has the address, or who is to be told that nobody has.
    Somebody,
    /// Nobody: the message goes nowhere.
    Nobody,
}

impl Letter {
    /// A message with what has to come back.
    pub(crate) fn new(
        cx: &Cx,
        code: OneTimeCode,
        message: CourierMessage,
        addressee: Addressee,
    ) -> Self {
        let budget = &cx.config().ipse.message_budget;
        let allowance = Allowance {
            key: allowance_key(code.via, &code.address),
            messages: budget.messages,
            window_ends_at: cx.now + budget.window,
        };
        Self {
            code,
            message,
            addressee,
            allowance,
            written_at: cx.now,
        }
    }

    /// Sends it with what else is written; it has to be counted before.
    fn write(&self, batch: &mut Batch) {
        batch.insert_code(&self.code);
        match self.addressee {
            Addressee::Somebody => batch.enqueue_within(&self.message, &self.allowance),
            Addressee::Nobody => batch
                .look_at_somebody(&self.code.address)
                .enqueue_nowhere(&self.message, &self.allowance),
        };
    }

    /// Sends it with what else is written.
    pub(crate) fn add_to(&self, batch: &mut Batch) {
        batch.count_message(&self.allowance, self.written_at);
        self.write(batch);
    }
}

/// Sends what goes with the next form of a flow. What was sent for the form before can't be used any more, unless there has
/// been so much that nothing is sent now.
pub(crate) fn send(flow_id: Uuid, letters: &[Letter], batch: &mut Batch) {
    let Some(first) = letters.first() else {
        return;
    };
    for letter in letters {
        batch.count_message(&letter.allowance, letter.written_at);
    }
    batch.replace_unused_codes(flow_id, &first.allowance);
    for letter in letters {
        letter.write(batch);
    }
}

/// Counts the messages to an address.
pub(crate) fn allowance_key(via: Channel, address: &str) -> KeyHash {
    spent::key("messages to", format_args!("{} {address}", via.as_str()))
}

/// Stands for the owner of an address that nobody has, in a message that goes nowhere.
pub(crate) fn stand_in(cx: &Cx, (via, address): (Channel, &str)) -> Identity {
    let (id, now) = (cx.random().uuid(), cx.now);
    Identity {
        id,
        schema_id: cx.snapshot.schemas.default_schema().id.clone(),
        state: IdentityState::Active,
        state_changed_at: Some(now),
        traits: Json::from(json!({ "email": address })),
        metadata_public: None,
        metadata_admin: None,
        external_id: None,
        organization_id: None,
        verifiable_addresses: vec![VerifiableAddress {
            id,
            value: address.to_owned(),
            via,
            status: AddressStatus::Sent,
            verified: false,
            verified_at: None,
            created_at: now,
            updated_at: now,
        }],
        recovery_addresses: vec![RecoveryAddress {
            id,
            value: address.to_owned(),
            via,
            created_at: now,
            updated_at: now,
        }],
        created_at: now,
        updated_at: now,
        version: 1,
    }
}
