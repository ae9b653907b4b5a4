//! The accounts at providers that somebody can sign in with: one credential holds them all.

use ipse_model::{Credential, Credentials, CredentialsType, Json, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The member by which an administrator has somebody connected who comes with the right address.
const HINT: &str = "use_auto_link";

/// An account at a provider. Its tokens are sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    /// Who it is there.
    pub(crate) subject: String,
    /// The provider's id in the configuration.
    pub(crate) provider: String,
    /// Tokens, and what else an administrator has imported with it.
    #[serde(flatten)]
    pub(crate) rest: Map<String, Value>,
}

/// How an account is found.
pub(crate) fn identifier(provider: &str, subject: &str) -> String {
    format!("{provider}:{subject}")
}

/// The accounts among these credentials.
pub(crate) fn accounts(credentials: &Credentials) -> Vec<Account> {
    credentials
        .get(CredentialsType::Oidc)
        .map(read)
        .unwrap_or_default()
}

fn read(credential: &Credential) -> Vec<Account> {
    let config = credential.config.to_value();
    let entries = config.get("providers").and_then(Value::as_array);
    let entries = entries.into_iter().flatten();
    entries
        .filter_map(|entry| serde_json::from_value(entry.clone()).ok())
        .collect()
}

/// The ids of the providers that somebody has an account at.
pub(super) fn linked(credentials: &Credentials) -> Vec<String> {
    accounts(credentials)
        .into_iter()
        .map(|account| account.provider)
        .collect()
}

/// Whether this account is among these credentials.
pub(super) fn holds(credentials: &Credentials, provider: &str, subject: &str) -> bool {
    accounts(credentials)
        .iter()
        .any(|account| account.provider == provider && account.subject == subject)
}

impl Account {
    /// Whether an administrator has made this entry for whoever comes from that provider with the address: who it is there wasn't
    /// known yet.
    pub(super) fn awaits(&self, provider: &str, address: &str) -> bool {
        let hinted = self.rest.get(HINT) == Some(&Value::Bool(true));
        let open = self.subject.is_empty() || self.subject.eq_ignore_ascii_case(address);
        self.provider == provider && hinted && open
    }
}

/// Adds an account. The same one stays as it is. A hint has served its purpose then, and the entry that only held it goes.
pub(super) fn add(credentials: &mut Credentials, account: Account, now: Timestamp) {
    if holds(credentials, &account.provider, &account.subject) {
        return;
    }
    let mut credential = credentials
        .remove(CredentialsType::Oidc)
        .unwrap_or_else(|| empty(now));
    let mut all = read(&credential);
    let hints = |other: &&mut Account| other.provider == account.provider;
    for other in all.iter_mut().filter(hints) {
        other.rest.remove(HINT);
    }
    all.retain(|other| other.provider != account.provider || !other.subject.is_empty());
    let nobody = identifier(&account.provider, "");
    credential.identifiers.retain(|known| *known != nobody);
    credential
        .identifiers
        .push(identifier(&account.provider, &account.subject));
    all.push(account);
    credential.identifiers.sort();
    write(&mut credential, &all, now);
    credentials.set(credential);
}

/// Removes the accounts at a provider; whether there was one.
pub(super) fn remove(credentials: &mut Credentials, provider: &str, now: Timestamp) -> bool {
    let all = accounts(credentials);
    let (gone, kept): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|account| account.provider == provider);
    if gone.is_empty() {
        return false;
    }
    if let Some(credential) = credentials.get_mut(CredentialsType::Oidc) {
        let gone: Vec<_> = gone
            .iter()
            .map(|account| identifier(&account.provider, &account.subject))
            .collect();
        credential
            .identifiers
            .retain(|identifier| !gone.contains(identifier));
        write(credential, &kept, now);
    }
    if kept.is_empty() {
        credentials.remove(CredentialsType::Oidc);
    }
    true
}

fn empty(now: Timestamp) -> Credential {
    Credential {
        kind: CredentialsType::Oidc,
        identifiers: Vec::new(),
        config: Json::empty_object(),
        version: 0,
        created_at: now,
        updated_at: now,
    }
}

fn write(credential: &mut Credential, accounts: &[Account], now: Timestamp) {
    credential.config = Json::from(json!({ "providers": accounts }));
    credential.updated_at = now;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::tests::sample;

    fn account(provider: &str, subject: &str) -> Account {
        Account {
            subject: subject.to_owned(),
            provider: provider.to_owned(),
            rest: Map::new(),
        }
    }

    #[test]
    fn accounts_are_added_once_and_removed_by_provider() {
        let mut credentials = Credentials::default();
        for (provider, subject) in [("one", "1"), ("two", "2"), ("one", "1")] {
            add(&mut credentials, account(provider, subject), sample::now());
        }
        assert_eq!(
            accounts(&credentials),
            [account("one", "1"), account("two", "2")]
        );
        let identifiers = &credentials.get(CredentialsType::Oidc).unwrap().identifiers;
        assert_eq!(identifiers, &["one:1", "two:2"]);
        assert!(remove(&mut credentials, "one", sample::now()));
        assert!(!remove(&mut credentials, "one", sample::now()));
        assert_eq!(linked(&credentials), ["two"]);
        assert_eq!(
            credentials.get(CredentialsType::Oidc).unwrap().identifiers,
            ["two:2"]
        );
        assert!(remove(&mut credentials, "two", sample::now()));
        assert!(credentials.get(CredentialsType::Oidc).is_none());
    }

    #[test]
    fn what_came_with_an_account_stays() {
        let config = json!({ "providers": [{ "subject": "1", "provider": "one", "initial_id_token": "sealed", "x": 1 }] });
        let mut credentials: Credentials =
            [sample::credential(CredentialsType::Oidc, "one:1", config)]
                .into_iter()
                .collect();
        add(&mut credentials, account("two", "2"), sample::now());
        let config = credentials
            .get(CredentialsType::Oidc)
            .unwrap()
            .config
            .to_value();
        assert_eq!(config["providers"][0]["initial_id_token"], "sealed");
        assert_eq!(config["providers"][0]["x"], 1);
    }

    #[test]
    fn odd_configurations_hold_no_accounts() {
        for odd in [
            json!({}),
            json!([]),
            json!({ "providers": 1 }),
            json!({ "providers": [1, {}] }),
        ] {
            let credential = sample::credential(CredentialsType::Oidc, "one:1", odd);
            assert_eq!(accounts(&[credential].into_iter().collect()), []);
        }
    }
}
