//! Assurance levels: which one a session has reached, which one an identity could reach, and what is asked for.

use ipse_config::{Config, RequiredAal};
use ipse_model::{
    Aal, AuthenticationMethod, Credential, Credentials, CredentialsType, PasswordConfig, Session,
};
use serde::Deserialize;
use serde_json::json;

use crate::{ApiError, Cx};

/// The level that these proofs add up to: two only with one of each kind. A provider that the configuration believes to have asked
/// for two factors has seen one of each.
#[must_use]
pub fn of(methods: &[AuthenticationMethod]) -> Aal {
    let both = |method: &AuthenticationMethod| method.provider.is_some() && method.aal == Aal::Aal2;
    let proved = |level| {
        methods
            .iter()
            .any(|method| method.aal == level || both(method))
    };
    match (methods.is_empty(), proved(Aal::Aal1) && proved(Aal::Aal2)) {
        (true, _) => Aal::Aal0,
        (false, true) => Aal::Aal2,
        (false, false) => Aal::Aal1,
    }
}

/// How many credentials count as a first and as a second factor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Factors {
    /// Credentials that prove who somebody is.
    pub first: usize,
    /// Credentials that confirm it.
    pub second: usize,
}

/// Counts the factors of an identity.
#[must_use]
pub fn factors(config: &Config, credentials: &Credentials) -> Factors {
    credentials
        .iter()
        .map(|credential| counted(config, credential))
        .fold(Factors::default(), |sum, each| Factors {
            first: sum.first + each.first,
            second: sum.second + each.second,
        })
}

/// The highest level that an identity with these credentials can reach.
///
/// Somebody without a first factor, who came in by a recovery code, still has to show a second factor that is there.
#[must_use]
pub fn available(config: &Config, credentials: &Credentials) -> Aal {
    match factors(config, credentials) {
        Factors { second: 1.., .. } => Aal::Aal2,
        Factors { first: 1.., .. } => Aal::Aal1,
        Factors { .. } => Aal::Aal0,
    }
}

/// What one credential counts for. A second factor whose method is switched off counts for nothing: nobody could show it, and
/// everybody who has one would be locked out.
fn counted(config: &Config, credential: &Credential) -> Factors {
    let methods = &config.selfservice.methods;
    let first = |first| Factors { first, second: 0 };
    let second = |enabled, count| Factors {
        first: 0,
        second: if enabled { count } else { 0 },
    };
    match credential.kind {
        CredentialsType::Password => first(usize::from(has_password(credential))),
        CredentialsType::Oidc | CredentialsType::Saml => first(providers(credential)),
        CredentialsType::Passkey => {
            let (confirming, alone) = keys(credential);
            first(confirming + alone)
        }
        CredentialsType::Webauthn => {
            let (confirming, alone) = keys(credential);
            Factors {
                first: alone,
                ..second(methods.webauthn.enabled, confirming)
            }
        }
        CredentialsType::Totp => second(methods.totp.enabled, usize::from(has_totp(credential))),
        CredentialsType::LookupSecret => {
            second(methods.lookup_secret.enabled, unused_codes(credential))
        }
        CredentialsType::Code => {
            let code = &methods.code;
            let addresses = credential.identifiers.len();
            Factors {
                first: if code.passwordless_enabled {
                    addresses
                } else {
                    0
                },
                second: if code.mfa_enabled { addresses } else { 0 },
            }
        }
    }
}

fn has_password(credential: &Credential) -> bool {
    let config = credential
        .config
        .parse::<PasswordConfig>()
        .unwrap_or_default();
    let set = !config.hashed_password.is_empty() || config.use_password_migration_hook;
    set && credential
        .identifiers
        .iter()
        .any(|identifier| !identifier.is_empty())
}

fn providers(credential: &Credential) -> usize {
    #[derive(Default, Deserialize)]
    struct Config {
        #[serde(default)]
        providers: Vec<serde::de::IgnoredAny>,
    }
    credential
        .config
        .parse::<Config>()
        .unwrap_or_default()
        .providers
        .len()
}

/// Security keys that confirm and those that need nothing else.
fn keys(credential: &Credential) -> (usize, usize) {
    #[derive(Default, Deserialize)]
    struct Config {
        #[serde(default)]
        credentials: Vec<Key>,
    }
    #[derive(Deserialize)]
    struct Key {
        #[serde(default)]
        is_passwordless: bool,
    }
    let keys = credential
        .config
        .parse::<Config>()
        .unwrap_or_default()
        .credentials;
    let alone = keys.iter().filter(|key| key.is_passwordless).count();
    (keys.len() - alone, alone)
}

