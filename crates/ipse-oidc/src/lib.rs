#![doc = include_str!("../README.md")]

mod apple;
mod authorize;
mod claims;
mod context;
mod documents;
mod error;
mod fedcm;
mod fetch;
mod id_token;
mod oauth1;
mod pkce;
mod providers;
mod redeem;
mod trust;
mod userinfo;
mod vendor;
mod x;

#[cfg(test)]
mod tests;

pub use authorize::{Start, Started, UPSTREAM_PARAMETERS};
pub use claims::Claims;
pub use context::Context;
pub use error::OidcError;
pub use fetch::{Fetch, FetchError};
pub use id_token::IdTokenError;
pub use providers::Providers;
pub use redeem::{Code, Identified, Tokens};
pub use vendor::issues_id_tokens;
pub use x::RequestToken;
