#![doc = include_str!("../README.md")]

mod error;
mod evaluate;
mod frame;
mod message;
mod pool;
mod worker;

pub use error::{JsonnetError, Location};
pub use pool::{Jsonnet, JsonnetOptions};
pub use worker::{run_worker, worker_main};