fn has_totp(credential: &Credential) -> bool {
    #[derive(Default, Deserialize)]
    struct Config {
        #[serde(default)]
        totp_url: String,
    }
    !credential
        .config
        .parse::<Config>()
        .unwrap_or_default()
        .totp_url
        .is_empty()
}

/// Recovery codes that can still be used: somebody who has used up all of them must not be locked out by that.
fn unused_codes(credential: &Credential) -> usize {
    #[derive(Default, Deserialize)]
    struct Config {
        #[serde(default)]
        recovery_codes: Vec<Code>,
    }
    #[derive(Deserialize)]
    struct Code {
        #[serde(default)]
        used_at: Option<serde::de::IgnoredAny>,
    }
    let codes = credential
        .config
        .parse::<Config>()
        .unwrap_or_default()
        .recovery_codes;
    codes.iter().filter(|code| code.used_at.is_none()).count()
}

/// Whether `session` has the assurance that `required` asks for, given the credentials of its identity.
#[must_use]
pub fn satisfies(
    config: &Config,
    session: &Session,
    required: RequiredAal,
    credentials: &Credentials,
) -> bool {
    match required {
        RequiredAal::Aal1 => session.aal >= Aal::Aal1,
        RequiredAal::HighestAvailable => session.aal >= available(config, credentials),
    }
}

/// Where a browser goes to give a second factor, and then to `return_to`.
#[must_use]
pub(crate) fn step_up(cx: &Cx, return_to: Option<&str>) -> String {
    let login = cx.public_url("self-service/login/browser?aal=aal2");
    match return_to {
        Some(to) => crate::flow::with_query(&login, "return_to", to),
        None => login,
    }
}

