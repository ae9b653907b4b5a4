//! Signing in with a code.

use async_trait::async_trait;
use ipse_courier::TemplateData;
use ipse_model::{
    Aal, AuthenticationMethod, Channel, Credentials, CredentialsType, FlowState, Identity, MethodId,
};
use ipse_store::{AddressPurpose, CodePurpose};
use ipse_ui::{Group, InputType, Node, text};

use super::letters::{self, CodeAddress, CodeConfig, Wish};
use super::one_time::{self, Recipient};
use super::{Code, second_factor};
use crate::cx::Cx;
use crate::flow::login::{Proof, Visitor};
use crate::flow::mailed::{self, Addressee, Letter, csrf_node};
use crate::flow::spent::Spent;
use crate::flow::verification::mark_verified;
use crate::flow::{Flow, FlowError, Form, Kind, Login};
use crate::message::{self, Occasion};
use crate::method::password;
use crate::method::{Handles, Step};
use crate::schema;

#[async_trait]
impl Handles<Login> for Code {
    fn claims(&self, form: &Form) -> bool {
        match form.method() {
            Some(method) => method == MethodId::Code.as_str(),
            None => form.fields.contains_key("address"),
        }
    }

    async fn populate(
        &self,
        cx: &Cx,
        flow: &mut Flow<Login>,
        visitor: &Visitor,
    ) -> Result<(), FlowError> {
        if flow.shown.extra.requested_aal == Aal::Aal2 {
            return second_factor::populate(cx, flow, visitor).await;
        }
        if cx.config().selfservice.methods.code.passwordless_enabled {
            let field = password::login::identifier(cx, flow);
            flow.ui().upsert(field);
            let button = Node::submit("method", Group::Code, "code");
            flow.ui().push(button.label(text::login::login_code()));
        }
        Ok(())
    }

    async fn submit(
        &self,
        cx: &Cx,
        flow: &mut Flow<Login>,
        visitor: &Visitor,
        form: &Form,
    ) -> Result<Step<Proof>, FlowError> {
        let sent = flow.shown.state != FlowState::ChooseMethod;
        let step = if flow.shown.state == FlowState::PassedChallenge {
            Err(FlowError::form(Login::no_method()))
        } else if flow.shown.extra.requested_aal == Aal::Aal2 {
            second_factor::submit(cx, flow, visitor, form).await
        } else if cx.config().selfservice.methods.code.passwordless_enabled {
            first_factor(cx, flow, form).await
        } else {
            Err(FlowError::form(Login::no_method()))
        };
        if sent && step.is_err() {
            letters::tidy(flow.ui());
        }
        step
    }
}

async fn first_factor(
    cx: &Cx,
    flow: &mut Flow<Login>,
    form: &Form,
) -> Result<Step<Proof>, FlowError> {
    let identifier = form.text("identifier").unwrap_or_default();
    if identifier.is_empty() {
        return Err(FlowError::node(
            "identifier",
            text::validation::required("identifier"),
        ));
    }
    if flow.shown.state != FlowState::SentEmail {
        flow.ui().set_value("identifier", identifier.clone().into());
        return ask(cx, flow, &identifier).await;
    }
    match letters::wish(form) {
        Ok(Wish::Resend) => ask(cx, flow, &identifier).await,
        Ok(Wish::Compare(code)) => {
            show_identifier(flow, &identifier);
            prove(cx, flow, (&identifier, &code)).await.map(Step::Done)
        }
        Err(error) => {
            if !form.fields.contains_key("resend") {
                show_identifier(flow, &identifier);
            }
            Err(error)
        }
    }
}

/// Somebody who can sign in by code, and where the code goes.
struct Account {
    identity: Identity,
    credentials: Credentials,
    to: CodeAddress,
}

/// Sends a code to the account of that identifier.
async fn ask(cx: &Cx, flow: &mut Flow<Login>, identifier: &str) -> Result<Step<Proof>, FlowError> {
    match find(cx, identifier).await? {
        Some(account) => send(cx, flow, Some(&account.identity), &account.to)?,
        None if hides_accounts(cx) => {
            let to = reach(&schema::normalise_identifier(identifier));
            send(cx, flow, None, &to)?;
        }
        None => return Err(unknown()),
    }
    let mut first: Vec<Node> = flow.ui().find("identifier").cloned().into_iter().collect();
    for input in first.iter_mut().filter_map(Node::as_input_mut) {
        input.input_type = InputType::Hidden;
        input.value = Some(identifier.into());
    }
    show_sent(cx, flow, first);
    Ok(Step::Show)
}

/// Compares the code. It proves that its receiver reads what is sent to the address.
async fn prove(
    cx: &Cx,
    flow: &mut Flow<Login>,
    (identifier, code): (&str, &str),
) -> Result<Proof, FlowError> {
    let account = find(cx, identifier).await?;
    if account.is_none() && !hides_accounts(cx) {
        return Err(unknown());
    }
    let code = compare(cx, flow, code).await?;
    let Some(mut account) = account.filter(|account| code.identity_id == Some(account.identity.id))
    else {
        return Err(wrong());
    };
    mark_verified(cx, &mut account.identity, &code);
    letters::spend(cx, flow, &code, Some(&mut account.identity)).await?;
    Ok(Proof {
        method: AuthenticationMethod::new(MethodId::Code.as_str(), Aal::Aal1, cx.now),
        by: MethodId::Code,
        identity: account.identity,
        credentials: account.credentials,
        update: None,
        upgrade: None,
        spent: Spent::default(),
    })
}

