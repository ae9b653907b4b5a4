//! Backup codes: a second factor on paper. Each works once.

mod codes;
mod login;
mod nodes;
mod settings;

use ipse_model::MethodId;

pub use codes::BackupCode;
pub(crate) use codes::reveal;
pub(crate) use settings::with_codes;

use super::Method;

/// The method.
#[derive(Debug)]
pub struct LookupSecret;

impl Method for LookupSecret {
    fn id(&self) -> MethodId {
        MethodId::LookupSecret
    }
}