/// The refusal of a session that lacks a factor. Browsers are sent to give it, and then to `return_to`.
#[must_use]
pub fn required(cx: &Cx, return_to: Option<&str>) -> ApiError {
    let login = step_up(cx, return_to);
    ApiError::new(403, "This needs a second factor")
        .id("session_aal2_required")
        .reason("The session rests on one factor only. Confirm it with a second one and try again.")
        .detail("redirect_browser_to", json!(login))
        .beside("redirect_browser_to", json!(login))
        .browser_to(login)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::identity::tests::sample;

    fn set(kinds: &[(CredentialsType, Value)]) -> Credentials {
        kinds
            .iter()
            .map(|(kind, config)| sample::credential(*kind, "ada@example.org", config.clone()))
            .collect()
    }

    fn configured() -> Config {
        let mut config = Config::default();
        let methods = &mut config.selfservice.methods;
        methods.totp.enabled = true;
        methods.lookup_secret.enabled = true;
        methods.webauthn.enabled = true;
        config
    }

    fn count(kind: CredentialsType, config: Value) -> (usize, usize) {
        let Factors { first, second } = factors(&configured(), &set(&[(kind, config)]));
        (first, second)
    }

    #[test]
    fn two_proofs_of_the_same_kind_are_one_factor() {
        let (one, two) = (
            sample::proof("password", Aal::Aal1),
            sample::proof("totp", Aal::Aal2),
        );
        assert_eq!(of(&[]), Aal::Aal0);
        assert_eq!(of(std::slice::from_ref(&one)), Aal::Aal1);
        assert_eq!(of(&[one.clone(), one.clone()]), Aal::Aal1);
        assert_eq!(of(std::slice::from_ref(&two)), Aal::Aal1);
        assert_eq!(of(&[two.clone(), one]), Aal::Aal2);
        let provider = AuthenticationMethod {
            provider: Some("one".to_owned()),
            ..two
        };
        assert_eq!(of(&[provider]), Aal::Aal2, "it has asked for both");
    }

    #[test]
    fn a_password_counts_once_it_is_set() {
        let kind = CredentialsType::Password;
        assert_eq!(count(kind, json!({})), (0, 0));
        assert_eq!(count(kind, json!({ "hashed_password": "$2a$…" })), (1, 0));
        assert_eq!(
            count(kind, json!({ "use_password_migration_hook": true })),
            (1, 0)
        );
        let mut credentials = set(&[(kind, json!({ "hashed_password": "$2a$…" }))]);
        credentials.get_mut(kind).unwrap().identifiers.clear();
        assert_eq!(factors(&configured(), &credentials).first, 0);
    }

    #[test]
    fn a_security_key_is_a_first_or_a_second_factor() {
        let keys = json!({ "credentials": [
            { "id": "a", "is_passwordless": true }, { "id": "b", "is_passwordless": false }, { "id": "c" },
        ] });
        assert_eq!(count(CredentialsType::Webauthn, keys.clone()), (1, 2));
        assert_eq!(count(CredentialsType::Passkey, keys), (3, 0));
        assert_eq!(count(CredentialsType::Webauthn, json!({})), (0, 0));
    }

    #[test]
    fn other_credentials_count_when_something_is_in_them() {
        let oidc = json!({ "providers": [{ "provider": "a", "subject": "1" }] });
        assert_eq!(count(CredentialsType::Oidc, oidc), (1, 0));
        assert_eq!(
            count(CredentialsType::Totp, json!({ "totp_url": "otpauth://…" })),
            (0, 1)
        );
        assert_eq!(
            count(CredentialsType::Totp, json!({ "totp_url": "" })),
            (0, 0)
        );
        let codes = json!({ "recovery_codes": [
            { "code": "x", "used_at": "2026-01-01T00:00:00Z" }, { "code": "y", "used_at": null }, { "code": "z" },
        ] });
        assert_eq!(count(CredentialsType::LookupSecret, codes), (0, 2));
    }

    #[test]
    fn a_broken_configuration_counts_for_nothing() {
        for kind in CredentialsType::ALL {
            assert_eq!(count(kind, json!([1, 2])), (0, 0), "{}", kind.as_str());
        }
    }

    #[test]
    fn a_second_factor_whose_method_is_switched_off_counts_for_nothing() {
        let key = json!({ "credentials": [{ "id": "a" }, { "id": "b", "is_passwordless": true }] });
        let credentials = set(&[
            (CredentialsType::Totp, json!({ "totp_url": "otpauth://…" })),
            (
                CredentialsType::LookupSecret,
                json!({ "recovery_codes": [{ "code": "x" }] }),
            ),
            (CredentialsType::Webauthn, key),
        ]);
        assert_eq!(
            factors(&configured(), &credentials),
            Factors {
                first: 1,
                second: 3
            }
        );
        let off = Config::default();
        assert_eq!(
            factors(&off, &credentials),
            Factors {
                first: 1,
                second: 0
            }
        );
        assert_eq!(available(&off, &credentials), Aal::Aal1);
    }

    #[test]
    fn what_codes_count_for_is_configured() {
        let credentials = set(&[(CredentialsType::Code, json!({ "addresses": [] }))]);
        let mut config = configured();
        assert_eq!(
            factors(&config, &credentials),
            Factors {
                first: 0,
                second: 0
            }
        );
        config.selfservice.methods.code.passwordless_enabled = true;
        assert_eq!(
            factors(&config, &credentials),
            Factors {
                first: 1,
                second: 0
            }
        );
        config.selfservice.methods.code.mfa_enabled = true;
        assert_eq!(
            factors(&config, &credentials),
            Factors {
                first: 1,
                second: 1
            }
        );
    }

    #[test]
    fn a_second_factor_is_asked_for_even_without_a_first() {
        let config = configured();
        let totp = (CredentialsType::Totp, json!({ "totp_url": "otpauth://…" }));
        let password = (
            CredentialsType::Password,
            json!({ "hashed_password": "$2a$…" }),
        );
        assert_eq!(available(&config, &Credentials::default()), Aal::Aal0);
        assert_eq!(
            available(&config, &set(std::slice::from_ref(&password))),
            Aal::Aal1
        );
        assert_eq!(
            available(&config, &set(std::slice::from_ref(&totp))),
            Aal::Aal2
        );
        assert_eq!(available(&config, &set(&[password, totp])), Aal::Aal2);
    }

    #[test]
    fn only_the_highest_available_level_depends_on_credentials() {
        let config = configured();
        let both = set(&[(CredentialsType::Totp, json!({ "totp_url": "otpauth://…" }))]);
        let mut session = sample::session();
        let holds = |session: &Session, required| satisfies(&config, session, required, &both);
        assert!(holds(&session, RequiredAal::Aal1));
        assert!(!holds(&session, RequiredAal::HighestAvailable));
        session.aal = Aal::Aal2;
        assert!(holds(&session, RequiredAal::HighestAvailable));
    }
}
