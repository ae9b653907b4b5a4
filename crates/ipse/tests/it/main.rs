//! Tests of the whole server, arranged like the matrix of flows and methods.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod account;
mod bad_input;
mod codes;
mod hooks;
mod crash;
mod disk;
mod layers;
mod login;
mod logout;
mod mail;
mod meta;
mod process;
mod registration;
mod serving;
mod sessions;
mod settings;
mod steps;
