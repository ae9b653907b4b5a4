//! Connecting an account at a provider to an identity that was there before: whoever signs in to that identity proves that both
//! belong to the same person.

use ipse_model::{
    Aal, AuthenticationMethod, Credential, Credentials, CredentialsType, FlowClient, MethodId, Uuid,
};
use ipse_store::Batch;
use ipse_ui::{Group, InputType, Node, text};
use serde::{Deserialize, Serialize};

use super::account::{self, Account};
use super::conflict::{Conflict, Ways, gives_hints, ways};
use super::{label, offered, proof_of};
use crate::cx::Cx;
use crate::flow::login::{LoginData, LoginExtra, Proof};
use crate::flow::mailed;
use crate::flow::{Flow, FlowError, Kind, Login, Outcome, Registration, engine, with_query};
use crate::method::Step;
use crate::session::aal;

/// What a login flow remembers of the account that it connects.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Linking {
    pub(super) account: Account,
    pub(super) identity_id: Uuid,
}

/// What a login connects.
pub(crate) struct Linked {
    /// The proof that it adds to the session.
    pub(crate) method: AuthenticationMethod,
    before: Option<Credential>,
    after: Credential,
}

impl Linked {
    /// Writes it with the session.
    pub(crate) fn add_to(&self, batch: &mut Batch, identity_id: Uuid) {
        match &self.before {
            Some(before) => batch.replace_credential(identity_id, before, &self.after),
            None => batch.set_credential(identity_id, &self.after),
        };
    }
}

/// Connects what this login is to connect.
///
/// # Errors
/// When somebody else has signed in, or what is connected would stand for more than they have proved.
pub(crate) fn link(
    cx: &Cx,
    flow: &Flow<Login>,
    proof: &mut Proof,
) -> Result<Option<Linked>, FlowError> {
    let Some(linking) = &flow.data.linking else {
        return Ok(None);
    };
    if proof.identity.id != linking.identity_id {
        return Err(someone_else());
    }
    if outranks(cx, &linking.account.provider, &proof.credentials) {
        return Err(FlowError::form(text::validation::generic(OUTRANKED)));
    }
    let before = proof.credentials.get(CredentialsType::Oidc).cloned();
    account::add(&mut proof.credentials, linking.account.clone(), cx.now);
    let after = proof.credentials.get(CredentialsType::Oidc).cloned();
    let provider = &linking.account.provider;
    // Somebody who has just come through this provider may have given two factors there.
    let method = if proof.method.provider.as_ref() == Some(provider) {
        proof.method.clone()
    } else {
        proof_of(cx, provider)
    };
    Ok(after.map(|after| Linked {
        method,
        before,
        after,
    }))
}

const OUTRANKED: &str = "This account has a second factor, and signing in through this provider can stand for it. Please \
    sign in without the provider, with both factors, and connect it in the settings.";

/// Whether signing in through the provider could stand for a second factor that the identity has. Whoever has only shown a first
/// factor, or only reads the mail of that address, must not get around the second one by connecting an account of their own.
pub(super) fn outranks(cx: &Cx, provider: &str, credentials: &Credentials) -> bool {
    let providers = &cx.config().selfservice.methods.oidc.config.providers;
    let provider = providers.iter().find(|known| known.id == provider);
    let counts_double = provider.is_some_and(|provider| {
        !provider.aal2_acr_values.is_empty() || !provider.aal2_amr_values.is_empty()
    });
    counts_double && aal::available(cx.config(), credentials) >= Aal::Aal2
}

/// What somebody is told who isn't the one to be connected.
pub(super) fn someone_else() -> FlowError {
    FlowError::form(text::login::login_linked_credentials_do_not_match())
}

