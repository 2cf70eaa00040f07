//! The JSON representations of packages and contents. No field holds a key.

mod content;
mod package;
mod unreadable;

pub(crate) use content::{ContentDetails, ContentList, ContentSummary, DeletedContent};
pub(crate) use package::{PackageList, PackageResponse, StreamUrls};
pub(crate) use unreadable::{OrUnreadable, UnreadableContent, UnreadablePackage};
