#![doc = include_str!("../README.md")]

mod container;
pub mod message;
mod node;
pub mod text;

pub use container::Container;
pub use message::{Kind, Message};
pub use node::{Attributes, Group, Image, Input, InputType, Link, Meta, Node, Script, Text};
