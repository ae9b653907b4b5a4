//! Login: somebody proves who they are.

mod flow;
mod password;
