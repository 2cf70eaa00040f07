//! Records that this version cannot read: another version wrote them, or they are damaged.
//!
//! One such record must not stop anything but itself. Lists show it as it is, with its id; it is counted and can be deleted.
//! A package whose status can be read fails with `unreadable_record` when a stage needs the record; otherwise its message is
//! dead-lettered. Either way, a retry by the version that can read the record continues.
//! `docs/operations.md` states how schemas change.

use std::fmt;

/// The status that the API shows for an unreadable record.
pub const UNREADABLE: &str = "Unreadable";
/// The code of a request or a package that needs an unreadable record.
pub const UNREADABLE_RECORD: &str = "unreadable_record";

/// The kind of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    /// A content.
    Content,
    /// A package.
    Package,
    /// The receipt of a work unit.
    Receipt,
    /// The multipart uploads of a package's files.
    OutputUploads,
    /// A revision of a package.
    Revision,
    /// A client upload.
    ClientUpload,
    /// An idempotency key.
    IdempotencyKey,
    /// A message of a queue.
    Message,
}

impl RecordKind {
    /// Returns the name of the kind, as metrics and logs have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Package => "package",
            Self::Receipt => "receipt",
            Self::OutputUploads => "output_uploads",
            Self::Revision => "revision",
            Self::ClientUpload => "client_upload",
            Self::IdempotencyKey => "idempotency_key",
            Self::Message => "message",
        }
    }
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A record that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the record of the {kind} {id} cannot be read, because another version wrote it or it is damaged: {problem}")]
pub struct UnreadableRecord {
    /// Its kind.
    pub kind: RecordKind,
    /// The id in its key.
    pub id: String,
    /// When it was created, as its key states it.
    pub created_at: Option<String>,
    /// The part that cannot be read. Contains no value of the record.
    pub problem: String,
}

/// A record of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed<T> {
    /// A record that this version reads.
    Readable(T),
    /// A record that it cannot read.
    Unreadable(UnreadableRecord),
}

impl<T> Listed<T> {
    /// Returns the record, if it can be read.
    pub fn readable(self) -> Option<T> {
        match self {
            Self::Readable(record) => Some(record),
            Self::Unreadable(_) => None,
        }
    }
}

impl<T> From<Result<T, UnreadableRecord>> for Listed<T> {
    fn from(read: Result<T, UnreadableRecord>) -> Self {
        match read {
            Ok(record) => Self::Readable(record),
            Err(record) => Self::Unreadable(record),
        }
    }
}
