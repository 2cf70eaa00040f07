//! The platform's use cases and ports: what each stage does, without naming a service.
//!
//! # The way of a file
//!
//! An upload passes four [`stages`]: [`ingest`](stages::ingest) validates it, [`fragment`](stages::fragment) plans segments
//! and work units, [`encrypt`](stages::encrypt) writes the segments of one work unit, and [`dash`](stages::dash) writes the
//! manifests. [`dead_letter`](stages::dead_letter) makes the package of a dead-lettered message Failed;
//! [`delete`](stages::delete) deletes objects and records.
//!
//! A viewer need not wait for the last two: the [`origin`] makes a segment that is requested before it is written.
//!
//! The [`api`] creates, lists and deletes packages for [authorized](api::authorizer) callers, presigns the URLs of
//! [client uploads](api::client_uploads), and issues playback tokens and [licences](api::licences).
//! [`notifications`] publishes events and sends webhooks.
//!
//! Each use case is one module, written against the traits of [`ports`]. Their values and rules are in [`domain`]. The adapters
//! on AWS and those in memory (feature `testing`) pass the same contract suite.
//!
//! # The rules of every stage
//!
//! Events and messages are delivered at least once, a function may stop between any two calls, and two copies of it may run
//! concurrently. Five rules make that harmless:
//!
//! 1. **At least once.** Every handler may run twice, or stop half-way and run again, with the same result.
//! 2. **State first, message second.** A handler writes the new state, then sends the next message. A handler that finds its
//!    work done sends the next message again. So a crash between the two loses nothing.
//! 3. **Forward only.** A [`Step`](domain::state::Step) names the statuses it may start from, and the catalog applies it by
//!    conditional write. A late duplicate cannot undo Ready or Failed.
//! 4. **Same input, same bytes.** Objects are functions of source version, options and key. A write that finds the object
//!    compares digests; different bytes are an error with its own code.
//! 5. **The source is pinned.** Every read of it requires the `ETag` it was ingested with.
//!
//! A *permanent* [`error`] is a property of the input: the content is Refused or the package Failed immediately, with a code.
//! Every other error is *transient*: the message is delivered again, and is dead-lettered when its retries are exhausted.

pub mod api;
pub mod domain;
pub mod error;
pub mod notifications;
pub mod origin;
pub mod ports;
pub mod stages;
#[cfg(feature = "testing")]
pub mod testing;

pub use domain::outcome::Outcome;
pub use error::Error;
