//! `DELETE /admin/identities/{id}/credentials/{type}`.

use ipse_model::{Credential, Credentials, CredentialsType, Json};
use serde_json::{Value, json};

use super::{find, not_saved};
use crate::session::aal;
use crate::{ApiError, Cx};

/// Removes credentials of one kind. For accounts at providers, `identifier` in the query names the one to be removed. Of
/// security keys, those that sign in by themselves stay.
///
/// # Errors
/// 404 when there is nothing to remove, 400 when this kind can't be removed here or would be the last way in.
pub async fn delete_credential(cx: &Cx, id: &str, kind: &str) -> Result<(), ApiError> {
    let (identity, mut credentials) = find(cx, id).await?;
    let kind = CredentialsType::from_name(kind).ok_or_else(|| {
        ApiError::not_found(format!("There are no credentials of the kind {kind:?}."))
    })?;
    let before = credentials.clone();
    remove(
        &mut credentials,
        kind,
        cx.request.query("identifier"),
        cx.now,
    )?;
    if is_way_in(kind) && aal::factors(cx.config(), &credentials).first == 0 {
        return Err(ApiError::bad_request(
            "These are the last credentials to sign in with.",
        ));
    }
    let mut batch = cx.store().batch();
    match (before.get(kind), credentials.get(kind)) {
        (Some(old), Some(new)) => batch.replace_credential(identity.id, old, new),
        _ => batch.remove_credential(identity.id, kind),
    };
    batch.commit().await.map_err(not_saved)
}

/// Whether removing the last of these would lock somebody out.
fn is_way_in(kind: CredentialsType) -> bool {
    matches!(
        kind,
        CredentialsType::Password | CredentialsType::Oidc | CredentialsType::Saml
    )
}

fn remove(
    credentials: &mut Credentials,
    kind: CredentialsType,
    identifier: Option<&str>,
    now: ipse_model::Timestamp,
) -> Result<(), ApiError> {
    let credential = credentials.get_mut(kind).ok_or_else(|| none_of(kind))?;
    credential.updated_at = now;
    match kind {
        CredentialsType::Totp | CredentialsType::LookupSecret => {
            credentials.remove(kind);
            Ok(())
        }
        CredentialsType::Password => {
            // The entry keeps the identifiers, which belong to the traits.
            credential.config = Json::empty_object();
            Ok(())
        }
        CredentialsType::Webauthn => {
            keep_keys_that_sign_in_alone(credential);
            Ok(())
        }
        CredentialsType::Oidc | CredentialsType::Saml => {
            let identifier = identifier
                .filter(|identifier| !identifier.is_empty())
                .ok_or_else(|| {
                    ApiError::bad_request(
                        "The query has to name the identifier of the account to be removed.",
                    )
                })?;
            unlink(credential, identifier)
        }
        CredentialsType::Passkey | CredentialsType::Code => Err(ApiError::bad_request(format!(
            "Credentials of the kind {} can't be removed like this.",
            kind.as_str()
        ))),
    }
}

fn none_of(kind: CredentialsType) -> ApiError {
    ApiError::not_found(format!(
        "This identity has no credentials of the kind {}.",
        kind.as_str()
    ))
}

fn keep_keys_that_sign_in_alone(credential: &mut Credential) {
    let mut config = credential.config.to_value();
    if let Some(keys) = config.get_mut("credentials").and_then(Value::as_array_mut) {
        keys.retain(|key| key["is_passwordless"] == json!(true));
        credential.config = Json::from(config);
    }
}

/// Removes the account with that identifier.
fn unlink(credential: &mut Credential, identifier: &str) -> Result<(), ApiError> {
    let Some(place) = credential
        .identifiers
        .iter()
        .position(|known| known == identifier)
    else {
        return Err(ApiError::not_found(format!(
            "No account is linked as {identifier:?}."
        )));
    };
    credential.identifiers.remove(place);
    let mut config = credential.config.to_value();
    if let Some(providers) = config.get_mut("providers").and_then(Value::as_array_mut) {
        providers.retain(|account| {
            let part = |name| account[name].as_str().unwrap_or_default();
            format!("{}:{}", part("provider"), part("subject")) != identifier
        });
        credential.config = Json::from(config);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::tests::sample;

    fn only(kind: CredentialsType, config: Value) -> Credentials {
        [sample::credential(kind, "one:1", config)]
            .into_iter()
            .collect()
    }

    fn removed(kind: CredentialsType, config: Value) -> Result<Credentials, ApiError> {
        let mut credentials = only(kind, config);
        remove(&mut credentials, kind, Some("one:1"), sample::now())?;
        Ok(credentials)
    }

    #[test]
    fn second_factors_go_as_a_whole() {
        let totp = removed(CredentialsType::Totp, json!({ "totp_url": "x" })).unwrap();
        assert!(totp.is_empty());
        assert!(
            removed(CredentialsType::LookupSecret, json!({}))
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn a_password_goes_and_its_identifiers_stay() {
        let left = removed(CredentialsType::Password, json!({ "hashed_password": "x" })).unwrap();
        let password = left.get(CredentialsType::Password).unwrap();
        assert_eq!(
            (password.config.as_str(), &*password.identifiers),
            ("{}", &["one:1".to_owned()][..])
        );
    }

    #[test]
    fn keys_that_sign_in_alone_stay() {
        let keys = json!({ "user_handle": "u", "credentials": [
            { "id": "a", "is_passwordless": true }, { "id": "b", "is_passwordless": false }, { "id": "c" },
        ] });
        let left = removed(CredentialsType::Webauthn, keys).unwrap();
        assert_eq!(
            left.get(CredentialsType::Webauthn)
                .unwrap()
                .config
                .to_value(),
            json!({ "user_handle": "u", "credentials": [{ "id": "a", "is_passwordless": true }] })
        );
        assert!(removed(CredentialsType::Webauthn, json!({})).is_ok());
    }

    #[test]
    fn one_account_is_unlinked() {
        let config = json!({ "providers": [
            { "provider": "one", "subject": "1" }, { "provider": "two", "subject": "2" },
        ] });
        let mut credential = sample::credential(CredentialsType::Oidc, "one:1", config);
        credential.identifiers.push("two:2".to_owned());
        unlink(&mut credential, "one:1").unwrap();
        assert_eq!(credential.identifiers, ["two:2"]);
        assert_eq!(
            credential.config.to_value(),
            json!({ "providers": [{ "provider": "two", "subject": "2" }] })
        );
        assert_eq!(unlink(&mut credential, "one:1").unwrap_err().status, 404);
    }

    #[test]
    fn what_cannot_be_removed_is_refused() {
        for kind in [CredentialsType::Passkey, CredentialsType::Code] {
            assert_eq!(removed(kind, json!({})).unwrap_err().status, 400);
        }
        let kind = CredentialsType::Oidc;
        let error = remove(&mut only(kind, json!({})), kind, None, sample::now()).unwrap_err();
        assert_eq!(error.status, 400);
        let kind = CredentialsType::Totp;
        let error = remove(&mut Credentials::default(), kind, None, sample::now()).unwrap_err();
        assert_eq!(error.status, 404);
    }
}
