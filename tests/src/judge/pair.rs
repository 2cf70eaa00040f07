//! A track and the representation that carries it.

use super::manifests::Representation;
use super::segments::Segment;
use super::track::{Track, as_float};

/// A track of the source, its representation in the MPD, and its segments by the packets of the source.
#[derive(Debug)]
pub(super) struct Pair<'p> {
    pub(super) track: &'p Track<'p>,
    pub(super) representation: &'p Representation<'p>,
    pub(super) segments: Vec<Segment>,
}

impl Pair<'_> {
    /// Converts units of the track to seconds.
    pub(super) fn seconds(&self, units: i64) -> f64 {
        as_float(units) / as_float(self.track.stream.timescale)
    }

    /// Names the representation.
    pub(super) fn place(&self) -> String {
        format!("stream.mpd {}", self.track.id)
    }
}
