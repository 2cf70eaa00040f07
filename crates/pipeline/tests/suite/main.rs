//! The use cases over in-memory ports: one binary, one module per promise.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod client_uploads;
mod contract;
mod crashes;
mod deletion;
mod events;
mod failures;
mod licences;
mod messages;
mod metrics;
mod provider;
mod requests;
mod retries;
mod road;
mod single_file;
mod support;
mod verdicts;
