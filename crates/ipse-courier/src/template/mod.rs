//! What messages say: typed data in, subject and bodies out.

mod builtin;
mod data;
mod functions;
mod kind;
mod load;
mod program;
mod render;
mod sample;
mod value;

#[cfg(test)]
mod tests;

pub use data::{About, TemplateData};
pub use kind::{TemplateChannel, TemplateType};
pub use load::{Documents, Templates};
pub use program::TemplateProblem;
pub use render::Rendered;
