//! Login: somebody proves who they are.

mod flow;
mod keys;
mod password;
pub(crate) mod second_factor;
mod step_up;
