//! The matrix: which method takes part in which flow, and in which order.
//!
//! A method is a folder with a file for each flow it takes part in. A cell of the matrix is an implementation of
//! [`Handles`]; a cell that isn't written can't be listed below. Methods are unit structs: no state, no constructor.

pub mod code;
pub mod identifier_first;
pub mod link;
pub mod lookup_secret;
pub mod oidc;
pub mod passkey;
pub mod password;
pub mod profile;
pub mod totp;
pub mod webauthn;

use async_trait::async_trait;
use ipse_model::MethodId;

use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::{
    Flow, FlowError, Form, Kind, Login, Recovery, Registration, Settings, Verification,
};
use code::Code;
use identifier_first::IdentifierFirst;
use link::Link;
use lookup_secret::LookupSecret;
use oidc::Oidc;
use passkey::Passkey;
use password::Password;
use profile::Profile;
use totp::Totp;
use webauthn::Webauthn;

/// A way to prove or change who one is.
pub trait Method: Sync {
    /// Its name in configuration, forms and JSON.
    fn id(&self) -> MethodId;
}

/// What a method does in one kind of flow: one cell of the matrix.
#[async_trait]
pub trait Handles<K: Kind>: Method {
    /// Whether this form was meant for this method. Forms name their method; some older ones are known by a field.
    fn claims(&self, form: &Form) -> bool {
        form.method() == Some(self.id().as_str())
    }

    /// Adds this method's nodes to a new form.
    async fn populate(
        &self,
        cx: &Cx,
        flow: &mut Flow<K>,
        subject: &K::Subject,
    ) -> Result<(), FlowError>;

    /// Decides about a submission. It writes nothing; what it decides is carried out by the flow.
    async fn submit(
        &self,
        cx: &Cx,
        flow: &mut Flow<K>,
        subject: &K::Subject,
        form: &Form,
    ) -> Result<Step<K::Decision>, FlowError>;
}

/// What comes of a submission that nothing is wrong with.
pub enum Step<D> {
    /// It is decided.
    Done(D),
    /// The form goes on to its next screen.
    Show,
    /// The form goes on to its next screen; scripts have to load its page as well.
    Reload,
    /// The browser has to go elsewhere first.
    Leave(String),
    /// Another flow has gone on in the place of this one.
    Instead(crate::flow::Outcome),
}

/// Who somebody is. Only one method counts; the form names it. What asks for nothing but the identifier comes last, as it
/// decides which of the others' nodes are shown yet.
pub static LOGIN: &[&dyn Handles<Login>] = &[
    &Oidc,
    &Password,
    &Code,
    &Webauthn,
    &Passkey,
    &Totp,
    &LookupSecret,
    &IdentifierFirst,
];

/// Who somebody wants to be. The profile comes first: its traits are asked for by every other method too.
pub static REGISTRATION: &[&dyn Handles<Registration>] =
    &[&Profile, &Oidc, &Password, &Code, &Webauthn, &Passkey];

/// What somebody changes of the own account, in the order of the page.
pub static SETTINGS: &[&dyn Handles<Settings>] = &[
    &Profile,
    &Password,
    &Oidc,
    &Totp,
    &LookupSecret,
    &Webauthn,
    &Passkey,
];

/// How somebody gets back into an account. The configuration names one of them.
pub static RECOVERY: &[&dyn Handles<Recovery>] = &[&Code, &Link];

/// How somebody proves to read what is sent to an address. The configuration names one of them.
pub static VERIFICATION: &[&dyn Handles<Verification>] = &[&Code, &Link];

/// Whether the configuration switches a method on.
#[must_use]
pub fn enabled(cx: &Cx, method: MethodId) -> bool {
    let methods = &cx.config().selfservice.methods;
    match method {
        MethodId::Profile => methods.profile.enabled,
        MethodId::Password => methods.password.enabled,
        MethodId::Oidc => methods.oidc.enabled,
        MethodId::Code => methods.code.enabled,
        MethodId::Link => methods.link.enabled,
        MethodId::Totp => methods.totp.enabled,
        MethodId::LookupSecret => methods.lookup_secret.enabled,
        MethodId::Webauthn => methods.webauthn.enabled,
        MethodId::Passkey => methods.passkey.enabled,
        MethodId::IdentifierFirst => true,
    }
}

/// 404: the method exists, but not on this server.
#[must_use]
pub fn switched_off() -> ApiError {
    ApiError::not_found("This endpoint is switched off in the configuration.")
}
