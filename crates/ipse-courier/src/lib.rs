#![doc = include_str!("../README.md")]

pub mod delivery;
mod http;
mod pace;
mod smtp;
pub mod template;
pub mod worker;

#[cfg(test)]
mod test_server;
#[cfg(test)]
mod tests;

pub use crate::http::REQUEST_HEADERS;
pub use delivery::{Channels, CurrentConfig, Deliver, DeliveryError, Surroundings};
pub use template::{
    About, Documents, Rendered, TemplateChannel, TemplateData, TemplateProblem, TemplateType,
    Templates,
};
pub use worker::{Parts, Worker};
