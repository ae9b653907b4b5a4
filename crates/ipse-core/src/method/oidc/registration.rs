//! Signing up through a provider.

use async_trait::async_trait;
use ipse_ui::text;

use super::journey::{self, Departure};
use super::{Oidc, label, named, native, nodes, offered};
use crate::cx::Cx;
use crate::flow::registration::{NewAccount, Visitor};
use crate::flow::{Flow, FlowError, Form, Registration};
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
        cx: &Cx,
        flow: &mut Flow<Registration>,
        _: &Visitor,
        form: &Form,
    ) -> Result<Step<NewAccount>, FlowError> {
        let provider = named(cx, &form.text("provider").unwrap_or_default())?;
        if let Some(arrival) = native::arrival(cx, provider, form).await? {
            return arrival.into_registration(cx, flow).await;
        }
        let native = flow.data.exchange.is_some();
        journey::leave(cx, flow, Departure { provider, form, confirms: false, native }).await
    }
}
