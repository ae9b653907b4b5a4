//! Going on with the flow that somebody left, and those who come back with nothing.

use async_trait::async_trait;
use ipse_config::selfservice::oidc::OidcProvider;
use ipse_model::MethodId;
use ipse_ui::text;

use super::arrival::reduce;
use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::engine::{self, Return};
use crate::flow::login::{Proof, Visitor};
use crate::flow::registration::NewAccount;
use crate::flow::settings::{Change, Owner};
use crate::flow::{Flow, FlowError, Login, Outcome, Registration, Settings};
use crate::method::Step;

/// Somebody who comes back with nothing but a reason.
pub(super) struct Refusal<'a> {
    pub(super) provider: &'a OidcProvider,
    pub(super) reason: String,
}

impl Refusal<'_> {
    fn complaint(&self) -> FlowError {
        FlowError::form(text::validation::generic(&self.reason))
    }
}

#[async_trait]
impl Return<Login> for Refusal<'_> {
    async fn decide(
        &self,
        _: &Cx,
        flow: &mut Flow<Login>,
        _: &Visitor,
    ) -> Result<Step<Proof>, FlowError> {
        flow.shown.active = Some(MethodId::Oidc);
        Err(self.complaint())
    }
}

#[async_trait]
impl Return<Registration> for Refusal<'_> {
    async fn decide(
        &self,
        _: &Cx,
        flow: &mut Flow<Registration>,
        _: &Visitor,
    ) -> Result<Step<NewAccount>, FlowError> {
        reduce(flow, self.provider);
        Err(self.complaint())
    }
}

#[async_trait]
impl Return<Settings> for Refusal<'_> {
    async fn decide(
        &self,
        _: &Cx,
        _: &mut Flow<Settings>,
        _: &Owner,
    ) -> Result<Step<Change>, FlowError> {
        Err(self.complaint())
    }
}

/// Goes on with the flow of that name.
pub(super) async fn go_on<R>(
    cx: &Cx,
    (name, id): (ipse_model::FlowName, ipse_model::Uuid),
    returned: &R,
) -> Result<Outcome, ApiError>
where
    R: Return<Login> + Return<Registration> + Return<Settings>,
{
    match name {
        ipse_model::FlowName::Login => engine::come_back::<Login>(cx, id, returned).await,
        ipse_model::FlowName::Registration => {
            engine::come_back::<Registration>(cx, id, returned).await
        }
        ipse_model::FlowName::Settings => engine::come_back::<Settings>(cx, id, returned).await,
        ipse_model::FlowName::Recovery | ipse_model::FlowName::Verification => Err(
            super::journey::refused("No provider takes part in this flow."),
        ),
    }
}