/// Leads somebody who signs up with an address that is taken to a login that connects both.
pub(super) async fn offer<D>(
    cx: &Cx,
    from: &Flow<Registration>,
    account: Account,
    conflict: Conflict,
) -> Result<Step<D>, FlowError> {
    let mut flow = login_for(cx, from);
    flow.shown.active = Some(MethodId::Oidc);
    let csrf = Node::csrf(&token(cx, flow.shown.client));
    flow.ui().push(csrf);
    engine::populate(cx, &mut flow, &None).await?;
    let hints = gives_hints(cx);
    let ways = if hints {
        ways(cx, &conflict.credentials)
    } else {
        Ways::default()
    };
    let provider = account.provider.clone();
    narrow(
        cx,
        &mut flow,
        (&provider, &conflict),
        hints.then_some(&ways),
    );
    let providers = offered(cx);
    let provider = providers.iter().find(|known| known.id == provider);
    flow.ui().say(text::login::login_link(
        &conflict.identifier,
        provider.map_or(account.provider.as_str(), |provider| label(provider)),
        &Login::page(cx),
        &ways.credentials,
        &ways
            .providers
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>(),
    ));
    flow.data.linking = Some(Linking {
        account,
        identity_id: conflict.identity_id,
    });
    let mut batch = cx.store().batch();
    batch.insert_flow(&flow.to_record());
    batch.commit().await?;
    if from.is_browser() {
        return Ok(Step::Leave(with_query(&flow.page(cx), "no_org_ui", "true")));
    }
    let body = mailed::with_any_payload(&flow);
    Ok(Step::Instead(Outcome::Again {
        body,
        page: flow.page(cx),
        status: 303,
    }))
}

/// A login in the place of a registration.
pub(super) fn login_for(cx: &Cx, from: &Flow<Registration>) -> Flow<Login> {
    let extra = LoginExtra {
        created_at: cx.now,
        updated_at: cx.now,
        refresh: false,
        requested_aal: Aal::Aal1,
        organization_id: None,
        identity_schema: from.shown.extra.identity_schema.clone(),
        oauth2_login_challenge: from.shown.extra.oauth2_login_challenge.clone(),
        session_token_exchange_code: None,
    };
    let data = LoginData {
        exchange: from.data.exchange.clone(),
        ..LoginData::default()
    };
    let mut flow = Flow::<Login>::new(cx, from.shown.client, extra, data);
    flow.shown.request_url.clone_from(&from.shown.request_url);
    flow.shown.return_to.clone_from(&from.shown.return_to);
    flow.transient_payload.clone_from(&from.transient_payload);
    flow
}

/// The anti-CSRF token for a new form.
pub(super) fn token(cx: &Cx, client: FlowClient) -> String {
    match client {
        FlowClient::Browser => cx.jar.ensure_csrf(cx.random()).mask(cx.random()),
        FlowClient::Api => String::new(),
    }
}

/// Leaves on the form what the person can use, and fills in what is known. Without hints that is everything.
fn narrow(
    cx: &Cx,
    flow: &mut Flow<Login>,
    (provider, conflict): (&str, &Conflict),
    ways: Option<&Ways>,
) {
    let ui = flow.ui();
    if let Some(ways) = ways {
        for (group, kind) in [
            (Group::Password, CredentialsType::Password),
            (Group::Code, CredentialsType::Code),
            (Group::Webauthn, CredentialsType::Webauthn),
            (Group::Passkey, CredentialsType::Passkey),
        ] {
            if !ways.credentials.contains(&kind.as_str()) {
                ui.remove_group(group);
            }
        }
    }
    let useful = |id: &str| {
        ways.map_or(id != provider, |ways| {
            ways.providers.iter().any(|known| known == id)
        })
    };
    let providers = offered(cx);
    ui.nodes.retain_mut(|node| {
        if node.group != Group::Oidc {
            return true;
        }
        let value = node.as_input().and_then(|input| input.value.as_ref());
        let id = value
            .and_then(|value| value.as_str())
            .unwrap_or_default()
            .to_owned();
        if let Some(provider) = providers.iter().find(|provider| provider.id == id) {
            node.meta.label = Some(text::login::login_with_and_link(label(provider)));
        }
        useful(&id)
    });
    if let Some(input) = ui.find_mut("identifier").and_then(Node::as_input_mut) {
        input.input_type = InputType::Hidden;
        input.value = Some(conflict.identifier.as_str().into());
    }
}
