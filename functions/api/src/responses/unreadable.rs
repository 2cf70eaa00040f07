//! Records that this version cannot read, in the place of contents and packages.

use serde::Serialize;
use vpp_pipeline::domain::unreadable::{Listed, UNREADABLE, UnreadableRecord};

/// A content or package of a list, or the record that cannot be read in its place.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum OrUnreadable<T, U> {
    Readable(Box<T>),
    Unreadable(U),
}

/// A content whose record cannot be read.
#[derive(Debug, Serialize)]
pub(crate) struct UnreadableContent {
    input_content_id: String,
    #[serde(flatten)]
    record: RecordFields,
}

/// A package whose record cannot be read.
#[derive(Debug, Serialize)]
pub(crate) struct UnreadablePackage {
    packaged_content_id: String,
    #[serde(flatten)]
    record: RecordFields,
}

#[derive(Debug, Serialize)]
struct RecordFields {
    status: &'static str,
    /// As the record states it: any text.
    created_at: Option<String>,
    problem: String,
}

impl From<UnreadableRecord> for RecordFields {
    fn from(record: UnreadableRecord) -> Self {
        let problem = record.to_string();
        Self { status: UNREADABLE, created_at: record.created_at, problem }
    }
}

impl From<UnreadableRecord> for UnreadableContent {
    fn from(record: UnreadableRecord) -> Self {
        Self { input_content_id: record.id.clone(), record: record.into() }
    }
}

impl From<UnreadableRecord> for UnreadablePackage {
    fn from(record: UnreadableRecord) -> Self {
        Self { packaged_content_id: record.id.clone(), record: record.into() }
    }
}

impl UnreadableContent {
    /// Returns the response to its deletion.
    pub(crate) fn deleted(mut self) -> Self {
        self.record.status = "Deleted";
        self
    }
}

impl UnreadablePackage {
    /// Returns the response to its deletion.
    pub(crate) fn deleting(mut self) -> Self {
        self.record.status = "Deleting";
        self
    }
}

impl<T, U: From<UnreadableRecord>> OrUnreadable<T, U> {
    /// Returns the response for an item of a list.
    pub(crate) fn of<I>(item: Listed<I>, response: impl Fn(&I) -> T) -> Self {
        match item {
            Listed::Readable(item) => Self::Readable(Box::new(response(&item))),
            Listed::Unreadable(record) => Self::Unreadable(record.into()),
        }
    }
}
