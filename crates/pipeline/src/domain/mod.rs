//! Contents, packages and everything about them: values and rules, without I/O.

pub mod access_token;
pub mod client_upload;
pub mod content;
pub mod content_key;
pub mod dead_letter;
pub mod event;
pub mod id;
pub mod layout;
pub mod listing;
pub mod message;
pub mod metric;
pub mod multipart;
pub mod object;
pub mod outcome;
pub mod package;
pub mod package_id;
pub mod package_options;
pub mod part_plan;
pub mod probe_report;
pub mod receipt;
pub mod resource_usage;
pub mod state;
pub mod subtitles;
pub mod timestamp;
pub mod uploaded_object;
pub mod webhook_signature;
