//! Signing up with a passkey.

use async_trait::async_trait;
use ipse_model::MethodId;
use ipse_ui::text;
use ipse_webauthn::User;
use serde_json::json;

use super::settings::{add, read};
use super::{HANDLE_LENGTH, Passkey, config, method, nodes, party, wanted};
use crate::cx::Cx;
use crate::flow::registration::{NewAccount, Screen, Visitor};
use crate::flow::{Flow, FlowError, Form, Registration};
use crate::identity::{self, Draft};
use crate::method::webauthn::{Ceremony, push_script};
use crate::method::{Handles, Step, profile};

fn answer(form: &Form) -> Option<String> {
    form.text("passkey_register")
        .filter(|text| !text.is_empty())
}

#[async_trait]
impl Handles<Registration> for Passkey {
    fn claims(&self, form: &Form) -> bool {
        form.method() == Some("passkey") || (form.method().is_none() && answer(form).is_some())
    }

    async fn populate(
        &self,
        cx: &Cx,
        flow: &mut Flow<Registration>,
        _: &Visitor,
    ) -> Result<(), FlowError> {
        if flow.data.screen == Screen::Profile {
            return Ok(());
        }
        let browser = flow.is_browser();
        if browser {
            push_script(cx, flow.ui());
        }
        let party = party(cx)?;
        let handle = cx.random().alphanumeric(HANDLE_LENGTH);
        let (begun, challenge) = Ceremony::creation(cx, handle.as_bytes());
        let user = User {
            handle: handle.as_bytes(),
            name: &party.name,
        };
        let options = party.creation(&challenge, &user, &wanted(config(cx)?));
        let schema = flow.schema(cx)?;
        let names = schema.fields.iter().find(|field| field.names_passkeys);
        let data = json!({
            "credentialOptions": options,
            "displayNameFieldName": names.map(|field| &field.name),
        });
        let code = cx.config().selfservice.methods.code.passwordless_enabled;
        nodes::register(flow.ui(), &data, (browser, code));
        flow.data.passkey = Some(begun);
        Ok(())
    }

    async fn submit(
        &self,
        cx: &Cx,
        flow: &mut Flow<Registration>,
        _: &Visitor,
        form: &Form,
    ) -> Result<Step<NewAccount>, FlowError> {
        let schema = flow.schema(cx)?;
        let traits = profile::read_traits(&schema, flow, form);
        let Some(answer) = answer(form) else {
            let missing = text::validation::required("passkey_register");
            return Err(FlowError::node("passkey_register", missing));
        };
        let key = read(cx, flow.data.passkey.as_ref(), &answer)?;
        let mut draft = Draft::new(&*schema.id, traits);
        add(cx, &mut draft.credentials, key)?;
        let (identity, credentials) = identity::create(cx, draft).map_err(profile::complaints)?;
        Ok(Step::Done(NewAccount {
            identity,
            credentials,
            method: method(cx),
            by: MethodId::Passkey,
        }))
    }
}
