//! The traits of an identity, as the identity schema describes them.

pub(super) mod registration;
mod settings;

use ipse_model::MethodId;
use ipse_ui::{Container, Group};
use serde_json::Value;

use super::Method;
use crate::flow::form::fill;
use crate::flow::{Complaint, Encoding, Flow, FlowError, Form, Kind};
use crate::identity::TraitsError;
use crate::schema::Schema;

/// The method.
#[derive(Debug)]
pub struct Profile;

impl Method for Profile {
    fn id(&self) -> MethodId {
        MethodId::Profile
    }
}

/// The traits of a submission, typed by the schema. What was filled in stays in the form.
pub(super) fn read_traits<K: Kind>(schema: &Schema, flow: &mut Flow<K>, form: &Form) -> Value {
    let traits = schema.traits_from_form(form.traits(), form.encoding == Encoding::Form);
    fill(flow.ui(), "traits", &traits);
    traits
}

/// What is wrong with traits, put on the nodes that asked for them.
pub(crate) fn complaints(error: TraitsError) -> FlowError {
    match error {
        TraitsError::Invalid(errors) => FlowError::Invalid(
            errors
                .into_iter()
                .map(|error| Complaint {
                    node: Some(error.node),
                    message: error.message,
                })
                .collect(),
        ),
        unknown @ TraitsError::UnknownSchema(_) => {
            crate::error::ApiError::internal(&unknown).into()
        }
    }
}

/// Adds the nodes of the traits.
fn push_traits(ui: &mut Container, schema: &Schema, group: Group, traits: Option<&Value>) {
    for node in schema.nodes(group, traits) {
        ui.push(node);
    }
}
