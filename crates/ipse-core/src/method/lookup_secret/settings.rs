//! Making backup codes, looking at them again, and turning them off.

use std::borrow::Cow;

use async_trait::async_trait;
use ipse_model::{CredentialsType, MethodId};
use ipse_ui::{Group, text};

use super::{LookupSecret, codes, nodes};
use crate::cx::Cx;
use crate::flow::login::second_factor;
use crate::flow::settings::{Change, Owner};
use crate::flow::{Flow, FlowError, Form, Settings};
use crate::method::{Handles, Step};

/// The buttons. When a form comes with several, the first of these counts.
const ACTIONS: [&str; 4] = [
    "lookup_secret_confirm",
    "lookup_secret_reveal",
    "lookup_secret_regenerate",
    "lookup_secret_disable",
];

fn action(form: &Form) -> Option<&'static str> {
    ACTIONS.into_iter().find(|action| form.flag(action))
}

#[async_trait]
impl Handles<Settings> for LookupSecret {
    fn claims(&self, form: &Form) -> bool {
        matches!(form.method(), None | Some("lookup_secret")) && action(form).is_some()
    }

    async fn populate(
        &self,
        _: &Cx,
        flow: &mut Flow<Settings>,
        owner: &Owner,
    ) -> Result<(), FlowError> {
        flow.data.backup_codes.clear();
        flow.data.shown_codes.clear();
        if owner
            .credentials
            .get(CredentialsType::LookupSecret)
            .is_some()
        {
            let reveal = text::settings::settings_reveal_lookup();
            flow.ui()
                .push(nodes::action("lookup_secret_reveal", reveal));
            flow.ui().push(nodes::disable());
        } else {
            flow.ui().push(nodes::regenerate());
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
        owner.require_privileged(cx)?;
        match action(form) {
            Some("lookup_secret_confirm") => confirm(cx, flow, owner),
            Some("lookup_secret_reveal") => reveal(cx, flow, owner),
            Some("lookup_secret_regenerate") => Ok(regenerate(cx, flow)),
            _ => Ok(disable(owner)),
        }
    }
}

/// The flow with the codes that it shows. They are put in when somebody looks at it, so that the database doesn't have them.
pub(crate) fn with_codes<'a>(cx: &Cx, flow: &'a Flow<Settings>) -> Cow<'a, Flow<Settings>> {
    if flow.data.shown_codes.is_empty() {
        return Cow::Borrowed(flow);
    }
    let mut flow = flow.clone();
    let list = nodes::list(&cx.snapshot.data_cipher, &flow.data.shown_codes);
    if let Some(node) = flow.ui().find_mut(list.name()) {
        *node = list;
    }
    Cow::Owned(flow)
}

/// Puts the codes into use that were shown.
fn confirm(cx: &Cx, flow: &Flow<Settings>, owner: &Owner) -> Result<Step<Change>, FlowError> {
    if flow.data.backup_codes.is_empty() {
        return Err(FlowError::form(text::validation::generic(
            "Please create backup codes first; then they can be put into use.",
        )));
    }
    let identity = owner.authenticated.identity.clone();
    let mut credentials = owner.credentials.clone();
    credentials.set(codes::credential(
        identity.id,
        flow.data.backup_codes.clone(),
        cx.now,
    ));
    let proved = Some(second_factor::second(cx, MethodId::LookupSecret));
    Ok(Step::Done(Change {
        method: MethodId::LookupSecret,
        identity,
        credentials,
        proved,
    }))
}

fn reveal(cx: &Cx, flow: &mut Flow<Settings>, owner: &Owner) -> Result<Step<Change>, FlowError> {
    let Some(credential) = owner.credentials.get(CredentialsType::LookupSecret) else {
        return Err(FlowError::form(text::validation::generic(
            "There are no backup codes that could be shown.",
        )));
    };
    flow.data.backup_codes.clear();
    flow.data.shown_codes = codes::of(credential);
    flow.ui().remove_group(Group::LookupSecret);
    flow.ui().push(nodes::list(&cx.snapshot.data_cipher, &[]));
    flow.ui().push(nodes::disable());
    flow.ui().push(nodes::regenerate());
    Ok(Step::Show)
}

fn regenerate(cx: &Cx, flow: &mut Flow<Settings>) -> Step<Change> {
    let cipher = &cx.snapshot.data_cipher;
    let fresh = codes::generate(cipher, cx.random());
    flow.ui().remove_group(Group::LookupSecret);
    flow.ui().push(nodes::list(cipher, &[]));
    let confirm = text::settings::settings_lookup_confirm();
    flow.ui()
        .push(nodes::action("lookup_secret_confirm", confirm));
    flow.data.shown_codes.clone_from(&fresh);
    flow.data.backup_codes = fresh;
    Step::Show
}

fn disable(owner: &Owner) -> Step<Change> {
    let identity = owner.authenticated.identity.clone();
    let mut credentials = owner.credentials.clone();
    credentials.remove(CredentialsType::LookupSecret);
    Step::Done(Change {
        method: MethodId::LookupSecret,
        identity,
        credentials,
        proved: None,
    })
}
