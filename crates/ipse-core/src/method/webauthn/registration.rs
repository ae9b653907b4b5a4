//! Signing up with a security key instead of a password.

use async_trait::async_trait;
use ipse_model::{Aal, Credential, CredentialsType, Json, MethodId, Uuid};
use ipse_ui::text;
use ipse_webauthn::User;

use super::keys::{Bytes, Key, Keys};
use super::settings::{WANTED, read};
use super::{Ceremony, Webauthn, is_passwordless, method, nodes, party};
use crate::cx::Cx;
use crate::flow::registration::{NewAccount, Screen, Visitor};
use crate::flow::{Flow, FlowError, Form, Kind, Registration};
use crate::identity::{self, Draft};
use crate::method::{Handles, Step, profile};

fn filled(form: &Form, name: &str) -> Option<String> {
    form.text(name).filter(|text| !text.is_empty())
}

#[async_trait]
impl Handles<Registration> for Webauthn {
    fn claims(&self, form: &Form) -> bool {
        form.method() == Some("webauthn")
            || (form.method().is_none() && filled(form, "webauthn_register").is_some())
    }

    async fn populate(
        &self,
        cx: &Cx,
        flow: &mut Flow<Registration>,
        _: &Visitor,
    ) -> Result<(), FlowError> {
        if !flow.is_browser() || !is_passwordless(cx) || flow.data.screen == Screen::Profile {
            return Ok(());
        }
        let party = party(cx)?;
        let handle = cx.random().uuid();
        let (begun, challenge) = Ceremony::creation(cx, handle.as_bytes());
        let user = User {
            handle: handle.as_bytes(),
            name: &party.name,
        };
        let options = party.creation(&challenge, &user, &WANTED);
        let label = text::registration::registration_register_webauthn();
        nodes::register(cx, flow.ui(), &options, label);
        flow.data.webauthn = Some(begun);
        Ok(())
    }

    async fn submit(
        &self,
        cx: &Cx,
        flow: &mut Flow<Registration>,
        _: &Visitor,
        form: &Form,
    ) -> Result<Step<NewAccount>, FlowError> {
        if !flow.is_browser() || !is_passwordless(cx) {
            return Err(FlowError::form(Registration::no_method()));
        }
        let schema = flow.schema(cx)?;
        let traits = profile::read_traits(&schema, flow, form);
        let name = form
            .text("webauthn_register_displayname")
            .unwrap_or_default();
        flow.ui()
            .set_value("webauthn_register_displayname", name.clone().into());
        let Some(answer) = filled(form, "webauthn_register") else {
            let missing = text::validation::required("webauthn_register");
            return Err(FlowError::node("webauthn_register", missing));
        };
        let begun = flow.data.webauthn.as_ref();
        let key = read(cx, begun, &answer)?;
        let handle = begun.map(Ceremony::handle).unwrap_or_default();
        let key = Key {
            is_passwordless: true,
            display_name: name,
            ..key
        };
        let keys = Keys {
            credentials: vec![key],
            user_handle: Bytes(handle.clone()),
        };
        let mut draft = Draft::new(&*schema.id, traits);
        draft.credentials.set(credential(cx, keys.to_json()));
        let (mut identity, credentials) =
            identity::create(cx, draft).map_err(profile::complaints)?;
        // The key remembers the account by the id that it has from now on.
        identity.id = Uuid::from_slice(&handle).unwrap_or(identity.id);
        let found = credentials.get(CredentialsType::Webauthn);
        if found.is_none_or(|credential| credential.identifiers.is_empty()) {
            return Err(FlowError::form(text::validation::identifier_missing()));
        }
        Ok(Step::Done(NewAccount {
            identity,
            credentials,
            method: method(cx, Aal::Aal1),
            by: MethodId::Webauthn,
        }))
    }
}

fn credential(cx: &Cx, config: Json) -> Credential {
    Credential {
        kind: CredentialsType::Webauthn,
        identifiers: Vec::new(),
        config,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    }
}
