//! What a client should do next when a flow is over.

use ipse_model::Uuid;
use serde::Serialize;

/// One thing to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum ContinueWith {
    /// Keep this session token.
    SetOrySessionToken {
        /// The token.
        ory_session_token: String,
    },
    /// Show the verification flow.
    ShowVerificationUi {
        /// Which one.
        flow: NextFlow,
    },
    /// Show the settings flow.
    ShowSettingsUi {
        /// Which one.
        flow: NextFlow,
    },
    /// Show the recovery flow.
    ShowRecoveryUi {
        /// Which one.
        flow: NextFlow,
    },
    /// Send the browser there.
    RedirectBrowserTo {
        /// Where.
        redirect_browser_to: String,
    },
}

/// A flow to show next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NextFlow {
    /// Its id.
    pub id: Uuid,
    /// The address to be verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verifiable_address: Option<String>,
    /// Its page, for browsers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}
