#![doc = include_str!("../README.md")]

mod cipher;
pub mod password;
mod pool;
pub mod token;

pub use cipher::{Cipher, CipherAlgorithm, MissingKey};
pub use pool::{Hasher, HasherOptions};
