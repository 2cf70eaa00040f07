//! The commands that work with a deployed platform, over its HTTP API.
//!
//! | module | |
//! |---|---|
//! | [`args`] | what may be said on the command line |
//! | [`http`], [`tls`], [`problem`] | the API, and how it refuses |
//! | [`upload`], [`lanes`], [`memory`], [`files`] | files on their way to the bucket |
//! | [`request`] | what a package is asked for with |
//! | [`follow`] | looking again and again until it is done |
//! | [`commands`] | `list`, `status`, `url`, `delete`, `retry`, `request` |
//! | [`show`] | what a person or a program reads of it |
//!
//! Threads and blocking calls, no runtime: an upload is a dozen connections that wait for the network, and `vpp package` is the
//! same executable and starts as it always did.

pub(crate) mod args;
pub(crate) mod commands;
mod files;
mod follow;
mod http;
mod lanes;
mod memory;
pub(crate) mod problem;
mod request;
mod show;
mod tls;
pub(crate) mod upload;

pub(crate) use show::Show;
