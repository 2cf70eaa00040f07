//! Needed samples: the part of a track that its presentation needs.
//!
//! An edit list shows a part of the media. The rest stays in the file when a phone or a player trims a clip, and its owner does
//! not expect a viewer to get it. So a package holds the samples that the shown part needs, and no others:
//!
//! - At the end, the last sample in decode order that is shown. A frame after the edit may precede it, as a reference of frames
//!   that are shown.
//! - At the start, the last sync sample from which every shown frame can be decoded. In an open group of pictures, leading
//!   pictures of a sync sample depend on the group before it: if one is shown, the package starts with that group.
//! - Audio is cut at its start when the start of the video is known: see [`super::audio_start`].

use std::ops::Range;

use super::edit_list::EditList;
use super::sample::Sample;
use crate::codec::TrackKind;
use crate::time::Timescale;

/// What determines the samples and the end of a track.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edits {
    pub(super) list: EditList,
    /// The timescale of the track.
    pub(super) timescale: Timescale,
    /// How long a track of one frame without a duration is shown if its edit list does not state it: the duration of the movie,
    /// in units of the timescale, if known.
    pub(super) movie_duration: Option<u32>,
}

impl Edits {
    /// Returns the duration of the last sample of a track, if it is another one than its tables state. `composition_end` is the
    /// end of the track.
    ///
    /// Video with an edit list ends where that ends: for its last frame, a table may state no duration, or one past the end.
    /// Without an edit list, a last sample of no duration lasts as long as the one before it. A single frame is shown for the
    /// duration of the movie, or else for a second.
    pub(super) fn last_duration(&self, last: LastSample, kind: TrackKind, composition_end: i64) -> Option<u32> {
        let LastSample { composition_time, duration, previous_duration } = last;
        let end = composition_time.saturating_add(i64::from(duration));
        let is_video = kind == TrackKind::Video;
        let edit_end = self.list.end.filter(|_| is_video);
        let until_edit_end = edit_end.and_then(|end| u32::try_from(end.saturating_sub(composition_time)).ok());
        let until_edit_end = until_edit_end.filter(|duration| *duration > 0);
        if duration > 0 {
            let is_past = edit_end.is_some_and(|edit_end| {
                end == composition_end && end.saturating_sub(edit_end) > i64::from(self.list.rounding)
            });
            return until_edit_end.filter(|_| is_past);
        }
        let previous = Some(previous_duration).filter(|previous| *previous > 0);
        match kind {
            TrackKind::Video => {
                let movie = self.movie_duration.filter(|duration| *duration > 0);
                until_edit_end.or(previous).or(movie).or(Some(self.timescale.hz()))
            }
            TrackKind::Audio => previous,
            // A cue of no duration is not shown.
            TrackKind::Text => None,
        }
    }
}

/// A search for the samples that the presentation of a track needs.
#[derive(Debug)]
pub(super) struct NeededSamples {
    /// The composition times that are shown.
    shown: Range<i64>,
    /// The composition time from which samples are needed.
    from: i64,
    /// The sync sample before the last one, and the last one before the first needed sample: position and composition time.
    sync_samples: [Option<(u32, i64)>; 2],
    /// Whether a needed sample is presented before the last sync sample.
    is_open: bool,
    has_started: bool,
    is_shown: bool,
    /// Position after the last needed sample.
    end: u32,
    /// The end of the needed samples in composition time.
    pub(super) composition_end: i64,
    /// The last needed sample.
    pub(super) last: Option<LastSample>,
    /// Duration of the sample before, in decode order.
    duration: u32,
}

/// The last needed sample.
#[derive(Debug, Clone, Copy)]
pub(super) struct LastSample {
    pub(super) composition_time: i64,
    pub(super) duration: u32,
    /// Duration of the sample before it; zero without one.
    pub(super) previous_duration: u32,
}

impl NeededSamples {
    pub(super) fn new(edits: &Edits, kind: TrackKind) -> Self {
        let start = edits.list.start.unwrap_or(i64::MIN);
        Self {
            shown: start..edits.list.end.unwrap_or(i64::MAX),
            from: if kind == TrackKind::Audio { i64::MIN } else { start },
            sync_samples: [None; 2],
            is_open: false,
            has_started: false,
            is_shown: false,
            end: 0,
            composition_end: i64::MIN,
            last: None,
            duration: 0,
        }
    }

    /// Adds the next sample in decode order, with its composition times.
    #[inline]
    pub(super) fn add(&mut self, sample: &Sample, times: Range<i64>) {
        let Range { start: composition_time, end: composition_end } = times;
        if sample.is_sync && !self.has_started {
            let [_, last] = self.sync_samples;
            self.sync_samples = [last, Some((sample.index, composition_time))];
        }
        let is_shown_from = |start: i64| composition_end > start || composition_time >= start;
        let previous_duration = std::mem::replace(&mut self.duration, sample.duration);
        if composition_time < self.shown.end && is_shown_from(self.from) {
            self.has_started = true;
            self.is_shown |= is_shown_from(self.shown.start);
            self.is_open |= self.sync_samples[1].is_some_and(|(_, sync)| composition_time < sync);
            self.end = sample.index.saturating_add(1);
            self.composition_end = self.composition_end.max(composition_end);
            self.last = Some(LastSample { composition_time, duration: sample.duration, previous_duration });
        }
    }

    /// Returns the positions of the needed samples; `None` if no sample is shown.
    pub(super) fn range(&self) -> Option<Range<u32>> {
        let [before, last] = self.sync_samples;
        let entry = if self.is_open { before.or(last) } else { last };
        self.is_shown.then(|| entry.map_or(0, |(index, _)| index)..self.end)
    }
}
