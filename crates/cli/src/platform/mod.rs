//! The commands that work with a deployed platform, over its HTTP API.
//!
//! | module | content |
//! |---|---|
//! | [`args`] | command line arguments |
//! | [`client`], [`api_request`], [`endpoint`], [`problem`], [`tls`], [`localhost`] | the HTTP client of the API |
//! | [`upload`], [`uploader`], [`file_upload`], [`part_reader`] | multipart uploads |
//! | [`input_files`], [`resume_state`], [`worker_pool`] | the files, the state and the threads of an upload |
//! | [`request`], [`package_request`] | package requests |
//! | [`follow`] | polling until packages and contents are complete |
//! | [`edit`] | edits of packages |
//! | [`commands`] | `list`, `status`, `url`, `delete`, `retry` |
//! | [`reporter`], [`responses`] | output for people and programs |
//!
//! The client uses threads and blocking calls, not an async runtime: an upload is a dozen connections that wait for the
//! network, and `vpp package`, which is the same executable, starts without the cost of a runtime.

mod api_request;
pub(crate) mod args;
mod client;
pub(crate) mod commands;
pub(crate) mod edit;
mod endpoint;
mod file_upload;
mod follow;
mod input_files;
mod localhost;
mod package_request;
mod part_reader;
pub(crate) mod problem;
mod reporter;
pub(crate) mod request;
mod responses;
mod resume_state;
mod tls;
pub(crate) mod upload;
mod uploader;
mod worker_pool;

pub(crate) use api_request::percent_encode;
pub(crate) use args::PlatformOptions;
pub(crate) use client::{PlatformClient, agent};
pub(crate) use reporter::Reporter;
