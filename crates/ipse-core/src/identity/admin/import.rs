//! Credentials that an administrator brings from elsewhere: passwords, hashes of passwords, accounts at providers.

use ipse_config::{Config, HasherAlgorithm};
use ipse_crypto::password::{self, Algorithm, HashError};
use ipse_model::{Credential, Credentials, CredentialsType, Json, PasswordConfig, Timestamp};
use serde_json::{Map, Value, json};

use super::body::{ImportedCredentials, ImportedPassword, ImportedProvider};
use crate::{ApiError, Cx};

/// What new passwords are hashed with.
#[must_use]
pub fn algorithm(config: &Config) -> Algorithm {
    let hashers = &config.hashers;
    match hashers.algorithm {
        HasherAlgorithm::Bcrypt => Algorithm::Bcrypt {
            cost: hashers.bcrypt.cost,
        },
        HasherAlgorithm::Argon2 => {
            let argon2 = &hashers.argon2;
            Algorithm::Argon2 {
                memory: u32::try_from(argon2.memory.kibibytes()).unwrap_or(u32::MAX),
                iterations: argon2.iterations,
                parallelism: argon2.parallelism.map_or_else(lanes, u32::from),
                salt_length: argon2.salt_length,
                key_length: argon2.key_length,
            }
        }
    }
}

/// Lanes unless configured: two for each processor.
fn lanes() -> u32 {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    u32::try_from(2 * processors).unwrap_or(2)
}

/// Adds imported credentials to those there are. A password replaces the old one; accounts at providers are added.
pub(super) async fn import(
    cx: &Cx,
    credentials: &mut Credentials,
    imported: Option<ImportedCredentials>,
) -> Result<(), ApiError> {
    let Some(imported) = imported else {
        return Ok(());
    };
    if let Some(password) = imported.password {
        let config = password_config(cx, password.config).await?;
        let config = Json::from_serialize(&config).map_err(|error| ApiError::internal(&error))?;
        entry(credentials, CredentialsType::Password, cx.now).config = config;
    }
    for (kind, providers) in [
        (CredentialsType::Oidc, imported.oidc),
        (CredentialsType::Saml, imported.saml),
    ] {
        if let Some(providers) = providers {
            link(
                entry(credentials, kind, cx.now),
                &providers.config.providers,
            );
        }
    }
    Ok(())
}

/// The credential of that kind; an empty one if there was none.
fn entry(credentials: &mut Credentials, kind: CredentialsType, now: Timestamp) -> &mut Credential {
    if credentials.get(kind).is_none() {
        credentials.set(Credential {
            kind,
            identifiers: Vec::new(),
            config: Json::empty_object(),
            version: 0,
            created_at: now,
            updated_at: now,
        });
    }
    let credential = credentials.get_mut(kind).expect("it has just been set");
    credential.updated_at = now;
    credential
}

async fn password_config(cx: &Cx, imported: ImportedPassword) -> Result<PasswordConfig, ApiError> {
    let plain = imported.is_plain();
    let ImportedPassword {
        hashed_password,
        password,
        use_password_migration_hook,
    } = imported;
    let hashed_password = if plain {
        let hash = cx.app.hasher.hash(&password, &algorithm(cx.config())).await;
        hash.map_err(|error| unusable(&error))?
    } else if hashed_password.is_empty() && use_password_migration_hook
        || password::is_recognized(&hashed_password)
    {
        hashed_password
    } else {
        return Err(ApiError::bad_request(
            "The imported password hash is of no format that is known here.",
        ));
    };
    Ok(PasswordConfig {
        hashed_password,
        use_password_migration_hook,
    })
}

/// The refusal of a password that can't be hashed.
pub(super) fn unusable(error: &HashError) -> ApiError {
    ApiError::bad_request(format!("The password can't be used: {error}."))
}

