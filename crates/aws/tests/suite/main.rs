//! The AWS adapters, held to the ports' contract on a local AWS, and the probe's process.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod contract;
mod edge_cache;
mod emulator;
mod probe;
mod server;
mod speke;

use std::sync::Mutex;

/// Held while a process is started: a program that was just written cannot be run while another start still holds its file.
static START: Mutex<()> = Mutex::new(());
