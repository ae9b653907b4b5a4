//! Getting back into an account by a code that is sent to an address of one's choice, of those that the account has.
//!
//! Four screens: an address is typed; if its account has several, one is chosen among them, masked, and typed in full
//! unless it is the one typed before; then the code is typed. Codes only ever go to an address that was typed in full.

use ipse_model::{Channel, FlowState, Identity, MethodId, RecoveryAddress};
use ipse_ui::{Container, Group, InputType, Message, Node, text};

use super::by_mail::{check, send};
use super::nodes;
use super::recovery::code_field;
use crate::cx::Cx;
use crate::flow::mailed::{Decision, Sent, csrf_node, owner_of};
use crate::flow::recovery::Recovery;
use crate::flow::{Flow, FlowError, Form};
use crate::schema;

/// The name of the field for the address that is typed first.
const ADDRESS: &str = "recovery_address";
/// The name of the buttons that choose an address.
const SELECT: &str = "recovery_select_address";
/// The name of the field for the address that was chosen.
const CONFIRM: &str = "recovery_confirm_address";

/// Whether the configuration wants it so.
pub(super) fn is_on(cx: &Cx) -> bool {
    cx.config().feature_flags.choose_recovery_address
}

/// The first screen.
pub(super) fn populate(flow: &mut Flow<Recovery>) {
    flow.shown.state = FlowState::RecoveryAwaitingAddress;
    flow.ui().push(address_field());
    flow.ui().push(nodes::submit());
}

fn address_field() -> Node {
    Node::input(ADDRESS, Group::Code, InputType::Text)
        .required()
        .label(text::node::node_label_recovery_address())
}

/// Works on a submission of any of the screens.
pub(super) async fn submit(
    cx: &Cx,
    flow: &mut Flow<Recovery>,
    form: &Form,
) -> Result<Decision, FlowError> {
    let field = |name: &str| form.text(name).unwrap_or_default();
    let typed = field(ADDRESS);
    let back = field("screen") == "previous";
    match flow.shown.state {
        FlowState::RecoveryAwaitingAddressChoice => choose(cx, flow, &typed, &field(SELECT)).await,
        FlowState::RecoveryConfirmingAddress if back => begin(cx, flow, &typed).await,
        FlowState::RecoveryConfirmingAddress => match field(CONFIRM).as_str() {
            "" => Err(missing(CONFIRM)),
            confirmed => send_to(cx, flow, (&typed, confirmed)).await,
        },
        FlowState::RecoveryAwaitingCode if back => step_back(cx, flow, &typed).await,
        FlowState::RecoveryAwaitingCode => {
            match (field("code").as_str(), field(CONFIRM).as_str()) {
                ("", confirmed) if !confirmed.is_empty() => {
                    send_to(cx, flow, (&typed, confirmed)).await
                }
                (code, _) => check(cx, flow, code).await,
            }
        }
        _ => begin(cx, flow, &typed).await,
    }
}

fn missing(name: &str) -> FlowError {
    FlowError::node(name, text::validation::required(name))
}

/// From the address that was typed: to the choice if there is one, else straight to the code.
async fn begin(cx: &Cx, flow: &mut Flow<Recovery>, typed: &str) -> Result<Decision, FlowError> {
    if typed.is_empty() {
        return Err(missing(ADDRESS));
    }
    match owner(cx, typed).await? {
        Some(owner) if owner.recovery_addresses.len() > 1 => {
            show_choice(cx, flow, &owner, typed);
            Ok(Decision::Next)
        }
        _ => send_to(cx, flow, (typed, typed)).await,
    }
}

/// From the code back to the screen before it.
async fn step_back(cx: &Cx, flow: &mut Flow<Recovery>, typed: &str) -> Result<Decision, FlowError> {
    match owner(cx, typed).await? {
        Some(owner) if owner.recovery_addresses.len() > 1 => show_choice(cx, flow, &owner, typed),
        _ => {
            let nodes = vec![csrf_node(cx, flow), address_field(), nodes::submit()];
            show(
                cx,
                flow,
                FlowState::RecoveryAwaitingAddress,
                (nodes, Vec::new()),
            );
        }
    }
    Ok(Decision::Next)
}

/// From the choice to the code, or to typing the chosen address in full.
async fn choose(
    cx: &Cx,
    flow: &mut Flow<Recovery>,
    typed: &str,
    choice: &str,
) -> Result<Decision, FlowError> {
    if choice.is_empty() {
        return Err(missing(SELECT));
    }
    let owner = owner(cx, typed).await?;
    let addresses = owner.iter().flat_map(|owner| &owner.recovery_addresses);
    let mut addresses = addresses.filter(|address| token(address) == choice);
    let Some(chosen) = addresses.next() else {
        return Err(FlowError::form(text::validation::generic(
            "This is none of the addresses to choose from.",
        )));
    };
    if chosen.value == normalised(typed).1 {
        return send_to(cx, flow, (typed, typed)).await;
    }
    let field = match chosen.via {
        Channel::Email => Node::input(CONFIRM, Group::Code, InputType::Email)
            .label(text::node::node_label_email()),
        Channel::Sms => Node::input(CONFIRM, Group::Code, InputType::Tel)
            .label(text::node::node_label_phone_number()),
    };
    let nodes = vec![
        csrf_node(cx, flow),
        field.required().value(""),
        Node::hidden(ADDRESS, Group::Code, typed),
        nodes::submit(),
        nodes::method(),
        back(),
    ];
    let messages = vec![text::recovery::recovery_ask_for_full_address()];
    show(
        cx,
        flow,
        FlowState::RecoveryConfirmingAddress,
        (nodes, messages),
    );
    Ok(Decision::Next)
}

