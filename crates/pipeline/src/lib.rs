//! The platform's use cases and the ports they stand on: what each stage does, with no service named.
//!
//! A file that lands in the uploads bucket goes through [`ingest`], [`fragment`], [`encrypt`] (once per work unit) and
//! [`dash`]; [`api`] starts packages and tells how far they are, to those whom [`access`] knows; [`licence`] gives viewers
//! their keys; [`intake`] takes files in from who has no account with the store; [`dead_letter`] ends packages that were given up on; [`delete`] removes what is wanted no more;
//! [`announce`] and [`webhook`] tell others what has changed.
//! Each is one module with one public `handle`, written against the traits of [`ports`]. The AWS adapters and the
//! in-memory ones of the `testing` feature pass the same contract suite.
//!
//! # The rules every stage keeps
//!
//! Events and messages arrive at least once, a function may stop between any two calls, and two copies of it may run at
//! the same time. Five rules make that harmless:
//!
//! 1. **At least once.** Every handler may run twice, or stop half-way and run again, with the same result.
//! 2. **State first, message second.** A handler writes the new state, then sends the next message; a handler that finds
//!    its work already done sends the next message again. So a crash between the two loses nothing.
//! 3. **Forward only.** A [`state::Step`] names the statuses it may start from, and the catalog applies it by
//!    conditional write. A late duplicate cannot un-Ready or un-Fail a package.
//! 4. **Same input, same bytes.** Objects are functions of (source version, options, key). A put that finds the object
//!    there compares digests; other bytes under one name are an error with a name of its own.
//! 5. **The source is pinned.** Every read of it carries the `ETag` it was ingested with.
//!
//! An error is *permanent* when it is a fact about the input: the content is Refused or the package Failed at once, with
//! its code. Everything else is *transient*: it goes up to the caller, the message comes again, and what keeps failing
//! lands in a dead-letter queue. See [`error`].

pub mod api;
pub mod domain;
pub mod error;
pub mod notifications;
pub mod ports;
pub mod stages;
#[cfg(feature = "testing")]
pub mod testing;

pub use domain::outcome::Outcome;
pub use error::Error;
