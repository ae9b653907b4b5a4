//! Security keys: a second factor, or the only one where the configuration says so.

mod ceremony;
mod keys;
mod login;
mod nodes;
mod registration;
mod settings;

use ipse_config::selfservice::webauthn::WebauthnConfig;
use ipse_model::{Aal, AuthenticationMethod, MethodId};
use ipse_webauthn::Party;

pub use ceremony::Ceremony;
pub(super) use ceremony::{Answered, confirm, refused};
pub use ipse_webauthn::SCRIPT;
pub(super) use keys::{Bytes, Key, Keys};
pub(super) use nodes::push_script;
pub(super) use settings::unreadable;

use super::Method;
use crate::cx::Cx;
use crate::flow::FlowError;

/// The method.
#[derive(Debug)]
pub struct Webauthn;

impl Method for Webauthn {
    fn id(&self) -> MethodId {
        MethodId::Webauthn
    }
}

/// How long browsers wait for a key, in milliseconds.
const TIMEOUT: u64 = 120_000;

fn config(cx: &Cx) -> Option<&WebauthnConfig> {
    cx.config().selfservice.methods.webauthn.config.as_ref()
}

/// Whether a key signs in alone.
pub(super) fn is_passwordless(cx: &Cx) -> bool {
    config(cx).is_some_and(|config| config.passwordless)
}

/// This site, as security keys know it.
///
/// # Errors
/// When the configuration doesn't say; it is refused at start then.
fn party(cx: &Cx) -> Result<Party, FlowError> {
    let rp = config(cx)
        .and_then(|config| config.rp.as_ref())
        .ok_or_else(super::switched_off)?;
    let mut origins: Vec<String> = rp.origins.iter().flatten().map(origin).collect();
    origins.extend(rp.origin.as_ref().map(origin));
    if origins.is_empty() {
        origins.push(format!("https://{}", rp.id));
    }
    Ok(Party {
        id: rp.id.clone(),
        name: rp.display_name.clone(),
        origins,
    })
}

fn origin(url: &url::Url) -> String {
    as_browsers_write(url.as_str())
}

/// An origin without path. Those of apps aren't addresses of the web and stay as they are.
pub(super) fn as_browsers_write(origin: &str) -> String {
    match url::Url::parse(origin) {
        Ok(url) if url.has_host() => url.origin().ascii_serialization(),
        _ => origin.to_owned(),
    }
}

/// How a session remembers a key.
fn method(cx: &Cx, aal: Aal) -> AuthenticationMethod {
    AuthenticationMethod::new(MethodId::Webauthn.as_str(), aal, cx.now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_compared_as_browsers_write_them() {
        for (configured, written) in [
            ("https://Example.org/", "https://example.org"),
            ("http://localhost:4455/x", "http://localhost:4455"),
            ("android:apk-key-hash:aB-c_9", "android:apk-key-hash:aB-c_9"),
        ] {
            assert_eq!(as_browsers_write(configured), written);
            let parsed = url::Url::parse(configured).unwrap();
            assert_eq!(origin(&parsed), written);
        }
    }
}
