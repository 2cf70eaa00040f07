//! What callers and viewers ask for over HTTP.

pub mod access;
pub mod licences;
pub mod playback_token;
pub mod requests;
pub mod signed_path;
pub mod uploads;
