//! How wide the platform gets, before anybody pays for finding out: its use cases over a model of AWS.
//!
//! # What is real and what is modelled
//!
//! **Real** is the code that runs in the functions: `handle` of Ingest, Fragment, Encrypt and Dash, as `functions/*` wire it,
//! down to the engine. Indexes are parsed, plans are made, stored and read back, segments are cut, encrypted, hashed and
//! written, receipts counted, messages sent, state moved by the state machine, manifests written. So the number of work units,
//! segments, requests, messages and items, and the order of a handler's calls with what it does at the same time, are not
//! assumed: they are what the code does.
//!
//! **Modelled** is what stands behind the ports. Time is virtual ([`timeline`]): a call waits for its service's latency and
//! limits ([`parameters`]), the environment's network, and a processor's time for the bytes it works on; nothing reads a
//! clock. Queues, their consumers' ramps, fair queues, cold starts, the account's concurrency, retries of the SDK and of
//! the handler, visibility timeouts and dead letters are those that are documented. The retry loops and batch sizes of
//! `crates/aws` are written down once more, as parameters or constants that name their origin.
//!
//! **In miniature** is the media ([`movie`]): sample sizes are divided by a factor, and each byte of an `mdat` weighs that
//! factor in time, transfer and bill. Indexes, plans and `moof`s have their true size. The probe is not run; it takes its
//! time and agrees.
//!
//! Not in the model: the upload, the CDN, single files (whose parts are uploaded one by one), other tenants of the account,
//! failures other than throttling, and DynamoDB's and S3's slow adaptation to a load that stays.
//!
//! # Reading the results
//!
//! A run is a function of its parameters: no clock, and dice of a fixed seed. Seconds are as good as the published numbers,
//! that is to say to a factor of two; what bends which curve, and where, is sturdier than that.

#![expect(clippy::cast_precision_loss, reason = "figures for people: three digits are printed")]

pub mod backlog;
mod cloud;
pub mod fleet;
mod handlers;
pub mod ledger;
pub mod limits;
pub mod movie;
pub mod parameters;
mod ports;
pub mod scenario;
mod table;
pub mod timeline;
