//! Properties of planning and packaging, against a naive reader of the same movie.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::struct_excessive_bools,
    clippy::unwrap_used,
    reason = "a test: it may panic, and its sizes are small"
)]

#[path = "../support/arriving.rs"]
mod arriving;
mod cases;
mod harness;
mod properties;
#[path = "../support/mod.rs"]
mod support;
