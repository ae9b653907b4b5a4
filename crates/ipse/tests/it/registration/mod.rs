//! Registration: somebody becomes an identity.

mod flow;
mod password;
mod two_steps;
mod whole;
