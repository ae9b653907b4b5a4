//! Passkeys: keys that know by themselves whose they are.

mod login;
mod models;
mod nodes;
mod registration;
mod settings;

use ipse_config::selfservice::webauthn::{PasskeyConfig, Requirement};
use ipse_model::{Aal, AuthenticationMethod, MethodId};
use ipse_webauthn::{Creation, Party, Presence};

use super::{Method, webauthn};
use crate::cx::Cx;
use crate::flow::FlowError;

/// The method.
#[derive(Debug)]
pub struct Passkey;

impl Method for Passkey {
    fn id(&self) -> MethodId {
        MethodId::Passkey
    }
}

/// How long browsers wait for a passkey unless the configuration says otherwise, in milliseconds.
const TIMEOUT: u64 = 300_000;
/// Characters of what a passkey remembers of its account.
const HANDLE_LENGTH: usize = 64;

fn config(cx: &Cx) -> Result<&PasskeyConfig, FlowError> {
    let config = cx.config().selfservice.methods.passkey.config.as_ref();
    config.ok_or_else(|| super::switched_off().into())
}

/// This site, as passkeys know it.
///
/// # Errors
/// When the configuration doesn't say; it is refused at start then.
fn party(cx: &Cx) -> Result<Party, FlowError> {
    let rp = config(cx)?.rp.as_ref().ok_or_else(super::switched_off)?;
    let mut origins: Vec<String> = rp
        .origins
        .iter()
        .map(|origin| webauthn::as_browsers_write(origin))
        .collect();
    if origins.is_empty() {
        origins.push(webauthn::as_browsers_write(&cx.snapshot.public_base_url));
    }
    Ok(Party {
        id: rp.id.clone(),
        name: rp.display_name.clone(),
        origins,
    })
}

/// What a passkey should be like.
fn wanted(config: &PasskeyConfig) -> Creation<'_> {
    let selection = &config.authenticator_selection;
    Creation {
        attachment: Some(
            selection
                .attachment
                .as_ref()
                .map_or("platform", |wanted| wanted.as_str()),
        ),
        resident_key: Some(selection.resident_key.as_str()),
        user_verification: selection.user_verification.as_str(),
        attestation: config.attestation.preference.as_str(),
        timeout: milliseconds(config.timeouts.registration),
    }
}

fn milliseconds(configured: Option<std::time::Duration>) -> u64 {
    configured.map_or(TIMEOUT, |wait| {
        u64::try_from(wait.as_millis()).unwrap_or(TIMEOUT)
    })
}

/// Whether the authenticator has to make sure who uses it.
fn presence(config: &PasskeyConfig) -> Presence {
    match config.authenticator_selection.user_verification {
        Requirement::Required => Presence::Verified,
        Requirement::Preferred | Requirement::Discouraged => Presence::Touch,
    }
}

/// How a session remembers a passkey.
fn method(cx: &Cx) -> AuthenticationMethod {
    AuthenticationMethod::new(MethodId::Passkey.as_str(), Aal::Aal1, cx.now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_are_remembered_by_the_platform_unless_configured() {
        let config = PasskeyConfig::default();
        let wanted = wanted(&config);
        assert_eq!(
            (wanted.attachment, wanted.resident_key),
            (Some("platform"), Some("required"))
        );
        assert_eq!(
            (wanted.user_verification, wanted.timeout),
            ("preferred", 300_000)
        );
        assert_eq!(presence(&config), Presence::Touch);
    }
}
