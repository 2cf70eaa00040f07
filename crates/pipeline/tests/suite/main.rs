//! The use cases over in-memory ports: one binary, one module per guarantee.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod client_uploads;
mod contract;
mod crashes;
mod deletion;
mod domains;
mod edits;
mod events;
mod failures;
mod key_provider;
mod licences;
mod messages;
mod metrics;
mod on_demand;
mod origin;
mod requests;
mod retries;
mod single_file;
mod stages;
mod support;
mod verdicts;
