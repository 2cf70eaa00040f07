//! Pages of contents and packages: filters, and the cursor at which the next page starts.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;

use crate::domain::content::{Content, Verdict};
use crate::domain::id::{ContentId, PackageId};
use crate::domain::package::Package;
use crate::domain::state::Status;
use crate::domain::timestamp::Timestamp;

/// One page of a list, newest first. With a selective filter a page may have fewer items than requested, or none, although the
/// list continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, I> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page starts, if there may be more items.
    pub next: Option<Cursor<I>>,
}

/// A position in a list: after one of its items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor<I> {
    /// When the item was created.
    pub created_at: Timestamp,
    /// The item's id.
    pub id: I,
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

impl<I: fmt::Display + ListedId> fmt::Display for Cursor<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{} {} {}", I::LIST, self.created_at, self.id);
        f.write_str(&BASE64URL_NOPAD.encode(text.as_bytes()))
    }
}

impl<I: FromStr + ListedId> FromStr for Cursor<I> {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| InvalidCursor)?;
        let text = str::from_utf8(&bytes).map_err(|_| InvalidCursor)?;
        let (list, position) = text.split_once(' ').ok_or(InvalidCursor)?;
        let (created_at, id) = position.split_once(' ').filter(|_| list == I::LIST).ok_or(InvalidCursor)?;
        Ok(Self {
            created_at: created_at.parse().map_err(|_| InvalidCursor)?,
            id: id.parse().map_err(|_| InvalidCursor)?,
        })
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
    fn a_cursor_needs_no_escaping_in_a_url() -> Result<(), Box<dyn std::error::Error>> {
        let cursor: Cursor<ContentId> =
            Cursor { created_at: "2026-11-22T21:08:00.250Z".parse()?, id: "abcdefghijklmnopqrstuvwxyz".parse()? };
        let text = cursor.to_string();
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        assert_eq!(text.parse(), Ok(cursor));
        assert_eq!(text.parse::<Cursor<PackageId>>(), Err(InvalidCursor), "a cursor of packages");
        assert_eq!("garbage".parse::<Cursor<ContentId>>(), Err(InvalidCursor));
        Ok(())
    }
}
