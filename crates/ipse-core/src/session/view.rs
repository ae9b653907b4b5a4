//! A session as JSON.

use std::borrow::Cow;

use ipse_model::{
    Aal, AuthenticationMethod, Device, Identity, IdentityState, Session, Timestamp, Uuid,
};
use serde::Serialize;

use crate::Cx;
use crate::identity::view::Public;

/// A session as a client sees it. Nothing of it is built up as a tree first: this is on the hottest path there is.
#[derive(Serialize)]
pub struct View<'a> {
    id: Uuid,
    active: bool,
    expires_at: Timestamp,
    authenticated_at: Timestamp,
    authenticator_assurance_level: Aal,
    authentication_methods: &'a [AuthenticationMethod],
    issued_at: Timestamp,
    identity: Option<Public<'a>>,
    devices: Option<Cow<'a, [Device]>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokenized: Option<&'a str>,
}

impl<'a> View<'a> {
    /// A session with its identity and its devices, as its owner sees it.
    #[must_use]
    pub fn new(cx: &Cx, session: &'a Session, identity: &'a Identity) -> Self {
        Self {
            identity: Some(Public::new(identity, &cx.snapshot)),
            devices: Some(Cow::Borrowed(&session.devices)),
            ..Self::bare(session, Some(identity), cx.now)
        }
    }

    /// A session as lists show it: the addresses of its identity are left out.
    pub(super) fn listed(cx: &Cx, session: &'a Session, identity: &'a Identity) -> Self {
        let identity_view = Public::new(identity, &cx.snapshot).without_addresses();
        Self {
            identity: Some(identity_view),
            devices: Some(Cow::Borrowed(&session.devices)),
            ..Self::bare(session, Some(identity), cx.now)
        }
    }

    /// A session alone. Whether it counts depends on its identity, too, where that is known.
    pub(super) fn bare(session: &'a Session, identity: Option<&Identity>, now: Timestamp) -> Self {
        Self {
            id: session.id,
            active: session.is_active(now)
                && identity.is_none_or(|identity| identity.state == IdentityState::Active),
            expires_at: session.expires_at,
            authenticated_at: session.authenticated_at,
            authenticator_assurance_level: session.aal,
            authentication_methods: &session.authentication_methods,
            issued_at: session.issued_at,
            identity: None,
            devices: None,
            tokenized: None,
        }
    }

    /// With another device after the stored ones: what the answer to a refresh or step-up shows of the client.
    #[must_use]
    pub fn with_device(mut self, device: Device) -> Self {
        self.devices.get_or_insert_default().to_mut().push(device);
        self
    }

    /// With its identity.
    pub(super) fn with_identity(self, cx: &Cx, identity: &'a Identity) -> Self {
        Self {
            identity: Some(Public::new(identity, &cx.snapshot)),
            ..self
        }
    }

    /// With these devices.
    pub(super) fn with_devices(self, devices: &'a [Device]) -> Self {
        Self {
            devices: Some(Cow::Borrowed(devices)),
            ..self
        }
    }

    /// Without saying whose it is: for sessions that lack a factor.
    #[must_use]
    pub fn without_identity(self) -> Self {
        Self {
            identity: None,
            ..self
        }
    }

    /// Without saying anything of devices.
    pub(super) fn without_devices(self) -> Self {
        Self {
            devices: None,
            ..self
        }
    }

    /// With a JSON Web Token made from it.
    pub(super) fn with_token(self, token: &'a str) -> Self {
        Self {
            tokenized: Some(token),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use ipse_model::SignedDuration;
    use serde_json::json;

    use super::*;
    use crate::identity::tests::sample;

    fn shown(view: &View<'_>) -> serde_json::Value {
        serde_json::to_value(view).unwrap()
    }

    #[test]
    fn a_bare_session_has_neither_identity_nor_devices() {
        let session = sample::session();
        assert_eq!(
            shown(&View::bare(&session, None, session.issued_at)),
            json!({
                "id": session.id,
                "active": true,
                "expires_at": "2026-01-03T03:04:05Z",
                "authenticated_at": "2026-01-02T03:04:05Z",
                "authenticator_assurance_level": "aal1",
                "authentication_methods": [
                    { "method": "password", "aal": "aal1", "completed_at": "2026-01-02T03:04:05Z" }
                ],
                "issued_at": "2026-01-02T03:04:05Z",
                "identity": null,
                "devices": null,
            })
        );
    }

    #[test]
    fn it_counts_only_until_it_ends_and_only_while_its_identity_is_active() {
        let session = sample::session();
        let mut identity = sample::identity();
        let at = |identity: Option<&Identity>, now| View::bare(&session, identity, now).active;
        let last = session.expires_at - SignedDuration::from_secs(1);
        assert!(at(Some(&identity), last));
        assert!(!at(Some(&identity), session.expires_at));
        identity.state = IdentityState::Inactive;
        assert!(!at(Some(&identity), last));
        assert!(at(None, last));
    }

    #[test]
    fn a_revoked_session_is_not_active() {
        let session = Session {
            active: false,
            ..sample::session()
        };
        assert!(!View::bare(&session, None, session.issued_at).active);
    }

    #[test]
    fn another_device_is_shown_without_being_kept() {
        let session = sample::session();
        let extra = Device {
            id: Uuid::nil(),
            ..session.devices[0].clone()
        };
        let view = View::bare(&session, None, session.issued_at)
            .with_devices(&session.devices)
            .with_device(extra);
        assert_eq!(shown(&view)["devices"].as_array().unwrap().len(), 2);
        assert_eq!(shown(&view)["devices"][1]["id"], json!(Uuid::nil()));
        assert_eq!(session.devices.len(), 1);
    }

    #[test]
    fn a_token_is_shown_when_there_is_one() {
        let session = sample::session();
        let view = View::bare(&session, None, session.issued_at).with_token("a.b.c");
        assert_eq!(shown(&view)["tokenized"], "a.b.c");
    }
}
