//! Revisions of a package's manifests.
//!
//! The media of a package is immutable; its manifests have revisions. Revision 0 is the plan. Each edit commits the next one,
//! which states everything that differs from the plan: a [`Revision`] replaces the one before it, and needs no other to be read.
//! So an earlier revision is brought back by committing its edits once more.
//!
//! Revisions are committed one after the other, by conditional write: see [`Revisions`](crate::ports::Revisions). A committed
//! revision is the package's latest at once, and is published when its manifests are written: see [`crate::stages::publish`].

use std::fmt;
use std::str::FromStr;

use vpp_media::edits::Edits;

use crate::domain::id::ContentId;
use crate::domain::object::{ETag, Location};
use crate::domain::timestamp::Timestamp;

/// The greatest number of a revision: a package is edited by people.
pub const MAX_REVISIONS: u32 = 100_000;

/// A revision of a package's manifests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Its number, from 1.
    pub number: u32,
    /// When it was committed.
    pub created_at: Timestamp,
    /// The revision that it brings back; 0 is the plan.
    pub restored: Option<u32>,
    /// What differs from the plan.
    pub edits: Edits,
    /// The uploaded file of each of the added subtitles, in their order.
    pub files: Vec<UploadedText>,
    /// The highest number of a subtitle file that this revision or an earlier one has added.
    pub last_added: u16,
}

impl Revision {
    /// Returns revision 0, which is the plan.
    #[must_use]
    pub fn of_plan(created_at: Timestamp) -> Self {
        Self { number: 0, created_at, restored: None, edits: Edits::default(), files: Vec::new(), last_added: 0 }
    }
}

/// An uploaded subtitle file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadedText {
    /// `input_content_id` of the file.
    pub content: ContentId,
    /// Its location.
    pub location: Location,
    /// Its version, as an entity tag.
    pub etag: ETag,
    /// Size in bytes.
    pub bytes: u64,
}

/// The revisions of a package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RevisionProgress {
    /// The number of the latest revision; 0 before the first edit.
    pub latest: u32,
    /// The number of the latest revision whose manifests are written.
    pub published: u32,
    /// What the latest publication could not do.
    pub failure: Option<PublicationFailure>,
}

impl RevisionProgress {
    /// Applies the end of a publication, unless a later revision is published.
    pub fn settle(&mut self, publication: &Publication) {
        if (self.published..=self.latest).contains(&publication.number) {
            if publication.is_written {
                self.published = publication.number;
            }
            self.failure.clone_from(&publication.failure);
        }
    }
}

/// The end of a publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// The number of the revision.
    pub number: u32,
    /// Whether its manifests are written.
    pub is_written: bool,
    /// What could not be done.
    pub failure: Option<PublicationFailure>,
}

/// The reason for which a publication left something out, or did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicationFailure {
    /// A stable machine-readable code.
    pub code: String,
    /// A human-readable sentence.
    pub message: String,
}

/// What identifies a revision among all that a package with this id ever has, for conditional requests: attempt and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevisionTag {
    /// The attempt of the package: a package that is deleted and requested again starts with revision 0 again.
    pub attempt: u64,
    /// The number of the revision.
    pub number: u32,
}

impl fmt::Display for RevisionTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.attempt, self.number)
    }
}

/// The error for a text that is not the tag of a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected the tag of a revision")]
pub struct ParseRevisionTagError;

impl FromStr for RevisionTag {
    type Err = ParseRevisionTagError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (attempt, number) = text.split_once('-').ok_or(ParseRevisionTagError)?;
        let (attempt, number) = attempt.parse().ok().zip(number.parse().ok()).ok_or(ParseRevisionTagError)?;
        Ok(Self { attempt, number })
    }
}