/// Sends a code to an address that was typed in full, if somebody has it. What is shown doesn't tell.
async fn send_to(
    cx: &Cx,
    flow: &mut Flow<Recovery>,
    (typed, to): (&str, &str),
) -> Result<Decision, FlowError> {
    let (via, value) = normalised(to);
    let owner = owner_of::<Recovery>(cx, (via, &value)).await?;
    let letter = send(cx, flow, owner.as_ref(), (via, &value))?;
    let nodes = vec![
        csrf_node(cx, flow),
        code_field(),
        nodes::submit(),
        nodes::method(),
        nodes::resend(CONFIRM, to),
        Node::hidden(ADDRESS, Group::Code, typed),
        back(),
    ];
    let messages = vec![text::recovery::recovery_message_masked_with_code_sent(
        &masked(to),
    )];
    show(cx, flow, FlowState::RecoveryAwaitingCode, (nodes, messages));
    Ok(Decision::Sent(Box::new(Sent {
        letter,
        identity: None,
    })))
}

fn show_choice(cx: &Cx, flow: &mut Flow<Recovery>, owner: &Identity, typed: &str) {
    let mut nodes = vec![csrf_node(cx, flow)];
    let mut addresses: Vec<&RecoveryAddress> = owner.recovery_addresses.iter().collect();
    addresses.sort_by(|a, b| a.value.cmp(&b.value));
    nodes.extend(addresses.into_iter().map(|address| {
        Node::submit(SELECT, Group::Code, token(address))
            .label(text::node::node_label(&masked(&address.value)))
    }));
    nodes.push(nodes::method());
    nodes.push(Node::hidden(ADDRESS, Group::Code, typed));
    let messages = vec![text::recovery::recovery_ask_to_choose_address()];
    show(
        cx,
        flow,
        FlowState::RecoveryAwaitingAddressChoice,
        (nodes, messages),
    );
}

fn show(
    cx: &Cx,
    flow: &mut Flow<Recovery>,
    state: FlowState,
    (nodes, messages): (Vec<Node>, Vec<Message>),
) {
    flow.shown.active = Some(MethodId::Code);
    flow.shown.state = state;
    let form = Container::new(Flow::<Recovery>::action(cx, flow.id()));
    flow.shown.ui = Container {
        nodes,
        messages,
        ..form
    };
}

fn back() -> Node {
    Node::submit("screen", Group::Code, "previous").label(text::recovery::recovery_back())
}

/// Stands for an address on the screen that lets one choose, without telling it.
fn token(address: &RecoveryAddress) -> String {
    let hash = ipse_crypto::token::hash(&address.id.to_string());
    hash.iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

async fn owner(cx: &Cx, typed: &str) -> Result<Option<Identity>, FlowError> {
    let (via, value) = normalised(typed);
    Ok(owner_of::<Recovery>(cx, (via, &value)).await?)
}

/// The channel that an address belongs to, and its normalised form.
fn normalised(typed: &str) -> (Channel, String) {
    let via = if schema::is_phone(typed) {
        Channel::Sms
    } else {
        Channel::Email
    };
    (via, schema::normalise_address(via, typed))
}

/// What is shown of an address that isn't known in full: enough to recognise one's own.
fn masked(address: &str) -> String {
    let begin = |text: &str, count| text.chars().take(count).collect::<String>();
    match address.split_once('@') {
        Some((name, host)) => format!("{}****@{host}", begin(name, 2)),
        None => {
            let length = address.chars().count();
            let end: String = address
                .chars()
                .skip(length.saturating_sub(2).max(3))
                .collect();
            format!("{}****{end}", begin(address, 3))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_address_can_be_recognised_but_not_written_to() {
        assert_eq!(masked("backup@example.org"), "ba****@example.org");
        assert_eq!(masked("+4915168858742"), "+49****42");
        assert_eq!(masked("a@example.org"), "a****@example.org");
        assert_eq!(masked("+491"), "+49****1");
        assert_eq!(masked(""), "****");
    }

    #[test]
    fn an_address_is_a_phone_number_if_it_looks_like_one() {
        assert_eq!(
            normalised("+49 151 68858742"),
            (Channel::Sms, "+4915168858742".to_owned())
        );
        assert_eq!(normalised(" Ada@Example.ORG").0, Channel::Email);
    }
}
