//! Signing in on two screens: first who, then how. No proof of anything, but a method as forms see it.

mod login;

use ipse_model::MethodId;

use super::Method;

/// The method.
#[derive(Debug)]
pub struct IdentifierFirst;

impl Method for IdentifierFirst {
    fn id(&self) -> MethodId {
        MethodId::IdentifierFirst
    }
}
