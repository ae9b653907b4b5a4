//! Signing in with a security key, or confirming with one.

use async_trait::async_trait;
use ipse_model::{Aal, Credentials, CredentialsType, Identity, MethodId};
use ipse_ui::{Group, Node, text};
use ipse_webauthn::{Assertion, Presence, Request};

use super::ceremony::{self, Answered};
use super::keys::Keys;
use super::settings::unreadable;
use super::{Ceremony, TIMEOUT, Webauthn, is_passwordless, method, nodes, party};
use crate::cx::Cx;
use crate::flow::login::{Proof, Visitor};
use crate::flow::{Flow, FlowError, Form, Kind, Login};
use crate::method::{Handles, Step, password};
use crate::schema::normalise_identifier;

#[async_trait]
impl Handles<Login> for Webauthn {
    fn claims(&self, form: &Form) -> bool {
        form.method() == Some("webauthn")
            || (form.method().is_none()
                && form
                    .text("webauthn_login")
                    .is_some_and(|answer| !answer.is_empty()))
    }

    async fn populate(
        &self,
        cx: &Cx,
        flow: &mut Flow<Login>,
        visitor: &Visitor,
    ) -> Result<(), FlowError> {
        if !flow.is_browser() {
            return Ok(());
        }
        let second = flow.shown.extra.requested_aal == Aal::Aal2;
        match visitor {
            Some(visitor) if second || flow.shown.extra.refresh => {
                let credentials = cx.store().credentials(visitor.identity.id).await?;
                ask_again(cx, flow, &credentials, !second)
            }
            _ if is_passwordless(cx) && !second => {
                let field = password::login::identifier(cx, flow);
                flow.ui().upsert(field);
                nodes::push_script(cx, flow.ui());
                flow.ui().push(nodes::go_on());
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn submit(
        &self,
        cx: &Cx,
        flow: &mut Flow<Login>,
        visitor: &Visitor,
        form: &Form,
    ) -> Result<Step<Proof>, FlowError> {
        let second = flow.shown.extra.requested_aal == Aal::Aal2;
        if !flow.is_browser() || !(second || is_passwordless(cx)) {
            return Err(FlowError::form(Login::no_method()));
        }
        let given = form.text("identifier").filter(|given| !given.is_empty());
        let Some(given) = given else {
            return Err(FlowError::node(
                "identifier",
                text::validation::required("identifier"),
            ));
        };
        let (identity, credentials) = match visitor {
            Some(visitor) if second => {
                let credentials = cx.store().credentials(visitor.identity.id).await?;
                (visitor.identity.clone(), credentials)
            }
            _ => find(cx, &given).await?,
        };
        let answer = form
            .text("webauthn_login")
            .filter(|answer| !answer.is_empty());
        match answer {
            Some(answer) => prove(cx, flow, (identity, credentials), &answer).map(Step::Done),
            None => ask(cx, flow, (&given, &credentials), !second),
        }
    }
}

/// Somebody who can sign in with a key.
async fn find(cx: &Cx, given: &str) -> Result<(Identity, Credentials), FlowError> {
    let unknown = || FlowError::form(text::validation::such_no_webauthn_user());
    let identifier = normalise_identifier(given);
    let kinds = [CredentialsType::Webauthn];
    let found = cx
        .store()
        .identity_by_identifier(&kinds, &identifier)
        .await?;
    let found = found.ok_or_else(unknown)?;
    let keys = Keys::of(found.credentials.get(CredentialsType::Webauthn));
    if keys.ids(true).is_empty() {
        return Err(unknown());
    }
    Ok((found.identity, found.credentials))
}

/// Asks somebody who is known for one of their keys.
fn ask_again(
    cx: &Cx,
    flow: &mut Flow<Login>,
    credentials: &Credentials,
    passwordless: bool,
) -> Result<(), FlowError> {
    let Some(credential) = credentials.get(CredentialsType::Webauthn) else {
        return Ok(());
    };
    let ids = Keys::of(Some(credential)).ids(passwordless);
    if ids.is_empty() {
        return Ok(());
    }
    let identifier = credential.identifiers.first().cloned().unwrap_or_default();
    flow.ui()
        .upsert(Node::hidden("identifier", Group::Default, identifier));
    let (begun, options) = question(cx, &ids)?;
    flow.ui().push(nodes::answer());
    nodes::push_script(cx, flow.ui());
    flow.ui()
        .push(nodes::ask(&options, text::login::login_webauthn()));
    flow.data.webauthn = Some(begun);
    Ok(())
}

fn question(cx: &Cx, ids: &[Vec<u8>]) -> Result<(Ceremony, serde_json::Value), FlowError> {
    let (begun, challenge) = Ceremony::login(cx);
    let wanted = Request {
        keys: ids,
        user_verification: "discouraged",
        timeout: TIMEOUT,
    };
    Ok((begun, party(cx)?.request(&challenge, &wanted)))
}

/// The second screen of signing in: whoever was named on the first shows a key.
fn ask(
    cx: &Cx,
    flow: &mut Flow<Login>,
    (given, credentials): (&str, &Credentials),
    passwordless: bool,
) -> Result<Step<Proof>, FlowError> {
    let ids = Keys::of(credentials.get(CredentialsType::Webauthn)).ids(passwordless);
    if ids.is_empty() {
        return Err(FlowError::form(text::validation::no_webauthn_device()));
    }
    let (begun, options) = question(cx, &ids)?;
    let csrf = flow.ui().find("csrf_token").cloned();
    flow.ui().nodes.clear();
    flow.ui()
        .push(Node::hidden("identifier", Group::Default, given).required());
    flow.ui().nodes.extend(csrf);
    nodes::push_script(cx, flow.ui());
    flow.ui()
        .push(nodes::ask(&options, text::login::login_continue()));
    flow.ui().push(nodes::answer());
    flow.ui().say(text::login::login_webauthn_passwordless());
    flow.data.webauthn = Some(begun);
    Ok(Step::Reload)
}

fn prove(
    cx: &Cx,
    flow: &Flow<Login>,
    (identity, credentials): (Identity, Credentials),
    answer: &str,
) -> Result<Proof, FlowError> {
    let second = flow.shown.extra.requested_aal == Aal::Aal2;
    let wrong = || FlowError::form(text::validation::totp_verifier_wrong());
    let assertion = Assertion::read(answer).map_err(unreadable)?;
    let Some(credential) = credentials.get(CredentialsType::Webauthn) else {
        return Err(FlowError::form(text::validation::no_webauthn_device()));
    };
    let key = Keys::of(Some(credential))
        .find(&assertion.id)
        .map(|key| key.is_passwordless);
    if key.is_none_or(|passwordless| passwordless == second) {
        return Err(wrong());
    }
    let answered = Answered {
        party: &party(cx)?,
        begun: flow.data.webauthn.as_ref().ok_or_else(wrong)?,
        assertion: &assertion,
        credential,
        presence: Presence::Touch,
        until: flow.shown.expires_at,
    };
    let spent = ceremony::confirm(cx, identity.id, &answered)?;
    Ok(Proof {
        method: method(cx, if second { Aal::Aal2 } else { Aal::Aal1 }),
        by: MethodId::Webauthn,
        identity,
        credentials,
        update: None,
        upgrade: None,
        spent,
    })
}
