//! A simulation of the platform's scaling and cost on AWS: the pipeline's own use cases run on a model of the services.
//!
//! # What is real and what is modelled
//!
//! **Real** is the code of the functions: `handle` of Ingest, Fragment, Encrypt and Dash, as `functions/*` assemble it, including
//! the packager. It parses indexes, writes and reads plans, writes encrypted and hashed segments, stores receipts, sends messages,
//! changes the state of packages and writes manifests. The numbers of work units, segments, requests, messages and items, and the
//! order and concurrency of a handler's requests, are therefore results of the code, not assumptions.
//!
//! **Modelled** is everything behind the ports. Time is virtual ([`timeline`]): a request waits for the latency and the limits of
//! its service ([`parameters`]), for the network of its execution environment, and for the processor time of its bytes. Queues,
//! the ramps of their event source mappings, fair queues, cold starts, the concurrency of the account, the retries of the SDK and
//! of the handlers, visibility timeouts and dead-letter queues behave as AWS documents them. The retries and batch sizes of
//! `crates/aws` are repeated as parameters or constants that name their origin.
//!
//! **Scaled down** is the media ([`movie`]): sample sizes are divided by a factor, and each byte of an `mdat` counts as that
//! factor in time, transfer and cost. Indexes, plans and `moof` boxes have their full size. The probe is not executed: it takes
//! its time and accepts the file.
//!
//! The model leaves out the client's upload, the CDN, single files (whose parts are uploaded one by one), other workloads of the
//! account, failures other than throttling, and the slow adaptation of DynamoDB and S3 to a constant load.
//!
//! # Reading the results
//!
//! A simulation is deterministic: it reads no clock, and its random numbers have a fixed seed. Times are as accurate as the published
//! numbers, within a factor of two. Which limit applies first, and at what load, is more reliable.

#![expect(clippy::cast_precision_loss, reason = "figures for people: three digits are printed")]

mod account;
pub mod backlog;
mod catalog;
mod dispatch;
pub mod environments;
mod execution_environment;
mod handlers;
pub mod limits;
pub mod movie;
mod object_store;
pub mod parameters;
mod payload;
mod ports;
mod random;
pub mod scenario;
pub mod timeline;
pub mod usage;
