//! What the public port answers, one file per part of the API.

pub(crate) mod flows;
pub(crate) mod logout;
pub(crate) mod oidc;
pub(crate) mod schemas;
pub(crate) mod sessions;
