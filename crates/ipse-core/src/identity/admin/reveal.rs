//! The configuration of credentials, for an administrator who asks for it.

use std::borrow::Cow;

use ipse_crypto::Cipher;
use ipse_model::{Credential, Credentials, CredentialsType, Json};

use crate::identity::provider_tokens;
use crate::identity::view::Admin;
use crate::method::{lookup_secret, totp};
use crate::{ApiError, Cx, Request};

/// The kinds of credentials whose configuration is asked for.
pub(super) fn included(request: &Request) -> Result<Vec<CredentialsType>, ApiError> {
    request
        .query
        .iter()
        .filter(|(key, _)| key == "include_credential")
        .map(|(_, name)| {
            CredentialsType::from_name(name).ok_or_else(|| {
                ApiError::bad_request(format!("There are no credentials of the kind {name:?}."))
            })
        })
        .collect()
}

/// Adds the configuration of these kinds to a view.
pub(super) fn reveal<'a>(
    cx: &Cx,
    view: &mut Admin<'a>,
    credentials: &'a Credentials,
    kinds: &[CredentialsType],
) {
    for credential in kinds.iter().filter_map(|kind| credentials.get(*kind)) {
        view.reveal(
            credential.kind,
            config(&cx.snapshot.data_cipher, credential),
        );
    }
}

fn config<'a>(cipher: &Cipher, credential: &'a Credential) -> Cow<'a, Json> {
    match credential.kind {
        CredentialsType::Oidc | CredentialsType::Saml => {
            Cow::Owned(provider_tokens::open(cipher, &credential.config))
        }
        CredentialsType::Totp => Cow::Owned(totp::reveal(cipher, &credential.config)),
        CredentialsType::LookupSecret => {
            Cow::Owned(lookup_secret::reveal(cipher, &credential.config))
        }
        _ => Cow::Borrowed(&credential.config),
    }
}
