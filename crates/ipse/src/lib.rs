#![doc = include_str!("../README.md")]

mod background;
mod certificates;
mod cli;
mod courier;
mod dev;
mod logging;
mod migrate;
pub mod outgoing;
mod serve;
mod start;
mod tools;
pub mod wiring;

pub use cli::run;
