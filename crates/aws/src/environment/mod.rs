//! The environment variables of a function, parsed once, when it starts.

mod authorization;
mod key_provider;
mod resources;
mod settings;
mod variables;

pub use authorization::Authorization;
pub use variables::{Environment, InvalidVariable};
