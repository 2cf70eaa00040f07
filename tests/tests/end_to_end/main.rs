//! The whole platform, from an object put into a bucket to the bytes that a player receives, on a local AWS that enforces IAM.
//!
//! One stack serves all tests except those of a private CDN and of a DRM provider. It starts with the first test that needs it
//! and ends with this process. The tests run in parallel, and each uses only the objects that it created. The packages are
//! compared, byte for byte, with those of the command `vpp`, which `engine` compares with independent decoders.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod authorization;
mod aws;
mod command_line;
mod deletion;
mod drm_provider;
mod duplicates;
mod events;
mod http;
mod key_notations;
mod layouts;
mod licence;
mod monitoring;
mod object_keys;
mod openapi;
mod package_requests;
mod platform;
mod private_playback;
mod refusals;
mod secrets;
mod speke_server;
mod stack;
mod streaming;
mod uploads;
mod webhook_receiver;
