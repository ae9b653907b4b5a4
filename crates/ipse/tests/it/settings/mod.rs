//! Settings: somebody who is signed in changes the own account.

mod flow;
mod password;
mod privileged;
mod profile;
