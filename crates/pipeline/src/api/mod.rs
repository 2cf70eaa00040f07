//! The use cases that callers and viewers request over HTTP.

pub mod authorizer;
pub mod client_uploads;
pub mod edits;
mod idempotency_key;
pub mod licences;
mod lookups;
pub mod package_request;
mod packages;
pub mod playback_token;
pub mod request_error;
pub mod service;
pub mod signed_path;
