//! One-time codes: sent to an address, typed in again.

pub(crate) mod by_mail;
mod letters;
mod login;
pub(crate) mod nodes;
pub(crate) mod one_time;
pub(crate) mod recovery;
mod recovery_choice;
mod registration;
mod second_factor;
pub(crate) mod verification;

use ipse_model::MethodId;

use super::Method;

/// The method.
#[derive(Debug)]
pub struct Code;

impl Method for Code {
    fn id(&self) -> MethodId {
        MethodId::Code
    }
}
