//! Tests of the whole server, arranged like the matrix of flows and methods.

mod bad_input;
mod layers;
mod meta;
