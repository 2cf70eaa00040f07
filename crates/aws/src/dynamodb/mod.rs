//! The catalog in one DynamoDB table.
//!
//! | item | `pk` | `sk` |
//! |---|---|---|
//! | content | `content#<id>` | `content` |
//! | package | `package#<id>` | `package` |
//! | receipt of a work unit | `package#<id>` | `unit#<8 digits>` |
//! | multipart uploads of a package | `package#<id>` | `uploads` |
//! | client upload | `client_upload#<id>` | `client_upload` |
//! | idempotency key | `claim#<hash>` | `claim` |
//!
//! The index `by_kind` lists contents by time, and `packages_by_time` lists packages; their partitions are the shards of a list.
//! Every other read is consistent. State changes by conditional writes: the condition of a step is the list of statuses that the
//! step starts from.

mod attributes;
mod catalog;
mod client_upload_item;
mod content_item;
mod deletion_records;
#[cfg(test)]
mod earlier_records;
mod idempotency_item;
mod index_filter;
mod listing;
mod merge;
mod multipart_uploads_item;
mod package_item;
mod receipt_item;
mod request_records;
mod revision_item;
mod revision_progress;
pub(crate) mod stream_records;
mod table;
mod transitions;

pub use table::DynamoCatalog;
