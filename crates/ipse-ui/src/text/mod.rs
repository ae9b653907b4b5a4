//! The catalogue of messages, a module for each block of numbers.

pub mod node;
pub mod settings;
