//! Changes of state, reported to event buses and webhooks.

pub mod announce;
pub mod webhook;
