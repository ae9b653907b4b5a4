//! Signing in through a provider.

use async_trait::async_trait;
use ipse_model::Aal;
use ipse_ui::text;

use super::journey::{self, Departure};
use super::{Oidc, account, label, named, native, nodes, offered};
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
        cx: &Cx,
        flow: &mut Flow<Login>,
        _: &Visitor,
        form: &Form,
    ) -> Result<Step<Proof>, FlowError> {
        if flow.shown.extra.requested_aal == Aal::Aal2 {
            return Err(FlowError::form(Login::no_method()));
        }
        let provider = named(cx, &form.text("provider").unwrap_or_default())?;
        if let Some(arrival) = native::arrival(cx, provider, form).await? {
            return arrival.sign_in(cx, flow).await;
        }
        let native = flow.data.exchange.is_some();
        let confirms = flow.shown.extra.refresh;
        journey::leave(
            cx,
            flow,
            Departure {
                provider,
                form,
                confirms,
                native,
            },
        )
        .await
    }
}
