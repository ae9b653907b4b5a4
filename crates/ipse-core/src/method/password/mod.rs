//! Signing in with an identifier and a password.

pub(super) mod login;
mod migrate;
mod nodes;
pub mod policy;
mod registration;
mod settings;

use ipse_config::hashers::HasherAlgorithm;
use ipse_crypto::password::{Algorithm, HashError};
use ipse_model::{Credential, Json, MethodId, PasswordConfig, Timestamp};

use self::policy::{BreachPolicy, Policy, PolicyError};
use super::Method;
use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::FlowError;

/// The method.
#[derive(Debug)]
pub struct Password;

impl Method for Password {
    fn id(&self) -> MethodId {
        MethodId::Password
    }
}

/// The algorithm that new passwords are hashed with.
#[must_use]
pub fn algorithm(cx: &Cx) -> Algorithm {
    let config = &cx.config().hashers;
    match config.algorithm {
        HasherAlgorithm::Bcrypt => Algorithm::Bcrypt {
            cost: config.bcrypt.cost,
        },
        HasherAlgorithm::Argon2 => Algorithm::Argon2 {
            memory: u32::try_from(config.argon2.memory.bytes() / 1024).unwrap_or(u32::MAX),
            iterations: config.argon2.iterations,
            parallelism: config
                .argon2
                .parallelism
                .map_or_else(default_lanes, u32::from),
            salt_length: config.argon2.salt_length,
            key_length: config.argon2.key_length,
        },
    }
}

/// Twice the number of processors.
fn default_lanes() -> u32 {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    u32::try_from(processors * 2).unwrap_or(2)
}

/// Hashes a password that has passed the policy.
async fn hash(cx: &Cx, password: &str) -> Result<String, ApiError> {
    let hashed = cx.app.hasher.hash(password, &algorithm(cx)).await;
    hashed.map_err(|error: HashError| ApiError::internal(&error))
}

/// Puts a hash into a password credential.
fn set_hash(credential: &mut Credential, hashed_password: String, now: Timestamp) {
    let config = PasswordConfig {
        hashed_password,
        use_password_migration_hook: false,
    };
    credential.config = Json::from_serialize(&config).expect("a password config has a JSON form");
    credential.updated_at = now;
}

/// The hash of a password credential; empty when it has none yet.
fn hash_of(credential: &Credential) -> String {
    credential
        .config
        .parse::<PasswordConfig>()
        .unwrap_or_default()
        .hashed_password
}

/// Holds a new password against the policy of the configuration.
async fn check_policy(cx: &Cx, password: &str, identifiers: &[String]) -> Result<(), FlowError> {
    let config = &cx.config().selfservice.methods.password.config;
    let policy = Policy {
        min_length: config.min_password_length as u64,
        max_bytes: u64::try_from(algorithm(cx).max_password_length()).ok(),
        similarity_check: config.identifier_similarity_check_enabled,
        breaches: config.haveibeenpwned_enabled.then(|| BreachPolicy {
            host: config.haveibeenpwned_host.clone(),
            max_breaches: u64::from(config.max_breaches),
            ignore_network_errors: config.ignore_network_errors,
        }),
    };
    let identifiers: Vec<&str> = identifiers.iter().map(String::as_str).collect();
    match policy
        .check(password, &identifiers, &*cx.app.breaches)
        .await
    {
        Ok(()) => Ok(()),
        Err(PolicyError::Refused(message)) => Err(FlowError::node("password", message)),
        Err(unavailable @ PolicyError::Unavailable(_)) => {
            Err(ApiError::internal(&unavailable).into())
        }
    }
}
