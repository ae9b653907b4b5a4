//! Tests of the whole server, arranged like the matrix of flows and methods.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod account;
mod authenticator;
mod bad_input;
mod browser;
mod codes;
mod config;
mod courier;
mod crash;
mod csrf;
mod dev;
mod disk;
mod errors;
mod hooks;
mod layers;
mod login;
mod logout;
mod mail;
mod meanwhile;
mod messages;
mod meta;
mod metrics;
mod oauth2;
mod postgres;
mod process;
mod registration;
mod reload;
mod return_to;
mod schemas;
mod seeds;
mod serving;
mod sessions;
mod settings;
mod social;
mod steps;
mod supply_chain;
