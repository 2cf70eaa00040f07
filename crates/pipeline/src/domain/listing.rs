//! Pages of contents and packages: filters, and the cursor at which the next page starts.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;

use crate::domain::content::{Content, Verdict};
use crate::domain::id::{ContentId, PackageId};
use crate::domain::package::Package;
use crate::domain::state::Status;
use crate::domain::unreadable::Listed;

/// One page of a list, newest first. With a selective filter a page may have fewer items than requested, or none, although the
/// list continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, I> {
    /// The items. Those that cannot be read are in their places.
    pub items: Vec<Listed<T>>,
    /// Where the next page starts, if there may be more items.
    pub next: Option<Cursor<I>>,
}

/// Maximum length of a cursor's time and id, in bytes.
const MAX_CURSOR_FIELD: usize = 256;

/// A position in a list: after one of its items. It holds the keys of the item as text, so that a list continues after an item
/// whose keys this version cannot read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor<I> {
    created_at: String,
    id: String,
    list: PhantomData<I>,
}

impl<I> Cursor<I> {
    /// Returns the position after the item with this id, which was created at this time.
    #[must_use]
    pub fn after(created_at: impl Into<String>, id: impl Into<String>) -> Self {
        Self { created_at: created_at.into(), id: id.into(), list: PhantomData }
    }

    /// Returns when the item was created.
    #[must_use]
    pub fn created_at(&self) -> &str {
        &self.created_at
    }

    /// Returns the item's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// An id whose items are listed.
pub trait ListedId {
    /// The name of the list. It is part of a cursor, so that the cursor of one list is invalid in another.
    const LIST: &'static str;
}

impl ListedId for ContentId {
    const LIST: &'static str = "contents";
}

impl ListedId for PackageId {
    const LIST: &'static str = "packages";
}

/// The text is not a cursor of this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not the cursor of an earlier response")]
pub struct InvalidCursor;

impl<I: ListedId> fmt::Display for Cursor<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}\n{}\n{}", I::LIST, self.created_at, self.id);
        f.write_str(&BASE64URL_NOPAD.encode(text.as_bytes()))
    }
}

impl<I: ListedId> FromStr for Cursor<I> {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| InvalidCursor)?;
        let text = str::from_utf8(&bytes).map_err(|_| InvalidCursor)?;
        let (list, position) = text.split_once('\n').ok_or(InvalidCursor)?;
        let (created_at, id) = position.split_once('\n').filter(|_| list == I::LIST).ok_or(InvalidCursor)?;
        let is_valid = |field: &str| (1..=MAX_CURSOR_FIELD).contains(&field.len());
        if is_valid(created_at) && is_valid(id) { Ok(Self::after(created_at, id)) } else { Err(InvalidCursor) }
    }
}

/// A kind of verdict, to filter by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerdictKind {
    /// Movies that can be packaged.
    Ingested,
    /// Subtitle files.
    Subtitles,
    /// Files that cannot be packaged.
    Refused,
}

impl VerdictKind {
    /// Returns the kind with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "Ingested" => Some(Self::Ingested),
            "Subtitles" => Some(Self::Subtitles),
            "Refused" => Some(Self::Refused),
            _ => None,
        }
    }

    /// Returns whether `verdict` is of this kind.
    #[must_use]
    pub fn matches(self, verdict: &Verdict) -> bool {
        let kind = match verdict {
            Verdict::Ingested(_) => Self::Ingested,
            Verdict::Subtitles(_) => Self::Subtitles,
            Verdict::Refused(_) => Self::Refused,
        };
        self == kind
    }
}

/// A filter of contents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContentFilter {
    /// Contents with a verdict of this kind.
    pub verdict: Option<VerdictKind>,
    /// Contents with a location that starts with this.
    pub origin: Option<String>,
}

impl ContentFilter {
    /// Returns whether the filter matches `content`.
    #[must_use]
    pub fn matches(&self, content: &Content) -> bool {
        self.verdict.is_none_or(|kind| kind.matches(&content.verdict))
            && self.origin.as_ref().is_none_or(|origin| content.location.to_string().starts_with(origin))
    }
}

/// A filter of packages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackageFilter {
    /// Packages with this status.
    pub status: Option<Status>,
    /// Packages of this content, alone or with others.
    pub content: Option<ContentId>,
}

impl PackageFilter {
    /// Returns whether the filter matches `package`.
    #[must_use]
    pub fn matches(&self, package: &Package) -> bool {
        self.status.is_none_or(|status| status == package.status())
            && self.content.as_ref().is_none_or(|content| package.contents().any(|id| id == content))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_needs_no_escaping_in_a_url() {
        let cursor: Cursor<ContentId> = Cursor::after("2026-11-22T21:08:00.250Z", "abcdefghijklmnopqrstuvwxyz");
        let text = cursor.to_string();
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        assert_eq!(text.parse(), Ok(cursor));
        assert_eq!(text.parse::<Cursor<PackageId>>(), Err(InvalidCursor), "a cursor of packages");
        let encode = |text: &[u8]| BASE64URL_NOPAD.encode(text);
        for other in ["garbage".to_owned(), encode(b"contents\n\nid"), encode(&[b'x'; 999])] {
            assert_eq!(other.parse::<Cursor<ContentId>>(), Err(InvalidCursor), "{other}");
        }
    }
}
