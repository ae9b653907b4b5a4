//! Adding security keys, and removing them.

use async_trait::async_trait;
use ipse_model::{Aal, Credential, Credentials, CredentialsType, MethodId};
use ipse_ui::text;
use ipse_webauthn::{Creation, Presence, Registration, User};

use super::keys::{Bytes, Key, Keys};
use super::{Ceremony, TIMEOUT, Webauthn, is_passwordless, method, nodes, party, refused};
use crate::cx::Cx;
use crate::flow::settings::{Change, Owner};
use crate::flow::{Flow, FlowError, Form, Kind, Settings};
use crate::method::{Handles, Step};
use crate::session::aal;

/// A field that is there and not empty.
fn filled(form: &Form, name: &str) -> Option<String> {
    form.text(name).filter(|text| !text.is_empty())
}

#[async_trait]
impl Handles<Settings> for Webauthn {
    fn claims(&self, form: &Form) -> bool {
        matches!(form.method(), None | Some("webauthn"))
            && ["webauthn_register", "webauthn_remove"]
                .iter()
                .any(|name| filled(form, name).is_some())
    }

    async fn populate(
        &self,
        cx: &Cx,
        flow: &mut Flow<Settings>,
        owner: &Owner,
    ) -> Result<(), FlowError> {
        if !flow.is_browser() {
            return Ok(());
        }
        let keys = Keys::of(owner.credentials.get(CredentialsType::Webauthn));
        for key in keys.sorted() {
            let button = nodes::remove(key);
            let last =
                key.is_passwordless && aal::factors(cx.config(), &owner.credentials).first <= 1;
            flow.ui()
                .push(if last { button.disabled() } else { button });
        }
        let party = party(cx)?;
        let handle = owner.authenticated.identity.id.as_bytes().to_vec();
        let (begun, challenge) = Ceremony::creation(cx, &handle);
        let user = User {
            handle: &handle,
            name: &party.name,
        };
        let options = party.creation(&challenge, &user, &WANTED);
        let label = text::settings::settings_register_webauthn();
        nodes::register(cx, flow.ui(), &options, label);
        flow.data.webauthn = Some(begun);
        Ok(())
    }

    async fn submit(
        &self,
        cx: &Cx,
        flow: &mut Flow<Settings>,
        owner: &Owner,
        form: &Form,
    ) -> Result<Step<Change>, FlowError> {
        if !flow.is_browser() {
            return Err(FlowError::form(Settings::no_method()));
        }
        let name = filled(form, "webauthn_register_displayname");
        let remove = filled(form, "webauthn_remove");
        if remove.is_none() && name.is_none() {
            let field = "webauthn_register_displayname";
            return Err(FlowError::node(field, text::validation::required(field)));
        }
        owner.require_privileged(cx)?;
        let mut credentials = owner.credentials.clone();
        let mut proved = None;
        if let Some(remove) = remove {
            take(cx, &mut credentials, &remove)?;
        } else {
            let passwordless = is_passwordless(cx);
            let key = register(cx, flow, form)?;
            let key = Key {
                is_passwordless: passwordless,
                display_name: name.unwrap_or_default(),
                ..key
            };
            add(cx, &mut credentials, key, owner)?;
            proved = Some(method(cx, if passwordless { Aal::Aal1 } else { Aal::Aal2 }));
        }
        let identity = owner.authenticated.identity.clone();
        Ok(Step::Done(Change {
            method: MethodId::Webauthn,
            identity,
            credentials,
            proved,
        }))
    }
}

/// What a security key should be like.
pub(super) const WANTED: Creation<'static> = Creation {
    attachment: None,
    resident_key: None,
    user_verification: "discouraged",
    attestation: "none",
    timeout: TIMEOUT,
};

fn register(cx: &Cx, flow: &Flow<Settings>, form: &Form) -> Result<Key, FlowError> {
    let answer = form.text("webauthn_register").unwrap_or_default();
    read(cx, flow.data.webauthn.as_ref(), &answer)
}

/// The key that an authenticator has made, once it is checked.
pub(super) fn read(cx: &Cx, begun: Option<&Ceremony>, answer: &str) -> Result<Key, FlowError> {
    let answer = Registration::read(answer).map_err(unreadable)?;
    let begun = begun.ok_or_else(|| refused(ipse_webauthn::Refused::Challenge))?;
    let made = answer
        .verify(&party(cx)?, &begun.challenge()?, Presence::Touch)
        .map_err(refused)?;
    Ok(Key::new(made, cx.now))
}

/// What is said of an answer that is none.
pub(crate) fn unreadable(error: ipse_webauthn::Malformed) -> FlowError {
    let said = format!("The browser's answer can't be read: {error}.");
    FlowError::form(text::validation::generic(&said))
}

fn add(cx: &Cx, credentials: &mut Credentials, key: Key, owner: &Owner) -> Result<(), FlowError> {
    let kind = CredentialsType::Webauthn;
    let mut keys = Keys::of(credentials.get(kind));
    if keys.find(&key.id.0).is_some() {
        return Err(FlowError::form(text::validation::generic(
            "You have added this key already.",
        )));
    }
    keys.credentials.push(key);
    let identity_id = owner.authenticated.identity.id;
    keys.user_handle = Bytes(identity_id.as_bytes().to_vec());
    let mut credential = credentials.remove(kind).unwrap_or_else(|| Credential {
        kind,
        identifiers: vec![identity_id.to_string()],
        config: ipse_model::Json::empty_object(),
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    });
    credential.config = keys.to_json();
    credential.updated_at = cx.now;
    credentials.set(credential);
    Ok(())
}

fn take(cx: &Cx, credentials: &mut Credentials, name: &str) -> Result<(), FlowError> {
    let before = aal::factors(cx.config(), credentials).first;
    let credential = credentials.get_mut(CredentialsType::Webauthn);
    let mut keys = Keys::of(credential.as_deref());
    let (Some(_), Some(credential)) = (keys.take(name), credential) else {
        return Err(FlowError::form(text::validation::generic(
            "You have no such security key.",
        )));
    };
    credential.config = keys.to_json();
    credential.updated_at = cx.now;
    if before > 0 && aal::factors(cx.config(), credentials).first == 0 {
        return Err(FlowError::node(
            "webauthn_remove",
            text::validation::generic(
                "This is the only way into your account that is left. Please add another one first.",
            ),
        ));
    }
    Ok(())
}
