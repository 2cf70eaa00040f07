//! Pages of contents and packages: filters, and the cursor at which the next page starts.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;

use crate::domain::content::{Content, Verdict};
use crate::domain::id::ContentId;
use crate::domain::package::Package;
use crate::domain::state::Status;
use crate::domain::timestamp::Timestamp;

/// Some of a list, newest first. Where a filter lets little through, a page may hold fewer than were asked for, even none, and
/// the list go on all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, I> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next page starts, when there may be more.
    pub next: Option<Cursor<I>>,
}

/// A place in a list: just behind one of its items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor<I> {
    /// When that item was created.
    pub created_at: Timestamp,
    /// Its id.
    pub id: I,
}

/// The text is not a cursor that this platform gave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a cursor of an earlier answer")]
pub struct InvalidCursor;

impl<I: fmt::Display> fmt::Display for Cursor<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{} {}", self.created_at, self.id);
        f.write_str(&BASE64URL_NOPAD.encode(text.as_bytes()))
    }
}

impl<I: FromStr> FromStr for Cursor<I> {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| InvalidCursor)?;
        let text = str::from_utf8(&bytes).map_err(|_| InvalidCursor)?;
        let (created_at, id) = text.split_once(' ').ok_or(InvalidCursor)?;
        Ok(Self {
            created_at: created_at.parse().map_err(|_| InvalidCursor)?,
            id: id.parse().map_err(|_| InvalidCursor)?,
        })
    }
}

/// A kind of verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerdictKind {
    /// Movies that can be packaged.
    Ingested,
    /// Subtitle files.
    Subtitles,
    /// What cannot be packaged.
    Refused,
}

impl VerdictKind {
    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "Ingested" => Some(Self::Ingested),
            "Subtitles" => Some(Self::Subtitles),
            "Refused" => Some(Self::Refused),
            _ => None,
        }
    }

    /// Whether a verdict is of this kind.
    #[must_use]
    pub fn has(self, verdict: &Verdict) -> bool {
        let kind = match verdict {
            Verdict::Ingested(_) => Self::Ingested,
            Verdict::Subtitles => Self::Subtitles,
            Verdict::Refused(_) => Self::Refused,
        };
        self == kind
    }
}

/// Which contents are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContentFilter {
    /// Those with a verdict of this kind.
    pub verdict: Option<VerdictKind>,
    /// Those whose file lies at a location that begins like this.
    pub origin: Option<String>,
}

impl ContentFilter {
    /// Whether a content is one of them.
    #[must_use]
    pub fn lets(&self, content: &Content) -> bool {
        self.verdict.is_none_or(|kind| kind.has(&content.verdict))
            && self.origin.as_ref().is_none_or(|origin| content.location.to_string().starts_with(origin))
    }
}

/// Which packages are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackageFilter {
    /// Those of this status.
    pub status: Option<Status>,
    /// Those made of this content, alone or among others.
    pub content: Option<ContentId>,
}

impl PackageFilter {
    /// Whether a package is one of them.
    #[must_use]
    pub fn lets(&self, package: &Package) -> bool {
        self.status.is_none_or(|status| status == package.status())
            && self.content.as_ref().is_none_or(|content| package.contents().any(|own| own == content))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_text_that_needs_no_escape_in_a_url() -> Result<(), Box<dyn std::error::Error>> {
        let cursor: Cursor<ContentId> =
            Cursor { created_at: "2026-11-22T21:08:00.250Z".parse()?, id: "abcdefghijklmnopqrstuvwxyz".parse()? };
        let text = cursor.to_string();
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        assert_eq!(text.parse(), Ok(cursor));
        assert_eq!("garbage".parse::<Cursor<ContentId>>(), Err(InvalidCursor));
        Ok(())
    }
}
