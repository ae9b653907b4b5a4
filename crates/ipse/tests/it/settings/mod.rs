//! Settings: somebody who is signed in changes the own account.

mod at_once;
mod flow;
mod keys;
mod password;
mod privileged;
mod profile;
mod typed;
