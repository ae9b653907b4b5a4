//! What signing in and signing up by code have in common: the form that asks for the code, and comparing what is typed.

use ipse_model::{Channel, FlowState, Identity, MethodId};
use ipse_store::{CodePurpose, OneTimeCode};
use ipse_ui::{Container, Group, InputType, Message, Node, text};
use serde::Deserialize;

use super::nodes;
use super::one_time::{self, Checked};
use crate::cx::Cx;
use crate::flow::{Flow, FlowError, Form, Kind};

/// The addresses that codes can be sent to, as a credential names them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CodeConfig {
    pub(super) addresses: Vec<CodeAddress>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct CodeAddress {
    /// The channel.
    pub(super) channel: Channel,
    /// The address.
    pub(super) address: String,
}

/// What a submission wants that is made to the form which asks for the code.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// To have the code compared.
    Compare(String),
    /// To have another one sent.
    Resend,
}

/// Reads such a submission.
pub(super) fn wish(form: &Form) -> Result<Wish, FlowError> {
    match form.text("resend").unwrap_or_default().as_str() {
        "" => {}
        "code" => return Ok(Wish::Resend),
        _ => {
            return Err(FlowError::node(
                "resend",
                text::validation::generic("value must be \"code\""),
            ));
        }
    }
    match form.text("code").unwrap_or_default() {
        code if code.is_empty() => Err(FlowError::node("code", text::validation::required("code"))),
        code => Ok(Wish::Compare(code)),
    }
}

/// Turns the form into the one that asks for the code. `first` comes before it.
pub(super) fn show_sent<K: Kind>(
    flow: &mut Flow<K>,
    mut first: Vec<Node>,
    (label, message): (Message, Message),
) {
    let code = Node::input("code", Group::Code, InputType::Text)
        .required()
        .label(label);
    first.extend([
        nodes::method(),
        code,
        nodes::submit(),
        nodes::resend("resend", "code"),
    ]);
    flow.shown.active = Some(MethodId::Code);
    flow.shown.state = FlowState::SentEmail;
    flow.shown.ui = Container {
        nodes: first,
        messages: vec![message],
        ..Container::new(flow.shown.ui.action.clone())
    };
}

/// The order of that form once something is wrong with it: what is shared, then the code, then the buttons.
pub(super) fn tidy(ui: &mut Container) {
    if ui.find("csrf_token").is_none() {
        ui.nodes.insert(0, Node::csrf(""));
    }
    let place = |node: &Node| {
        let submits = node
            .as_input()
            .is_some_and(|input| input.input_type == InputType::Submit);
        let place = match node.name() {
            "csrf_token" => 0,
            _ if node.group == Group::Default => 1,
            "identifier" => 2,
            "code" => 3,
            "resend" => 4,
            "method" => 5,
            _ => 6,
        };
        (place, submits)
    };
    ui.nodes.sort_by_key(place);
}

/// Compares a code with those that were sent for a flow.
pub(super) async fn compare<K: Kind>(
    cx: &Cx,
    flow: &Flow<K>,
    purpose: CodePurpose,
    (code, wrong): (&str, Message),
) -> Result<OneTimeCode, FlowError> {
    match one_time::check(cx, flow, purpose, code).await? {
        Checked::Right(code) => Ok(code),
        Checked::Expired(expired_at) => Err(FlowError::Expired(expired_at)),
        Checked::TooOften(message) => Err(FlowError::form(message)),
        Checked::Used | Checked::Wrong => Err(FlowError::form(wrong)),
    }
}

/// Uses a code, and saves the flow and the identity as they are now.
pub(super) async fn spend<K: Kind>(
    cx: &Cx,
    flow: &mut Flow<K>,
    code: &OneTimeCode,
    identity: Option<&mut Identity>,
) -> Result<(), FlowError> {
    flow.shown.state = FlowState::PassedChallenge;
    let mut batch = cx.store().batch();
    one_time::spend(cx, code, &mut batch);
    batch.update_flow(&flow.to_record());
    if let Some(identity) = &identity {
        batch.update_identity(identity);
    }
    batch.commit().await?;
    flow.saved();
    if let Some(identity) = identity {
        identity.version += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::flow::{Complaint, Encoding};

    fn form(fields: &Value) -> Form {
        let fields: Map<String, Value> = fields.as_object().unwrap().clone();
        Form {
            fields,
            encoding: Encoding::Json,
        }
    }

    #[test]
    fn a_code_is_compared_unless_another_one_is_wanted() {
        assert_eq!(
            wish(&form(&json!({ "code": "123456" }))).unwrap(),
            Wish::Compare("123456".to_owned())
        );
        assert_eq!(
            wish(&form(&json!({ "code": "123456", "resend": "code" }))).unwrap(),
            Wish::Resend
        );
    }

    #[test]
    fn what_is_missing_or_odd_is_said_at_its_field() {
        for (fields, name, id) in [
            (json!({}), "code", 4_000_002),
            (json!({ "code": "" }), "code", 4_000_002),
            (json!({ "resend": "mail" }), "resend", 4_000_001),
        ] {
            let FlowError::Invalid(complaints) = wish(&form(&fields)).unwrap_err() else {
                panic!("a complaint");
            };
            let Complaint { node, message } = &complaints[0];
            assert_eq!((node.as_deref(), message.id), (Some(name), id));
        }
    }

    #[test]
    fn a_form_with_an_error_begins_with_what_is_shared() {
        let mut ui = Container::new("https://example.org");
        ui.nodes = vec![
            Node::hidden("identifier", Group::Default, "ada@example.org"),
            nodes::method(),
            Node::input("code", Group::Code, InputType::Text),
            nodes::submit(),
            nodes::resend("resend", "code"),
        ];
        tidy(&mut ui);
        let names: Vec<&str> = ui.nodes.iter().map(Node::name).collect();
        assert_eq!(
            names,
            [
                "csrf_token",
                "identifier",
                "code",
                "resend",
                "method",
                "method"
            ]
        );
        assert_eq!(
            ui.nodes[4].as_input().unwrap().input_type,
            InputType::Hidden
        );
    }
}
