//! Sessions: who is asking, how a session begins, grows and ends, and what is shown of it.

pub mod aal;
pub mod admin;
mod authenticate;
mod devices;
pub mod exchange;
mod issue;
mod logout;
mod mine;
#[cfg(test)]
mod tests;
pub mod tokenize;
pub mod view;
mod whoami;

pub use authenticate::{
    Authenticated, WithCredentials, authenticate, authenticate_with_credentials, counting, hash,
    inactive,
};
pub use devices::{another, current};
pub use issue::{Issued, add_proof, issue, refresh};
pub use logout::{is_logout_token, logout_token};
pub use mine::{list_mine, revoke_mine, revoke_others};
pub use view::View;
pub use whoami::{Whoami, whoami};
