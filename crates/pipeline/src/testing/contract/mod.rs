//! The contract suite of the ports, for the in-memory adapters and for those on AWS.
//!
//! Each function panics at the first violation. All names contain `run`, so that suites can share a table, a bucket or an
//! account; every run needs a unique name.

#![allow(clippy::missing_panics_doc, clippy::unwrap_used, reason = "a broken contract is a panic")]

mod catalog;
mod deletion;
mod fixtures;
mod keys;
mod listing;
mod objects;
mod request_records;
mod revisions;

pub use catalog::*;
pub use deletion::*;
pub use keys::*;
pub use listing::*;
pub use objects::*;
pub use request_records::*;
pub use revisions::*;
