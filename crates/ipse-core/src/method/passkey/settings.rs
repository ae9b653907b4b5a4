//! Adding passkeys, and removing them.

use async_trait::async_trait;
use ipse_model::{Credential, Credentials, CredentialsType, Json, MethodId};
use ipse_ui::text;
use ipse_webauthn::{Refused, Registration, User};

use super::{HANDLE_LENGTH, Passkey, config, method, models, nodes, party, presence, wanted};
use crate::cx::Cx;
use crate::flow::settings::{Change, Owner};
use crate::flow::{Flow, FlowError, Form, Settings, shared};
use crate::method::webauthn::{Bytes, Ceremony, Key, Keys, push_script, refused, unreadable};
use crate::method::{Handles, Step};
use crate::session::aal;

fn filled(form: &Form, name: &str) -> Option<String> {
    form.text(name).filter(|text| !text.is_empty())
}

#[async_trait]
impl Handles<Settings> for Passkey {
    fn claims(&self, form: &Form) -> bool {
        matches!(form.method(), None | Some("passkey"))
            && ["passkey_settings_register", "passkey_remove"]
                .iter()
                .any(|name| filled(form, name).is_some())
    }

    async fn populate(
        &self,
        cx: &Cx,
        flow: &mut Flow<Settings>,
        owner: &Owner,
    ) -> Result<(), FlowError> {
        let browser = flow.is_browser();
        let keys = Keys::of(owner.credentials.get(CredentialsType::Passkey));
        for key in keys.sorted() {
            let last = aal::factors(cx.config(), &owner.credentials).first <= 1;
            let button = nodes::remove(key);
            flow.ui()
                .push(if last { button.disabled() } else { button });
        }
        let handle = cx.random().alphanumeric(HANDLE_LENGTH);
        let (begun, challenge) = Ceremony::creation(cx, handle.as_bytes());
        let name = name(cx, owner)?;
        let user = User {
            handle: handle.as_bytes(),
            name: &name,
        };
        let options = party(cx)?.creation(&challenge, &user, &wanted(config(cx)?));
        nodes::add(flow.ui(), &options, browser);
        if browser {
            push_script(cx, flow.ui());
        }
        flow.data.passkey = Some(begun);
        Ok(())
    }

    async fn submit(
        &self,
        cx: &Cx,
        flow: &mut Flow<Settings>,
        owner: &Owner,
        form: &Form,
    ) -> Result<Step<Change>, FlowError> {
        owner.require_privileged(cx)?;
        let mut credentials = owner.credentials.clone();
        let mut proved = None;
        if let Some(remove) = filled(form, "passkey_remove") {
            take(cx, &mut credentials, &remove)?;
        } else {
            let answer = form.text("passkey_settings_register").unwrap_or_default();
            let key = read(cx, flow.data.passkey.as_ref(), &answer)?;
            add(cx, &mut credentials, key)?;
            proved = Some(method(cx));
        }
        let identity = owner.authenticated.identity.clone();
        Ok(Step::Done(Change {
            method: MethodId::Passkey,
            identity,
            credentials,
            proved,
        }))
    }
}

/// The passkey that an authenticator has made, once it is checked.
pub(super) fn read(cx: &Cx, begun: Option<&Ceremony>, answer: &str) -> Result<Key, FlowError> {
    let answer = Registration::read(answer).map_err(unreadable)?;
    let begun = begun.ok_or_else(|| refused(Refused::Challenge))?;
    let presence = presence(config(cx)?);
    let made = answer
        .verify(&party(cx)?, &begun.challenge()?, presence)
        .map_err(refused)?;
    let display_name = models::name(&made.aaguid).to_owned();
    let user_handle = Bytes(begun.handle());
    Ok(Key {
        is_passwordless: true,
        display_name,
        user_handle,
        ..Key::new(made, cx.now)
    })
}

/// Adds a passkey. The account is found by what each of its passkeys remembers.
pub(super) fn add(cx: &Cx, credentials: &mut Credentials, key: Key) -> Result<(), FlowError> {
    let kind = CredentialsType::Passkey;
    let mut credential = credentials.remove(kind).unwrap_or_else(|| Credential {
        kind,
        identifiers: Vec::new(),
        config: Json::empty_object(),
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    });
    let mut keys = Keys::of(Some(&credential));
    if keys.find(&key.id.0).is_some() {
        return Err(FlowError::form(text::validation::generic(
            "You have added this passkey already.",
        )));
    }
    credential
        .identifiers
        .push(String::from_utf8_lossy(&key.user_handle.0).into_owned());
    keys.user_handle = key.user_handle.clone();
    keys.credentials.push(key);
    credential.config = keys.to_json();
    credential.updated_at = cx.now;
    credentials.set(credential);
    Ok(())
}

fn take(cx: &Cx, credentials: &mut Credentials, name: &str) -> Result<(), FlowError> {
    let unknown = || FlowError::form(text::validation::generic("You have no such passkey."));
    let mut credential = credentials
        .remove(CredentialsType::Passkey)
        .ok_or_else(unknown)?;
    let mut keys = Keys::of(Some(&credential));
    let taken = keys.take(name).ok_or_else(unknown)?;
    let handle = String::from_utf8_lossy(&taken.user_handle.0).into_owned();
    credential
        .identifiers
        .retain(|identifier| *identifier != handle);
    credential.config = keys.to_json();
    credential.updated_at = cx.now;
    if !keys.credentials.is_empty() {
        credentials.set(credential);
    }
    if aal::factors(cx.config(), credentials).first == 0 {
        return Err(FlowError::node(
            "webauthn_remove",
            text::validation::generic(
                "This is the only way into your account that is left. Please add another one first.",
            ),
        ));
    }
    Ok(())
}

/// What the passkey is called where people choose among passkeys.
fn name(cx: &Cx, owner: &Owner) -> Result<String, FlowError> {
    let identity = &owner.authenticated.identity;
    let schema = shared::schema(cx, Some(&identity.schema_id))?;
    let name = schema
        .extract(&identity.traits.to_value())
        .passkey_display_name;
    Ok(name.unwrap_or_else(|| identity.id.to_string()))
}
