//! The decisions of Ipse: flows, methods, hooks, sessions, identities and schemas.

pub mod schema;
