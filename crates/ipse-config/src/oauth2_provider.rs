//! `oauth2_provider`: an OAuth 2.0 server that asks us who the user is.

use std::collections::BTreeMap;

use url::Url;

use crate::Secret;

section! {
    /// The OAuth 2.0 server whose login challenges are answered.
    pub struct OAuth2Provider {
        /// The address of its admin API.
        pub url: Option<Url>,
        /// Headers sent with every request to it.
        pub headers: BTreeMap<String, Secret>,
        /// Return to the OAuth 2.0 server after a recovery or verification, whatever `return_to` says.
        pub override_return_to: bool = false,
    }
}
