//! The options of a package.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::protection::Protection;

/// The options of a package.
#[derive(Debug, Clone)]
pub struct PlanOptions {
    /// The target duration of segments. Each segment ends at the sync sample nearest to it.
    pub segment_duration: Duration,
    /// Maximum number of source bytes of a work unit. A single window of segments may have more.
    pub work_unit_bytes: u64,
    /// The encryption; `None` leaves the media clear.
    pub protection: Option<Protection>,
    /// Whether to leave out video, and to accept a movie without video.
    pub audio_only: bool,
    /// What to do about tracks that cannot be packaged.
    pub unsupported: UnsupportedTracks,
    /// The files that segments are stored in.
    pub layout: Layout,
}

impl Default for PlanOptions {
    /// Segments of six seconds, each a file, in the clear; work units of 32 MiB.
    fn default() -> Self {
        Self {
            segment_duration: Duration::from_secs(6),
            work_unit_bytes: 32 * 1024 * 1024,
            protection: None,
            audio_only: false,
            unsupported: UnsupportedTracks::Refuse,
            layout: Layout::Segments,
        }
    }
}

/// What to do about a video, audio or text track whose codec or a feature is not supported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum UnsupportedTracks {
    /// Refuse the movie.
    #[default]
    Refuse,
    /// Package the other tracks.
    LeaveOut,
}

impl UnsupportedTracks {
    /// Returns the name that requests use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::LeaveOut => "leave_out",
        }
    }

    /// Parses a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Refuse, Self::LeaveOut].into_iter().find(|unsupported| unsupported.name() == name)
    }
}

/// The files that the segments of a track are stored in. The movie fragments are the same in both layouts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Layout {
    /// An init segment, and one file for each segment.
    #[default]
    Segments,
    /// One file: the init segment, a segment index (`sidx`), and all segments.
    SingleFile,
}

impl Layout {
    /// Returns the name that commands and requests use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Segments => "segments",
            Self::SingleFile => "single-file",
        }
    }

    /// Parses a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Segments, Self::SingleFile].into_iter().find(|layout| layout.name() == name)
    }
}
