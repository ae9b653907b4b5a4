//! Signing in through a provider.

use async_trait::async_trait;
use ipse_model::Aal;
use ipse_ui::text;

use super::{Oidc, account, label, nodes, offered};
use crate::cx::Cx;
use crate::flow::login::{Proof, Visitor};
use crate::flow::{Flow, FlowError, Form, Kind, Login};
use crate::method::{Handles, Step};

#[async_trait]
impl Handles<Login> for Oidc {
    fn claims(&self, form: &Form) -> bool {
        super::names_provider(form)
    }

    async fn populate(
        &self,
        cx: &Cx,
        flow: &mut Flow<Login>,
        visitor: &Visitor,
    ) -> Result<(), FlowError> {
        if flow.shown.extra.requested_aal == Aal::Aal2 {
            return Ok(());
        }
        let mut providers = offered(cx);
        if let (true, Some(visitor)) = (flow.shown.extra.refresh, visitor) {
            let credentials = cx.store().credentials(visitor.identity.id).await?;
            let linked = account::linked(&credentials);
            providers.retain(|provider| linked.contains(&provider.id));
        }
        for provider in providers {
            let label = text::login::login_with(label(provider), &provider.id);
            flow.ui().push(nodes::provider(provider, label));
        }
        Ok(())
    }

    async fn submit(
        &self,
        _: &Cx,
        _: &mut Flow<Login>,
        _: &Visitor,
        _: &Form,
    ) -> Result<Step<Proof>, FlowError> {
        Err(FlowError::form(Login::no_method()))
    }
}
