//! Tests of the whole server, arranged like the matrix of flows and methods.

mod account;
mod bad_input;
mod crash;
mod disk;
mod layers;
mod meta;
mod process;
