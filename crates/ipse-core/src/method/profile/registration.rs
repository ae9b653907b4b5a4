//! The traits of somebody who signs up: on the one screen, or on the first of two.

use async_trait::async_trait;
use ipse_model::FlowState;
use ipse_ui::{Container, Group, InputType, Node, text};
use serde_json::Value;

use super::{Profile, complaints, push_traits, read_traits};
use crate::cx::Cx;
use crate::flow::form::fill;
use crate::flow::registration::{NewAccount, Screen, Visitor};
use crate::flow::{Flow, FlowError, Form, Kind, Registration, engine};
use crate::identity::TraitsError;
use crate::method::{Handles, Step};

/// What the field `screen` can say.
const SCREENS: [&str; 2] = ["credential-selection", "previous"];

#[async_trait]
impl Handles<Registration> for Profile {
    fn claims(&self, form: &Form) -> bool {
        matches!(form.method(), Some("profile" | "profile:back"))
            || (form.method().is_none() && form.fields.contains_key("screen"))
    }

    async fn populate(
        &self,
        cx: &Cx,
        flow: &mut Flow<Registration>,
        _: &Visitor,
    ) -> Result<(), FlowError> {
        let schema = flow.schema(cx)?;
        push_traits(flow.ui(), &schema, Group::Default, None);
        if flow.data.screen == Screen::Profile {
            let button = Node::submit("method", Group::Profile, "profile");
            flow.ui()
                .push(button.label(text::registration::registration()));
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
        if flow.data.screen == Screen::Unified {
            return Err(FlowError::form(Registration::no_method()));
        }
        let schema = flow.schema(cx)?;
        let screen = form.text("screen").unwrap_or_default();
        let traits = read_traits(&schema, flow, form);
        schema
            .validate(&traits)
            .map_err(|errors| complaints(TraitsError::Invalid(errors)))?;
        if !screen.is_empty() && !SCREENS.contains(&screen.as_str()) {
            let reason = format!(
                "value must be one of \"{}\", \"{}\"",
                SCREENS[0], SCREENS[1]
            );
            return Err(FlowError::node(
                "screen",
                text::validation::generic(&reason),
            ));
        }
        let back = screen == "previous" || form.method() == Some("profile:back");
        flow.data.screen = if back {
            Screen::Profile
        } else {
            Screen::Credentials
        };
        show(cx, flow, visitor, &traits).await?;
        Ok(Step::Show)
    }
}

/// Makes the form anew for the screen that is due. On the second one the traits are filled in and hidden.
pub(in crate::method) async fn show(
    cx: &Cx,
    flow: &mut Flow<Registration>,
    visitor: &Visitor,
    traits: &Value,
) -> Result<(), FlowError> {
    let csrf = flow.ui().find("csrf_token").cloned();
    flow.ui().nodes = csrf.into_iter().collect();
    flow.ui().messages.clear();
    // A code that was sent for the screen before is of no use any more.
    flow.shown.state = FlowState::ChooseMethod;
    flow.shown.active = None;
    engine::populate(cx, flow, visitor).await?;
    fill(flow.ui(), "traits", traits);
    if flow.data.screen == Screen::Credentials {
        hide_traits(flow.ui());
        let back = Node::submit("screen", Group::Profile, "previous");
        flow.ui()
            .push(back.label(text::registration::registration_back()));
        flow.ui()
            .say(text::registration::registration_choose_credentials());
    }
    Ok(())
}

fn hide_traits(ui: &mut Container) {
    for node in ui
        .nodes
        .iter_mut()
        .filter(|node| node.name().starts_with("traits."))
    {
        if let Some(input) = node.as_input_mut() {
            input.input_type = InputType::Hidden;
        }
    }
}
