#![doc = include_str!("../README.md")]

mod cipher;
pub mod jwt;
pub mod password;
mod pool;
pub mod qr;
pub mod token;
pub mod totp;

pub use cipher::{Cipher, CipherAlgorithm, MissingKey};
pub use pool::{Hasher, HasherOptions};
