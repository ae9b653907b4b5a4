//! A code as second factor: to one of the account's own addresses.

use ipse_model::{CredentialsType, FlowState, MethodId};
use ipse_ui::{Group, Node, text};

use super::letters::{self, CodeAddress, CodeConfig, Wish};
use super::login::{compare, send, show_sent, unknown};
use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::login::{Proof, Visitor, second_factor};
use crate::flow::spent::Spent;
use crate::flow::verification::mark_verified;
use crate::flow::{Flow, FlowError, Form, Login};
use crate::method::Step;
use crate::session::{Authenticated, aal};

/// Offers the addresses. Where there is nothing to choose, the code is sent at once.
pub(super) async fn populate(
    cx: &Cx,
    flow: &mut Flow<Login>,
    visitor: &Visitor,
) -> Result<(), FlowError> {
    if !cx.config().selfservice.methods.code.mfa_enabled {
        return Ok(());
    }
    let Ok(giver) = second_factor::giver(flow, visitor) else {
        return Ok(());
    };
    let credentials = cx.store().credentials(giver.identity.id).await?;
    let addresses = addresses(cx, giver).await?;
    let only_codes = aal::factors(cx.config(), &credentials).second <= addresses.len();
    let chosen = match cx.request.query("via").filter(|via| !via.is_empty()) {
        Some(via) => Some(of_trait(giver, via, &addresses)?),
        None => addresses
            .first()
            .filter(|_| addresses.len() == 1 && only_codes)
            .cloned(),
    };
    match chosen {
        Some(chosen) => send_to(cx, flow, giver, &chosen),
        None => {
            flow.ui().nodes.extend(addresses.iter().map(|to| {
                Node::submit("address", Group::Code, to.address.as_str()).label(label(to))
            }));
            Ok(())
        }
    }
}

/// Works on a submission.
pub(super) async fn submit(
    cx: &Cx,
    flow: &mut Flow<Login>,
    visitor: &Visitor,
    form: &Form,
) -> Result<Step<Proof>, FlowError> {
    let giver = second_factor::giver(flow, visitor)?;
    if !cx.config().selfservice.methods.code.mfa_enabled {
        return Err(FlowError::form(<Login as crate::flow::Kind>::no_method()));
    }
    if flow.shown.state == FlowState::SentEmail
        && let Wish::Compare(code) = letters::wish(form)?
    {
        return prove(cx, flow, giver, &code).await.map(Step::Done);
    }
    let wanted = ["address", "identifier"]
        .into_iter()
        .filter_map(|name| form.text(name));
    let Some(wanted) = wanted.into_iter().find(|wanted| !wanted.is_empty()) else {
        return Err(FlowError::node(
            "identifier",
            text::validation::required("identifier"),
        ));
    };
    let addresses = addresses(cx, giver).await?;
    let wanted = crate::schema::normalise_identifier(&wanted);
    let chosen = addresses
        .iter()
        .find(|to| to.address == wanted)
        .ok_or_else(unknown)?;
    send_to(cx, flow, giver, chosen)?;
    Ok(Step::Show)
}

async fn prove(
    cx: &Cx,
    flow: &mut Flow<Login>,
    giver: &Authenticated,
    code: &str,
) -> Result<Proof, FlowError> {
    let code = compare(cx, flow, code).await?;
    if code.identity_id != Some(giver.identity.id) {
        return Err(unknown());
    }
    let credentials = cx.store().credentials(giver.identity.id).await?;
    let mut identity = giver.identity.clone();
    mark_verified(cx, &mut identity, &code);
    letters::spend(cx, flow, &code, Some(&mut identity)).await?;
    let mut proof =
        second_factor::proof(cx, giver, credentials, (MethodId::Code, Spent::default()));
    proof.identity = identity;
    Ok(proof)
}

fn send_to(
    cx: &Cx,
    flow: &mut Flow<Login>,
    giver: &Authenticated,
    to: &CodeAddress,
) -> Result<(), FlowError> {
    send(cx, flow, Some(&giver.identity), to)?;
    let chosen = Node::hidden("identifier", Group::Code, to.address.as_str()).label(label(to));
    show_sent(cx, flow, vec![chosen]);
    Ok(())
}

fn label(to: &CodeAddress) -> ipse_ui::Message {
    text::login::login_aal2_code_address(&to.address, to.channel.as_str())
}

/// The addresses that a code may be sent to, in a stable order.
async fn addresses(cx: &Cx, giver: &Authenticated) -> Result<Vec<CodeAddress>, FlowError> {
    let credentials = cx.store().credentials(giver.identity.id).await?;
    let credential = credentials.get(CredentialsType::Code);
    let config: CodeConfig = credential
        .and_then(|credential| credential.config.parse().ok())
        .unwrap_or_default();
    let mut addresses = config.addresses;
    if addresses.is_empty()
        && cx
            .config()
            .selfservice
            .methods
            .code
            .config
            .missing_credential_fallback_enabled
    {
        addresses = giver
            .identity
            .verifiable_addresses
            .iter()
            .map(|address| CodeAddress {
                channel: address.via,
                address: address.value.clone(),
            })
            .collect();
    }
    addresses.sort_by(|a, b| a.address.cmp(&b.address));
    Ok(addresses)
}

/// The address that is the value of a trait.
fn of_trait(
    giver: &Authenticated,
    name: &str,
    addresses: &[CodeAddress],
) -> Result<CodeAddress, ApiError> {
    let traits = giver.identity.traits.to_value();
    let path = format!("/{}", name.replace('.', "/"));
    let value = traits.pointer(&path).and_then(serde_json::Value::as_str);
    let value = value.map(crate::schema::normalise_identifier);
    let found = addresses
        .iter()
        .find(|to| Some(&to.address) == value.as_ref());
    found.cloned().ok_or_else(|| {
        ApiError::bad_request(format!("The account has no address in the trait {name}."))
    })
}
