//! Whoever has already what a new account would have, and what may be said about them.

use ipse_model::{Credential, Credentials, CredentialsType, Identity, Uuid};
use ipse_store::{AddressPurpose, Found};
use ipse_ui::{Message, text};

use super::account;
use crate::cx::Cx;
use crate::flow::FlowError;
use crate::flow::registration::NewAccount;
use crate::session::aal;

/// An identity that has something which a new one would have too.
pub(super) struct Conflict {
    /// What both have.
    pub(super) identifier: String,
    /// The one that was there before.
    pub(super) identity_id: Uuid,
    /// What it can be signed in to with.
    pub(super) credentials: Credentials,
}

/// Whoever else has an identifier or address already that this identity would have.
pub(super) async fn find(
    cx: &Cx,
    (identity, credentials): (&Identity, &Credentials),
) -> Result<Option<Conflict>, FlowError> {
    let conflict = |identifier: &str, found: Found| Conflict {
        identifier: identifier.to_owned(),
        identity_id: found.identity.id,
        credentials: found.credentials,
    };
    for credential in credentials
        .iter()
        .filter(|new| new.kind != CredentialsType::Oidc)
    {
        for identifier in &credential.identifiers {
            let found = cx
                .store()
                .identity_by_identifier(&[credential.kind], identifier)
                .await?;
            if let Some(found) = found.filter(|found| found.identity.id != identity.id) {
                return Ok(Some(conflict(identifier, found)));
            }
        }
    }
    let verifiable = identity
        .verifiable_addresses
        .iter()
        .map(|address| &address.value);
    let verifiable = verifiable.map(|value| (AddressPurpose::Verification, value));
    let recovery = identity
        .recovery_addresses
        .iter()
        .map(|address| &address.value);
    let recovery = recovery.map(|value| (AddressPurpose::Recovery, value));
    for (purpose, value) in verifiable.chain(recovery) {
        let owner = cx
            .store()
            .identities_by_address(purpose, value)
            .await?
            .into_iter()
            .find(|(_, owner)| owner.id != identity.id);
        if let Some((_, owner)) = owner {
            let credentials = cx.store().credentials(owner.id).await?;
            return Ok(Some(Conflict {
                identifier: value.clone(),
                identity_id: owner.id,
                credentials,
            }));
        }
    }
    Ok(None)
}

/// What somebody is told who signs up with something that an account has already: how to sign in to it.
///
/// # Errors
/// When the database can't answer.
pub(crate) async fn hint(cx: &Cx, account: &NewAccount) -> Result<Option<Message>, FlowError> {
    let Some(conflict) = find(cx, (&account.identity, &account.credentials)).await? else {
        return Ok(None);
    };
    let ways = ways(cx, &conflict.credentials);
    let providers: Vec<&str> = ways.providers.iter().map(String::as_str).collect();
    let (identifier, credentials) = (&conflict.identifier, &ways.credentials);
    Ok(Some(text::validation::duplicate_credentials_with_hints(
        identifier,
        credentials,
        &providers,
    )))
}

/// Whether people who come with an address that is taken are told how its account is signed in to. Where it is to stay hidden who
/// has an account, that would tell strangers more than that there is one.
pub(crate) fn gives_hints(cx: &Cx) -> bool {
    let config = cx.config();
    config.selfservice.flows.registration.login_hints
        && !config.security.account_enumeration.mitigate
}

/// How somebody can sign in.
#[derive(Default)]
pub(super) struct Ways {
    /// The kinds of credentials.
    pub(super) credentials: Vec<&'static str>,
    /// The providers.
    pub(super) providers: Vec<String>,
}

/// How somebody with these credentials can sign in.
pub(super) fn ways(cx: &Cx, credentials: &Credentials) -> Ways {
    let counts = |credential: &Credential| {
        let alone: Credentials = [credential.clone()].into_iter().collect();
        aal::factors(cx.config(), &alone).first > 0
    };
    Ways {
        credentials: credentials
            .iter()
            .filter(|credential| counts(credential))
            .map(|credential| credential.kind.as_str())
            .collect(),
        providers: account::linked(credentials),
    }
}
