//! The JSON representations of packages and contents. No field holds a key.

mod content;
mod package;
mod revision;
mod unreadable;

pub(crate) use content::{ContentDetails, ContentList, ContentSummary, DeletedContent};
pub(crate) use package::{PackageList, PackageResponse, StreamUrls};
pub(crate) use revision::{RevisionField, RevisionList, RevisionResponse, RevisionSummary};
pub(crate) use unreadable::{OrUnreadable, UnreadableContent, UnreadablePackage};
