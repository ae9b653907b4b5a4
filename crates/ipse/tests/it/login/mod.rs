//! Login: somebody proves who they are.

mod flow;
mod password;
mod second_factor;
