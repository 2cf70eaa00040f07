//! Identities within a package, and the file names that follow from them.
//!
//! A segment carries its identity from the plan to the manifests, so no step has to match segments with tracks by position.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::track::TrackKind;

/// Name of an init segment, in the folder of its representation.
pub(crate) const INIT_SEGMENT: &str = "init.mp4";

/// Name of the file that contains a whole representation, in the folder of that representation.
pub(crate) const SINGLE_FILE: &str = "media.mp4";

/// Name of a subtitle file that is packaged unchanged, in the folder of its representation.
pub(crate) const SIDECAR: &str = "subtitles.vtt";

/// Name of a subtitle file with a timestamp map, in the folder of its representation: it is segment 1 of HLS.
pub(crate) const MAPPED_SIDECAR: &str = "1.vtt";

/// The identity of a representation: its id in manifests, and its folder in the package.
///
/// It is a letter for the kind of track and a number from 1, such as `v1`, `a2` or `t1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RepresentationId {
    kind: TrackKind,
    number: u16,
}

impl RepresentationId {
    /// Creates the identity of the representation with `number`, from 1, among those of its kind.
    #[must_use]
    pub fn new(kind: TrackKind, number: u16) -> Self {
        Self { kind, number }
    }

    /// Returns the kind of track.
    #[must_use]
    pub fn kind(self) -> TrackKind {
        self.kind
    }

    /// Returns the number among those of its kind.
    #[must_use]
    pub fn number(self) -> u16 {
        self.number
    }

    /// Returns the path in the package of the init segment, in the layout in which it is a file.
    #[must_use]
    pub fn init_segment_path(self) -> String {
        self.path_of(INIT_SEGMENT)
    }

    /// Returns the path in the package of the file that contains the whole representation, in the layout that has one.
    #[must_use]
    pub fn single_file_path(self) -> String {
        self.path_of(SINGLE_FILE)
    }

    /// Returns the path in the package of the subtitle file with this identity.
    #[must_use]
    pub fn sidecar_path(self) -> String {
        self.path_of(SIDECAR)
    }

    /// Returns the path in the package of a file in the folder of the representation.
    pub(crate) fn path_of(self, name: &str) -> String {
        format!("{self}/{name}")
    }
}

impl fmt::Display for RepresentationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", letter(self.kind), self.number)
    }
}

/// The error for a text that is not the identity of a representation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected the id of a representation: v, a or t, and a number from 1 without leading zeros")]
pub struct ParseRepresentationIdError;

impl FromStr for RepresentationId {
    type Err = ParseRepresentationIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let kinds = [TrackKind::Video, TrackKind::Audio, TrackKind::Text];
        let kind = kinds.into_iter().find(|kind| text.starts_with(letter(*kind)));
        let number = text.get(1..).and_then(|number| number.parse().ok());
        let id = kind.zip(number).map(|(kind, number)| Self { kind, number });
        // Only the canonical spelling is an identity.
        id.filter(|id| id.number > 0 && id.to_string() == text).ok_or(ParseRepresentationIdError)
    }
}

fn letter(kind: TrackKind) -> char {
    match kind {
        TrackKind::Video => 'v',
        TrackKind::Audio => 'a',
        TrackKind::Text => 't',
    }
}

/// The identity of a segment in its package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SegmentId {
    /// The representation that the segment belongs to.
    pub representation: RepresentationId,
    /// The segment number, from 1.
    pub number: u32,
}

impl SegmentId {
    /// Returns the path in the package of the segment, in the layout in which it is a file.
    #[must_use]
    pub fn path(self) -> String {
        self.representation.path_of(&segment_name(self.number))
    }

    /// Returns the path in the package of the segment as a WebVTT text file.
    #[must_use]
    pub fn webvtt_path(self) -> String {
        self.representation.path_of(&webvtt_name(self.number))
    }
}

/// Returns the name of a segment, in the folder of its representation.
pub(crate) fn segment_name(number: impl fmt::Display) -> String {
    format!("{number}.m4s")
}

/// Returns the name of a segment as a WebVTT text file, in the folder of its representation.
pub(crate) fn webvtt_name(number: u32) -> String {
    format!("{number}.vtt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_has_one_spelling() {
        for text in ["v1", "a12", "t65535"] {
            assert_eq!(text.parse::<RepresentationId>().unwrap().to_string(), text);
        }
        for text in ["", "v", "v0", "v01", "v+1", "x1", "v65536", "1", "\u{e4}1"] {
            assert_eq!(text.parse::<RepresentationId>(), Err(ParseRepresentationIdError), "{text}");
        }
    }

    #[test]
    fn files_are_in_the_folder_of_their_representation() {
        let representation = RepresentationId::new(TrackKind::Text, 2);
        let segment = SegmentId { representation, number: 3 };
        let paths = [representation.init_segment_path(), representation.single_file_path()];
        assert_eq!(paths, ["t2/init.mp4", "t2/media.mp4"]);
        assert_eq!([segment.path(), segment.webvtt_path()], ["t2/3.m4s", "t2/3.vtt"]);
    }
}
