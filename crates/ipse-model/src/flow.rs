//! Flows as the store keeps them: what is common to all five, and two JSON bodies that only `ipse-core` looks into.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Json;

/// The five self-service flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FlowName {
    /// Signing in.
    Login,
    /// Signing up.
    Registration,
    /// Changing one's own account.
    Settings,
    /// Getting back in.
    Recovery,
    /// Proving an address.
    Verification,
}

impl FlowName {
    /// The name in paths, configuration and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Registration => "registration",
            Self::Settings => "settings",
            Self::Recovery => "recovery",
            Self::Verification => "verification",
        }
    }
}

/// Who drives a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FlowClient {
    /// A browser: cookies, CSRF tokens, redirects.
    Browser,
    /// A native app: session tokens, JSON.
    Api,
}

impl FlowClient {
    /// The name in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Api => "api",
        }
    }
}

/// How far a flow has come. Which of them occur depends on the flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowState {
    /// Login and registration: a method is to be chosen.
    ChooseMethod,
    /// Settings: the form is shown.
    ShowForm,
    /// Settings: a change has been saved.
    Success,
    /// A message with a code or link is on its way.
    SentEmail,
    /// Recovery with a choice: an address is to be typed.
    RecoveryAwaitingAddress,
    /// Recovery with a choice: one of the account's addresses is to be chosen.
    RecoveryAwaitingAddressChoice,
    /// Recovery with a choice: the chosen address is to be typed in full.
    RecoveryConfirmingAddress,
    /// Recovery with a choice: a code is on its way.
    RecoveryAwaitingCode,
    /// The proof was accepted.
    PassedChallenge,
}

/// One row of the table of flows.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowRecord {
    /// Its id; a bearer secret for native clients, so never guessable.
    pub id: Uuid,
    /// Which flow it is.
    pub name: FlowName,
    /// Whose it is, once known (always for settings).
    pub identity_id: Option<Uuid>,
    /// When it was started.
    pub issued_at: Timestamp,
    /// When it can't be used any more.
    pub expires_at: Timestamp,
    /// The JSON object a client may see (without the identity, which is added when it is shown).
    pub public: Json,
    /// What only the server needs.
    pub private: Json,
    /// Counts the changes; a write names the version it was made from and fails when another came first.
    pub version: i64,
}