/// Adds accounts at providers. One that is linked already stays as it is, with the tokens it may have.
fn link(credential: &mut Credential, imported: &[ImportedProvider]) {
    let mut config = match credential.config.to_value() {
        Value::Object(config) => config,
        _ => Map::new(),
    };
    let providers = config.entry("providers").or_insert_with(|| json!([]));
    for account in imported {
        let identifier = format!("{}:{}", account.provider, account.subject);
        let waits = account.use_auto_link && account.subject.is_empty();
        // Any number of accounts may wait for whoever comes; nobody can come with an empty subject.
        if waits
            && providers
                .as_array()
                .is_some_and(|known| known.contains(&linked(account)))
            || credential.identifiers.contains(&identifier)
        {
            continue;
        }
        if !waits {
            credential.identifiers.push(identifier);
        }
        if let Value::Array(providers) = providers {
            providers.push(linked(account));
        }
    }
    credential.config = Json::from(Value::Object(config));
}

fn linked(account: &ImportedProvider) -> Value {
    let mut linked = json!({ "subject": account.subject, "provider": account.provider });
    if let Some(organization) = account.organization {
        linked["organization"] = json!(organization);
    }
    if account.use_auto_link {
        linked["use_auto_link"] = json!(true);
    }
    linked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::tests::sample;

    fn account(provider: &str, subject: &str) -> ImportedProvider {
        ImportedProvider {
            provider: provider.to_owned(),
            subject: subject.to_owned(),
            organization: None,
            use_auto_link: false,
        }
    }

    #[test]
    fn accounts_are_added_to_those_that_are_linked() {
        let mut credentials = Credentials::default();
        let credential = entry(&mut credentials, CredentialsType::Oidc, sample::now());
        link(credential, &[account("one", "1")]);
        link(credential, &[account("two", "2"), account("one", "1")]);
        assert_eq!(credential.identifiers, ["one:1", "two:2"]);
        assert_eq!(
            credential.config.to_value(),
            json!({ "providers": [
                { "subject": "1", "provider": "one" }, { "subject": "2", "provider": "two" },
            ] })
        );
    }

    #[test]
    fn a_linked_account_keeps_its_tokens() {
        let mut credential = sample::credential(
            CredentialsType::Oidc,
            "one:1",
            json!({ "providers": [{ "subject": "1", "provider": "one", "initial_id_token": "x" }] }),
        );
        link(&mut credential, &[account("one", "1")]);
        let config = credential.config.to_value();
        assert_eq!(config["providers"][0]["initial_id_token"], "x");
        assert_eq!(config["providers"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn an_account_that_waits_for_a_subject_takes_no_identifier() {
        let waiting = ImportedProvider {
            use_auto_link: true,
            ..account("one", "")
        };
        let mut credentials = Credentials::default();
        let credential = entry(&mut credentials, CredentialsType::Oidc, sample::now());
        for _ in 0..2 {
            link(credential, std::slice::from_ref(&waiting));
        }
        assert!(credential.identifiers.is_empty());
        assert_eq!(
            credential.config.to_value(),
            json!({ "providers": [{ "subject": "", "provider": "one", "use_auto_link": true }] })
        );
    }

    #[test]
    fn what_an_account_says_of_itself_is_kept() {
        let special = ImportedProvider {
            use_auto_link: true,
            ..account("one", "1")
        };
        assert_eq!(
            linked(&special),
            json!({ "subject": "1", "provider": "one", "use_auto_link": true })
        );
    }

    #[test]
    fn an_entry_that_is_there_is_taken() {
        let mut credentials = sample::password("x");
        let later = "2026-02-03T00:00:00Z".parse().unwrap();
        let password = entry(&mut credentials, CredentialsType::Password, later);
        assert_eq!(password.identifiers, ["ada@example.org"]);
        assert_eq!(
            (password.created_at, password.updated_at),
            (sample::now(), later)
        );
    }

    #[test]
    fn the_algorithm_follows_the_configuration() {
        let mut config = Config::default();
        config.hashers.bcrypt.cost = 5;
        assert_eq!(algorithm(&config), Algorithm::Bcrypt { cost: 5 });
        config.hashers.algorithm = HasherAlgorithm::Argon2;
        config.hashers.argon2.parallelism = Some(3);
        let Algorithm::Argon2 {
            memory,
            parallelism,
            ..
        } = algorithm(&config)
        else {
            panic!("Argon2 was configured");
        };
        assert_eq!((memory, parallelism), (128 * 1024, 3));
    }
}
