//! Registration: somebody becomes an identity.

mod password;
mod two_steps;
