//! Compares what `vpp package` writes with independent implementations.
//!
//! A test checks a property of every movie, the fixtures of `tests/media` and the files of the corpus, before it fails, and
//! names each movie that violates the property.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod decoding;
mod encryption;
mod init_segments;
mod manifests;
mod packaging;
mod reproducibility;
mod samples;
mod segmentation;
mod single_files;
mod video;
