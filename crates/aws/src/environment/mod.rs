//! The environment variables of a function, parsed once, when it starts.

mod key_provider;
mod resources;
mod settings;
mod variables;

pub use settings::Authorization;
pub use variables::{Environment, InvalidVariable};
