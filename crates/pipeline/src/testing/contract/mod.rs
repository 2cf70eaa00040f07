//! What every adapter of a port must do: one suite, run over the in-memory ports and over the AWS ones.
//!
//! Each function panics at the first broken promise. All names are made from `run`, so that suites can share a table, a
//! bucket or an account; give every run another one.

#![allow(clippy::missing_panics_doc, clippy::unwrap_used, reason = "a broken contract is a panic")]

mod catalog;
mod deletion;
mod fixtures;
mod keys;
mod listing;
mod objects;
mod request_records;

pub use catalog::*;
pub use deletion::*;
pub use keys::*;
pub use listing::*;
pub use objects::*;
pub use request_records::*;