/// Compares a code with those that were sent for this flow.
pub(super) async fn compare(
    cx: &Cx,
    flow: &Flow<Login>,
    code: &str,
) -> Result<ipse_store::OneTimeCode, FlowError> {
    let wrong = text::login::login_code_invalid_or_already_used();
    letters::compare(cx, flow, CodePurpose::Login, (code, wrong)).await
}

fn wrong() -> FlowError {
    FlowError::form(text::login::login_code_invalid_or_already_used())
}

/// Whether nobody is to learn which accounts there are.
fn hides_accounts(cx: &Cx) -> bool {
    cx.config().security.account_enumeration.mitigate
}

/// What is said when nobody can sign in by code with that identifier.
pub(super) fn unknown() -> FlowError {
    FlowError::form(text::validation::no_code_user())
}

async fn find(cx: &Cx, identifier: &str) -> Result<Option<Account>, FlowError> {
    let normalised = schema::normalise_identifier(identifier);
    let found = cx
        .store()
        .identity_by_identifier(&[CredentialsType::Code], &normalised)
        .await?;
    if let Some(found) = found {
        let credential = found.credentials.get(CredentialsType::Code);
        let config: CodeConfig = credential
            .and_then(|credential| credential.config.parse().ok())
            .unwrap_or_default();
        let mut addresses = config.addresses.into_iter();
        let to = addresses
            .find(|to| to.address == normalised)
            .unwrap_or_else(|| reach(&normalised));
        return Ok(Some(Account {
            identity: found.identity,
            credentials: found.credentials,
            to,
        }));
    }
    if !cx
        .config()
        .selfservice
        .methods
        .code
        .config
        .missing_credential_fallback_enabled
    {
        return Ok(None);
    }
    let to = reach(identifier);
    let found = cx
        .store()
        .identities_by_address(AddressPurpose::Verification, &to.address)
        .await?;
    let Some((_, identity)) = found.into_iter().find(|(via, _)| *via == to.channel) else {
        return Ok(None);
    };
    let credentials = cx.store().credentials(identity.id).await?;
    Ok(Some(Account {
        identity,
        credentials,
        to,
    }))
}

/// The address that an identifier is.
fn reach(identifier: &str) -> CodeAddress {
    let channel = if schema::is_phone(identifier) {
        Channel::Sms
    } else {
        Channel::Email
    };
    CodeAddress {
        channel,
        address: schema::normalise_address(channel, identifier),
    }
}

/// Prepares a code for an address of an account; without an account, what looks like it and goes nowhere.
pub(super) fn send(
    cx: &Cx,
    flow: &mut Flow<Login>,
    owner: Option<&Identity>,
    to: &CodeAddress,
) -> Result<(), FlowError> {
    let stand_in = owner
        .is_none()
        .then(|| mailed::stand_in(cx, (to.channel, &to.address)));
    let addressee = match stand_in {
        Some(_) => Addressee::Nobody,
        None => Addressee::Somebody,
    };
    let Some(identity) = owner.or(stand_in.as_ref()) else {
        return Ok(());
    };
    let recipient = Recipient {
        via: to.channel,
        address: &to.address,
        identity_id: owner.map(|owner| owner.id),
    };
    let purpose = (CodePurpose::Login, flow.id());
    let (code, row) = one_time::issue(cx, purpose, recipient, one_time::expiry(cx))?;
    let occasion = Occasion::of(flow, (to.channel, &to.address)).with_headers(cx);
    let data = TemplateData::LoginCodeValid {
        about: occasion.about(),
        identity: message::person(cx, identity)?,
        login_code: code,
        expires_in_minutes: message::minutes_until(cx, row.expires_at),
    };
    let occasion = match addressee {
        Addressee::Nobody => occasion.for_nobody(),
        Addressee::Somebody => occasion,
    };
    let message = message::render(cx, &occasion, &data)?;
    flow.data.letters = vec![Letter::new(cx, row, message, addressee)];
    Ok(())
}

/// The form that asks for the code.
pub(super) fn show_sent(cx: &Cx, flow: &mut Flow<Login>, first: Vec<Node>) {
    let csrf = flow.is_browser().then(|| csrf_node(cx, flow));
    let label = text::node::node_label_login_code();
    letters::show_sent(flow, first, (label, text::login::login_code_sent()));
    flow.ui().nodes.extend(csrf);
}

/// Keeps the identifier in the form.
fn show_identifier(flow: &mut Flow<Login>, identifier: &str) {
    let field = Node::hidden("identifier", Group::Default, identifier);
    match flow.ui().find_mut("identifier") {
        Some(node) => *node = field,
        None => flow.ui().push(field),
    }
}
