//! Changing the own traits.

use async_trait::async_trait;
use ipse_model::MethodId;
use ipse_ui::{Group, Node, text};

use super::{Profile, complaints, push_traits, read_traits};
use crate::cx::Cx;
use crate::flow::settings::{Change, Owner};
use crate::flow::{Flow, FlowError, Form, Settings, shared};
use crate::identity;
use crate::method::{Handles, Step};

#[async_trait]
impl Handles<Settings> for Profile {
    async fn populate(
        &self,
        cx: &Cx,
        flow: &mut Flow<Settings>,
        owner: &Owner,
    ) -> Result<(), FlowError> {
        let identity = &owner.authenticated.identity;
        let schema = shared::schema(cx, Some(&identity.schema_id))?;
        push_traits(
            flow.ui(),
            &schema,
            Group::Profile,
            Some(&identity.traits.to_value()),
        );
        let button = Node::submit("method", Group::Profile, "profile");
        flow.ui().push(button.label(text::node::node_label_save()));
        Ok(())
    }

    async fn submit(
        &self,
        cx: &Cx,
        flow: &mut Flow<Settings>,
        owner: &Owner,
        form: &Form,
    ) -> Result<Step<Change>, FlowError> {
        let mut identity = owner.authenticated.identity.clone();
        let mut credentials = owner.credentials.clone();
        let schema = shared::schema(cx, Some(&identity.schema_id))?;
        let traits = read_traits(&schema, flow, form);
        let synced =
            identity::sync(cx, &mut identity, &mut credentials, traits).map_err(complaints)?;
        if synced.protected_changed {
            owner.require_privileged(cx)?;
        }
        Ok(Step::Done(Change {
            method: MethodId::Profile,
            identity,
            credentials,
            proved: None,
        }))
    }
}
