//! Signing up with a code.

use async_trait::async_trait;
use ipse_courier::TemplateData;
use ipse_model::{Aal, AuthenticationMethod, Credentials, CredentialsType, FlowState, MethodId};
use ipse_store::CodePurpose;
use ipse_ui::{Group, InputType, Node, text};
use serde_json::Value;

use super::Code;
use super::letters::{self, CodeAddress, CodeConfig, Wish};
use super::one_time::{self, Recipient};
use crate::cx::Cx;
use crate::flow::mailed::{Addressee, Letter};
use crate::flow::registration::{NewAccount, Screen, Visitor};
use crate::flow::verification::mark_verified;
use crate::flow::{Flow, FlowError, Form, Kind, Registration};
use crate::identity::{self, Draft};
use crate::message::{self, Occasion};
use crate::method::profile;
use crate::method::{Handles, Step};

/// What the button says that leads back to the choice of a credential.
const BACK: &str = "credential-selection";

#[async_trait]
impl Handles<Registration> for Code {
    async fn populate(
        &self,
        cx: &Cx,
        flow: &mut Flow<Registration>,
        _: &Visitor,
    ) -> Result<(), FlowError> {
        let on = cx.config().selfservice.methods.code.passwordless_enabled;
        if on && flow.data.screen != Screen::Profile {
            let button = Node::submit("method", Group::Code, "code");
            flow.ui()
                .push(button.label(text::registration::registration_register_code()));
        }
        Ok(())
    }

    async fn submit(
        &self,
        cx: &Cx,
        flow: &mut Flow<Registration>,
        visitor: &Visitor,
        form: &Form,
    ) -> Result<Step<NewAccount>, FlowError> {
        let sent = flow.shown.state != FlowState::ChooseMethod;
        let step = decide(cx, flow, visitor, form).await;
        if sent && !matches!(step, Ok(Step::Show)) {
            letters::tidy(flow.ui());
        }
        step
    }
}

async fn decide(
    cx: &Cx,
    flow: &mut Flow<Registration>,
    visitor: &Visitor,
    form: &Form,
) -> Result<Step<NewAccount>, FlowError> {
    let on = cx.config().selfservice.methods.code.passwordless_enabled;
    if !on || flow.shown.state == FlowState::PassedChallenge {
        return Err(FlowError::form(Registration::no_method()));
    }
    let schema = flow.schema(cx)?;
    if form.text("screen").as_deref() == Some(BACK) && flow.data.screen == Screen::Credentials {
        let traits = profile::read_traits(&schema, flow, form);
        profile::registration::show(cx, flow, visitor, &traits).await?;
        return Ok(Step::Show);
    }
    let wish = match flow.shown.state {
        FlowState::SentEmail => letters::wish(form)?,
        _ => Wish::Resend,
    };
    let traits = profile::read_traits(&schema, flow, form);
    let draft = Draft::new(&*schema.id, traits.clone());
    let (identity, credentials) = identity::create(cx, draft).map_err(profile::complaints)?;
    let account = NewAccount {
        identity,
        credentials,
        method: AuthenticationMethod::new(MethodId::Code.as_str(), Aal::Aal1, cx.now),
        by: MethodId::Code,
    };
    match wish {
        Wish::Resend => ask(cx, flow, &account.credentials, traits),
        Wish::Compare(code) => prove(cx, flow, account, (&traits, &code))
            .await
            .map(Step::Done),
    }
}

/// Sends a code to every address that the account could be signed in with.
fn ask(
    cx: &Cx,
    flow: &mut Flow<Registration>,
    credentials: &Credentials,
    traits: Value,
) -> Result<Step<NewAccount>, FlowError> {
    let credential = credentials.get(CredentialsType::Code);
    let config: CodeConfig = credential
        .and_then(|credential| credential.config.parse().ok())
        .unwrap_or_default();
    if config.addresses.is_empty() {
        return Err(FlowError::form(text::validation::identifier_missing()));
    }
    let letters = config
        .addresses
        .iter()
        .map(|to| letter(cx, flow, to, &traits));
    flow.data.letters = letters.collect::<Result<_, _>>()?;
    flow.data.code_sent_for = Some(traits);
    let shared = |node: &&Node| node.name() == "csrf_token" || node.name().starts_with("traits.");
    let mut first: Vec<Node> = flow.ui().nodes.iter().filter(shared).cloned().collect();
    for input in first.iter_mut().filter_map(Node::as_input_mut) {
        input.input_type = InputType::Hidden;
    }
    let label = text::node::node_label_registration_code();
    let message = text::registration::registration_email_with_code_sent();
    letters::show_sent(flow, first, (label, message));
    if flow.data.screen == Screen::Credentials {
        let back = Node::submit("screen", Group::Profile, BACK);
        flow.ui()
            .push(back.label(text::registration::registration_back()));
    }
    Ok(Step::Show)
}

fn letter(
    cx: &Cx,
    flow: &Flow<Registration>,
    to: &CodeAddress,
    traits: &Value,
) -> Result<Letter, FlowError> {
    let recipient = Recipient {
        via: to.channel,
        address: &to.address,
        identity_id: None,
    };
    let purpose = (CodePurpose::Registration, flow.id());
    let (code, row) = one_time::issue(cx, purpose, recipient, one_time::expiry(cx))?;
    let occasion = Occasion::of(flow, (to.channel, &to.address)).with_headers(cx);
    let data = TemplateData::RegistrationCodeValid {
        about: occasion.about(),
        traits: traits.clone(),
        registration_code: code,
        expires_in_minutes: message::minutes_until(cx, row.expires_at),
    };
    let message = message::render(cx, &occasion, &data)?;
    Ok(Letter::new(cx, row, message, Addressee::Somebody))
}

/// Compares the code. It proves that its receiver reads what is sent to the address.
async fn prove(
    cx: &Cx,
    flow: &mut Flow<Registration>,
    mut account: NewAccount,
    (traits, code): (&Value, &str),
) -> Result<NewAccount, FlowError> {
    if flow.data.code_sent_for.as_ref() != Some(traits) {
        return Err(FlowError::form(text::validation::traits_mismatch()));
    }
    let wrong = text::registration::registration_code_invalid_or_already_used();
    let code = letters::compare(cx, flow, CodePurpose::Registration, (code, wrong)).await?;
    mark_verified(cx, &mut account.identity, &code);
    letters::spend(cx, flow, &code, None).await?;
    Ok(account)
}
