//! `selfservice`: the flows users go through and the methods they can use in them.

pub mod after;
pub mod flows;
pub mod hooks;
pub mod methods;
pub mod oidc;
pub mod web_hook;
pub mod webauthn;

use url::Url;

pub use flows::Flows;
pub use methods::Methods;

section! {
    /// What users can do themselves.
    pub struct Selfservice {
        /// Where browsers go when a flow is finished and nothing else was asked for.
        #[schemars(with = "Option<crate::config::UrlReference>")]
        pub default_browser_return_url: Option<Url>,
        /// Where `return_to` may lead: addresses, paths, or hosts with a wildcard such as
        /// `https://*.example.org/`.
        pub allowed_return_urls: Vec<String>,
        /// The flows.
        pub flows: Flows,
        /// The methods.
        pub methods: Methods,
    }
}
