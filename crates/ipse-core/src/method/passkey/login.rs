//! Signing in with a passkey.

use async_trait::async_trait;
use ipse_model::{Aal, Credential, CredentialsType, MethodId, Uuid};
use ipse_store::Found;
use ipse_ui::{Group, Node, text};
use ipse_webauthn::{Assertion, Request};

use super::{Passkey, config, method, milliseconds, nodes, party, presence};
use crate::cx::Cx;
use crate::flow::login::{Proof, Visitor};
use crate::flow::{Flow, FlowError, Form, Kind, Login};
use crate::method::webauthn::{Answered, Ceremony, Keys, confirm, push_script, unreadable};
use crate::method::{Handles, Step, password};

#[async_trait]
impl Handles<Login> for Passkey {
    fn claims(&self, form: &Form) -> bool {
        form.method() == Some("passkey")
            || (form.method().is_none()
                && form
                    .text("passkey_login")
                    .is_some_and(|answer| !answer.is_empty()))
    }

    async fn populate(
        &self,
        cx: &Cx,
        flow: &mut Flow<Login>,
        visitor: &Visitor,
    ) -> Result<(), FlowError> {
        if flow.shown.extra.requested_aal == Aal::Aal2 {
            return Ok(());
        }
        let mut ids = Vec::new();
        let again = flow.shown.extra.refresh;
        if let (true, Some(visitor)) = (again, visitor) {
            let credentials = cx.store().credentials(visitor.identity.id).await?;
            ids = Keys::of(credentials.get(CredentialsType::Passkey)).ids(true);
            if ids.is_empty() {
                return Ok(());
            }
            let name = credentials
                .iter()
                .filter(|credential| credential.kind != CredentialsType::Passkey)
                .find_map(|credential| credential.identifiers.first());
            let name = name.cloned().unwrap_or_default();
            flow.ui()
                .upsert(Node::hidden("identifier", Group::Default, name));
        } else {
            let field = password::login::identifier(cx, flow).autocomplete("username webauthn");
            flow.ui().upsert(field);
        }
        let browser = flow.is_browser();
        if browser {
            push_script(cx, flow.ui());
        }
        let settings = config(cx)?;
        let (begun, challenge) = Ceremony::login(cx);
        let wanted = Request {
            keys: &ids,
            user_verification: settings.authenticator_selection.user_verification.as_str(),
            timeout: milliseconds(settings.timeouts.login),
        };
        let options = party(cx)?.request(&challenge, &wanted);
        nodes::login(flow.ui(), &options, browser, !again);
        flow.data.passkey = Some(begun);
        Ok(())
    }

    async fn submit(
        &self,
        cx: &Cx,
        flow: &mut Flow<Login>,
        _: &Visitor,
        form: &Form,
    ) -> Result<Step<Proof>, FlowError> {
        if flow.shown.extra.requested_aal == Aal::Aal2 {
            return Err(FlowError::form(Login::no_method()));
        }
        let answer = form
            .text("passkey_login")
            .filter(|answer| !answer.is_empty());
        let Some(answer) = answer else {
            // A form that was sent without its script: the page has it.
            return Ok(Step::Leave(flow.page(cx)));
        };
        let assertion = Assertion::read(&answer).map_err(unreadable)?;
        let unknown = || FlowError::form(text::validation::such_no_webauthn_user());
        let found = owner(cx, &assertion).await?.ok_or_else(unknown)?;
        let (credential, alone) = holder(&found, &assertion).ok_or_else(unknown)?;
        let wrong = || FlowError::form(text::validation::totp_verifier_wrong());
        if !alone {
            return Err(wrong());
        }
        let answered = Answered {
            party: &party(cx)?,
            begun: flow.data.passkey.as_ref().ok_or_else(wrong)?,
            assertion: &assertion,
            credential,
            presence: presence(config(cx)?),
            until: flow.shown.expires_at,
        };
        let spent = confirm(cx, found.identity.id, &answered)?;
        Ok(Step::Done(Proof {
            method: method(cx),
            by: MethodId::Passkey,
            identity: found.identity,
            credentials: found.credentials,
            update: None,
            upgrade: None,
            spent,
        }))
    }
}

/// The account that the key remembers: passkeys know a name that was made for them, security keys the account's id.
async fn owner(cx: &Cx, assertion: &Assertion) -> Result<Option<Found>, FlowError> {
    let Some(handle) = assertion.user_handle.as_deref() else {
        return Ok(None);
    };
    if let Ok(id) = Uuid::from_slice(handle) {
        let found = cx.store().identity_with_credentials(id).await?;
        let kind = CredentialsType::Webauthn;
        return Ok(found.map(|(identity, credentials)| Found {
            kind,
            identity,
            credentials,
        }));
    }
    let Ok(handle) = std::str::from_utf8(handle) else {
        return Ok(None);
    };
    Ok(cx
        .store()
        .identity_by_identifier(&[CredentialsType::Passkey], handle)
        .await?)
}

/// The credential that has the key, and whether that signs in alone.
fn holder<'a>(found: &'a Found, assertion: &Assertion) -> Option<(&'a Credential, bool)> {
    [CredentialsType::Passkey, CredentialsType::Webauthn]
        .into_iter()
        .find_map(|kind| {
            let credential = found.credentials.get(kind)?;
            let alone = Keys::of(Some(credential))
                .find(&assertion.id)?
                .is_passwordless;
            Some((credential, alone || kind == CredentialsType::Passkey))
        })
}
