//! The whole platform, from an object put into a bucket to what a player receives, on a local AWS that enforces IAM.
//!
//! One stack serves all tests but those of a private CDN and of a DRM provider: it starts with the first that needs it and ends with this process. The tests run side by side
//! and know only what they themselves put there. What the functions make is compared, byte by byte, with what the command
//! `vpp` writes, which `engine.rs` holds to outside decoders.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod access;
mod aws;
mod command;
mod deletion;
mod document;
mod duplicates;
mod events;
mod http;
mod layouts;
mod licence;
mod object_keys;
mod platform;
mod private;
mod provider;
mod receiver;
mod refusals;
mod requests;
mod secrets;
mod stack;
mod streaming;
mod uploads;
mod watching;
