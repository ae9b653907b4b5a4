//! Connecting and disconnecting accounts at providers.

use async_trait::async_trait;

use super::{Oidc, account, nodes, offered};
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
        _: &Cx,
        _: &mut Flow<Settings>,
        _: &Owner,
        _: &Form,
    ) -> Result<Step<Change>, FlowError> {
        Err(FlowError::form(Settings::no_method()))
    }
}
