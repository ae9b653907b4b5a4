//! Signing up through a provider.

use async_trait::async_trait;
use ipse_ui::text;

use super::{Oidc, label, nodes, offered};
use crate::cx::Cx;
use crate::flow::registration::{NewAccount, Visitor};
use crate::flow::{Flow, FlowError, Form, Kind, Registration};
use crate::method::{Handles, Step};

#[async_trait]
impl Handles<Registration> for Oidc {
    fn claims(&self, form: &Form) -> bool {
        super::names_provider(form)
    }

    async fn populate(
        &self,
        cx: &Cx,
        flow: &mut Flow<Registration>,
        _: &Visitor,
    ) -> Result<(), FlowError> {
        for provider in offered(cx) {
            let label = text::registration::registration_with(label(provider), &provider.id);
            flow.ui().push(nodes::provider(provider, label));
        }
        Ok(())
    }

    async fn submit(
        &self,
        _: &Cx,
        _: &mut Flow<Registration>,
        _: &Visitor,
        _: &Form,
    ) -> Result<Step<NewAccount>, FlowError> {
        Err(FlowError::form(Registration::no_method()))
    }
}
