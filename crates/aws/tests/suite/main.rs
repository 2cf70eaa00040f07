//! The AWS adapters against the contract of the ports on a local AWS, and the process of the probe.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(clippy::print_stderr, reason = "a known gap of an implementation is printed")]

mod contract;
mod edge_cache;
mod emulator;
mod probe;
mod records;
mod server;
mod speke;

use std::sync::Mutex;

/// Locked while a process starts: a program file cannot be run while a process that is starting in parallel still has it open
/// for writing.
static START: Mutex<()> = Mutex::new(());
