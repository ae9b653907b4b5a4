//! Signing up through a provider.

use async_trait::async_trait;
use ipse_ui::text;

use super::journey::{self, Departure};
use super::{Oidc, label, named, native, nodes, offered};
use crate::cx::Cx;
use crate::flow::registration::{NewAccount, Visitor};
use crate::flow::{Flow, FlowError, Form, Kind, Registration};
use crate::identity::TraitsError;
use crate::method::{Handles, Step, profile};

#[async_trait]
impl Handles<Registration> for Oidc {
    fn claims(&self, form: &Form) -> bool {
        super::names_provider(form) || form.method() == Some("oidc")
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
        let provider = form
            .text("provider")
            .filter(|provider| !provider.is_empty());
        let Some(provider) = provider else {
            return Err(without_provider(cx, flow, form)?);
        };
        let provider = named(cx, &provider)?;
        if let Some(arrival) = native::arrival(cx, provider, form).await? {
            return arrival.sign_up(cx, flow).await;
        }
        let native = flow.data.exchange.is_some();
        journey::leave(
            cx,
            flow,
            Departure {
                provider,
                form,
                confirms: false,
                native,
            },
        )
        .await
    }
}

/// What is wrong with a form that names no provider: the traits, or else just that.
fn without_provider(
    cx: &Cx,
    flow: &mut Flow<Registration>,
    form: &Form,
) -> Result<FlowError, FlowError> {
    let schema = flow.schema(cx)?;
    let traits = profile::read_traits(&schema, flow, form);
    let invalid = schema.validate(&traits).err();
    Ok(invalid.map_or_else(
        || FlowError::form(Registration::no_method()),
        |errors| profile::complaints(TraitsError::Invalid(errors)),
    ))
}
