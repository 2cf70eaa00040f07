//! The judge of manifests is silent on every good package, and names every fault that is planted in one.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod faults;
mod planting;
mod silence;
