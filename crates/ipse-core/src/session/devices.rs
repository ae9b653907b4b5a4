//! Where a session is used from. A session remembers the device it was issued to; later proofs don't add any.

use ipse_model::{Device, Uuid};

use crate::Cx;

/// The client of this request, as a device to be remembered.
#[must_use]
pub fn current(cx: &Cx) -> Device {
    Device {
        id: cx.random().uuid(),
        ..another(cx)
    }
}

/// The client of this request, as a device that is shown in this answer only. It has the nil id.
#[must_use]
pub fn another(cx: &Cx) -> Device {
    Device {
        id: Uuid::nil(),
        ip_address: cx.client.ip_address.clone(),
        user_agent: cx.client.user_agent.clone(),
        location: cx.client.location.clone(),
    }
}
