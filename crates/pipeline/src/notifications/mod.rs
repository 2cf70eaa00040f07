//! Notifications about changes of state: events on a bus, and webhooks.

pub mod announce;
pub mod webhook;
