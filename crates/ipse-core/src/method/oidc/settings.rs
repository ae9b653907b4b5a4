//! Connecting and disconnecting accounts at providers.

use async_trait::async_trait;
use ipse_model::{Aal, MethodId};
use ipse_ui::text;

use super::journey::{self, Departure};
use super::{Oidc, account, linking, named, nodes, offered};
use crate::cx::Cx;
use crate::flow::settings::{Change, Owner};
use crate::flow::{Flow, FlowError, Form, Kind, Settings};
use crate::method::{Handles, Step};
use crate::session::aal;

#[async_trait]
impl Handles<Settings> for Oidc {
    fn claims(&self, form: &Form) -> bool {
        let names = |field| form.text(field).is_some_and(|value| !value.is_empty());
        match form.method() {
            Some("oidc") => true,
            None | Some("") => names("link") || names("unlink"),
            _ => false,
        }
    }

    async fn populate(
        &self,
        cx: &Cx,
        flow: &mut Flow<Settings>,
        owner: &Owner,
    ) -> Result<(), FlowError> {
        let linked = account::linked(&owner.credentials);
        // The last way in can't be given up.
        let spare = aal::factors(cx.config(), &owner.credentials).first > 1;
        for provider in offered(cx) {
            if !linked.contains(&provider.id) {
                flow.ui().push(nodes::link(provider));
            } else if spare {
                flow.ui().push(nodes::unlink(provider));
            }
        }
        Ok(())
    }

    async fn submit(
        &self,
        cx: &Cx,
        flow: &mut Flow<Settings>,
        owner: &Owner,
        form: &Form,
    ) -> Result<Step<Change>, FlowError> {
        let asked = |field| form.text(field).filter(|id| !id.is_empty());
        match (asked("link"), asked("unlink")) {
            (Some(id), _) => link(cx, flow, owner, (&id, form)).await,
            (None, Some(id)) => unlink(cx, owner, &id).map(Step::Done),
            (None, None) => Err(FlowError::form(Settings::no_method())),
        }
    }
}

async fn link(
    cx: &Cx,
    flow: &mut Flow<Settings>,
    owner: &Owner,
    (id, form): (&str, &Form),
) -> Result<Step<Change>, FlowError> {
    let provider = named(cx, id).map_err(|_| not_linkable())?;
    if account::linked(&owner.credentials).contains(&provider.id) {
        return Err(not_linkable());
    }
    owner.require_privileged(cx)?;
    let session = &owner.authenticated.session;
    if session.aal < Aal::Aal2 && linking::outranks(cx, &provider.id, &owner.credentials) {
        return Err(aal::required(cx, Some(&Flow::<Settings>::action(cx, flow.id()))).into());
    }
    let departure = Departure {
        provider,
        form,
        confirms: false,
        native: false,
    };
    journey::leave(cx, flow, departure).await
}

fn unlink(cx: &Cx, owner: &Owner, id: &str) -> Result<Change, FlowError> {
    owner.require_privileged(cx)?;
    let mut credentials = owner.credentials.clone();
    if !account::remove(&mut credentials, id, cx.now) {
        let reason = "This account is not connected.";
        return Err(FlowError::form(text::validation::generic(reason)));
    }
    if aal::factors(cx.config(), &credentials).first == 0 {
        let reason = "This is the last way to sign in. Please add another one first.";
        return Err(FlowError::form(text::validation::generic(reason)));
    }
    let identity = owner.authenticated.identity.clone();
    Ok(Change {
        method: MethodId::Oidc,
        identity,
        credentials,
        proved: None,
    })
}

/// What somebody is told who wants to connect what can't be connected.
pub(super) fn not_linkable() -> FlowError {
    let reason = "This provider is unknown, or an account of it is connected already.";
    FlowError::form(text::validation::generic(reason))
}
