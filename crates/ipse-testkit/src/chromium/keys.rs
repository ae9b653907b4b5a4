//! Security keys and passkeys that exist only in the browser.

use std::sync::Arc;

use serde_json::{Value, json};

use super::wire::Wire;

/// What an authenticator is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authenticator {
    /// A security key on USB: it is touched, and remembers nothing.
    SecurityKey,
    /// Part of the device: it remembers passkeys and makes sure who uses them.
    Platform,
}

/// The authenticators of a tab. Whoever they belong to touches them at once.
#[derive(Clone, Debug)]
pub struct Authenticators {
    wire: Arc<Wire>,
    session: String,
}

impl Authenticators {
    pub(super) async fn enable(wire: Arc<Wire>, session: String) -> Self {
        let authenticators = Self { wire, session };
        authenticators.call("enable", json!({})).await;
        authenticators
    }

    async fn call(&self, method: &str, parameters: Value) -> Value {
        let method = format!("WebAuthn.{method}");
        self.wire
            .call(Some(&self.session), &method, parameters)
            .await
    }

    /// Plugs one in. Its id is for [`Self::keys`].
    ///
    /// # Panics
    /// When the browser doesn't do as it is told.
    pub async fn add(&self, kind: Authenticator) -> String {
        let platform = kind == Authenticator::Platform;
        let options = json!({
            "protocol": "ctap2",
            "transport": if platform { "internal" } else { "usb" },
            "hasResidentKey": platform,
            "hasUserVerification": platform,
            "isUserVerified": platform,
            "automaticPresenceSimulation": true,
        });
        let added = self
            .call("addVirtualAuthenticator", json!({ "options": options }))
            .await;
        added["authenticatorId"].as_str().expect("an id").to_owned()
    }

    /// Whether the person touches an authenticator that asks for it. Questions that began while nobody did stay open.
    pub async fn touch(&self, id: &str, touched: bool) {
        let touch = json!({ "authenticatorId": id, "enabled": touched });
        self.call("setAutomaticPresenceSimulation", touch).await;
    }

    /// The keys that an authenticator has made.
    ///
    /// # Panics
    /// When the browser doesn't say.
    pub async fn keys(&self, id: &str) -> Vec<Value> {
        let id = json!({ "authenticatorId": id });
        let keys = self.call("getCredentials", id).await;
        keys["credentials"].as_array().expect("a list").clone()
    }
}
