//! Preflight: what a movie's index alone says of the stream that will be made of it.
//!
//! A file may be in order and still make a poor stream: key pictures ten seconds apart make segments of ten seconds, whatever
//! was asked for. Who uploads it should hear so at once, with the figures, before anyone watches. All of it is in the index,
//! so [`preflight`] plans the movie as it would be packaged, looks at each work unit of the plan as it goes by, and drops it: one
//! walk over the sample tables gives both the refusals of planning and the report, and holds a few numbers per track.
//!
//! A movie that cannot be packaged has no report but its [`Error`](crate::Error): that is the third verdict, `refused`.

mod figures;
mod view;
mod warning;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::figures::{TrackSurvey, milliseconds, signed_milliseconds};
pub use self::view::PreflightView;
pub use self::warning::Warning;
use crate::Result;
use crate::cmaf::{PlanOptions, Planner, Representation, SegmentTime, WorkUnit};
use crate::isobmff::Index;
use crate::track::{Movie, Track, TrackKind};

/// Ranges of the source that a work unit may take before the file counts as poorly interleaved: as many as a worker reads at once.
const RANGES: usize = 8;

/// How far apart tracks may start or end before it is worth a word, in milliseconds.
const APART_MS: i64 = 500;

/// How much media behind the end of an edit list is no more than the padding of a last block of sound, in milliseconds.
const PADDING_MS: u64 = 100;

/// What the index says of the stream to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preflight {
    /// The duration segments were asked to have, in milliseconds.
    pub segment_ms: u64,
    /// Media segments of all tracks.
    pub segments: u64,
    /// Work units of work.
    pub work_units: u32,
    /// The most byte ranges of the source that one work unit takes.
    pub most_ranges_in_a_work_unit: u32,
    /// Bytes of the source that all work units read.
    pub bytes_to_read: u64,
    /// The tracks, as they will be packaged.
    pub tracks: Vec<TrackReport>,
    /// What is worth a word.
    pub warnings: Vec<Warning>,
}

/// What becomes of one track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackReport {
    /// `track_ID`.
    pub track_id: u32,
    /// Name of the representation it becomes.
    pub name: String,
    /// RFC 6381 `codecs`.
    pub codecs: String,
    /// When it begins to be presented, in milliseconds; before zero is what an edit list hides.
    pub start_ms: i64,
    /// When it ends.
    pub end_ms: i64,
    /// Bits per second over all of it.
    pub average_bitrate: u64,
    /// The most bits of any one second of decode time that begins at a whole tenth of a second after the first sample; the
    /// average, of a track that is shorter.
    pub peak_bitrate: u64,
    /// Its segments.
    pub segments: Spread,
    /// Of video, its groups of pictures: from one sync sample to the next, in decode time.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub groups: Option<Spread>,
    /// Of video, how many of the groups are open: pictures behind the sync sample are presented before it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub open_groups: Option<u64>,
    /// Of video, whether pictures last equally long, to within one unit of the timescale; the last may last as it likes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub constant_frame_rate: Option<bool>,
    /// Of audio, how many samples at its start are decoded and not heard: the encoder's priming, or a cut.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub priming_samples: Option<u64>,
}

/// How many there are of something that lasts, and how long each lasts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spread {
    /// How many.
    pub count: u64,
    /// The shortest, in milliseconds.
    pub shortest_ms: u64,
    /// On average.
    pub mean_ms: u64,
    /// The longest.
    pub longest_ms: u64,
}

impl Preflight {
    /// `accepted` or `accepted_with_warnings`.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        if self.warnings.is_empty() { "accepted" } else { "accepted_with_warnings" }
    }
}

/// Plans `movie`, which `index` describes, as `options` say, and reports on what it saw.
///
/// # Errors
/// Why the movie cannot be packaged.
pub fn preflight(index: &Index, movie: &Movie<'_>, options: &PlanOptions) -> Result<Preflight> {
    let mut planner = Planner::new(movie, options)?;
    let mut survey = Survey { movie, tracks: Vec::new(), most_ranges: 0, bytes: 0 };
    for work_unit in &mut planner {
        survey.see(&work_unit?);
    }
    let presentation = planner.finish()?;
    let tracks: Vec<TrackReport> =
        presentation.representations.iter().zip(&survey.tracks).map(|(own, seen)| report(own, seen)).collect();
    Ok(Preflight {
        segment_ms: u64::try_from(options.segment_duration.as_millis()).unwrap_or(u64::MAX),
        segments: tracks.iter().map(|own| own.segments.count).fold(0, u64::saturating_add),
        work_units: presentation.work_units,
        most_ranges_in_a_work_unit: u32::try_from(survey.most_ranges).unwrap_or(u32::MAX),
        bytes_to_read: survey.bytes,
        warnings: survey.warnings(index, &tracks, options.segment_duration),
        tracks,
    })
}

/// What is remembered of the work units that went by.
struct Survey<'m, 'a> {
    movie: &'m Movie<'a>,
    /// In the order of the work units' tracks, which is that of the representations.
    tracks: Vec<TrackSurvey>,
    most_ranges: usize,
    bytes: u64,
}

impl Survey<'_, '_> {
    fn see(&mut self, work_unit: &WorkUnit) {
        if self.tracks.is_empty() {
            let track = |id| self.movie.tracks.iter().find(|track| track.id == id);
            self.tracks = work_unit.tracks.iter().filter_map(|own| track(own.track_id)).map(TrackSurvey::new).collect();
        }
        for segment in &work_unit.segments {
            if let Some(track) = self.tracks.get_mut(usize::from(segment.track)) {
                track.see(segment);
            }
        }
        self.most_ranges = self.most_ranges.max(work_unit.ranges.len());
        self.bytes = self.bytes.saturating_add(work_unit.source_bytes());
    }

    fn warnings(&self, index: &Index, tracks: &[TrackReport], asked: Duration) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if index.has_media_before_moov() {
            warnings.push(Warning::NoFaststart);
        }
        if self.most_ranges > RANGES {
            warnings.push(Warning::PoorInterleaving { ranges: u32::try_from(self.most_ranges).unwrap_or(u32::MAX) });
        }
        let apart = |moment: fn(&TrackReport) -> i64| {
            // Of text it says nothing when the first and the last of it is shown.
            let timed = || tracks.iter().zip(&self.tracks).filter(|(_, seen)| !seen.is_text);
            let moments = || timed().map(|(own, _)| moment(own).max(0));
            moments().max().unwrap_or(0).saturating_sub(moments().min().unwrap_or(0))
        };
        let (starts_apart_ms, ends_apart_ms) = (apart(|own| own.start_ms), apart(|own| own.end_ms));
        if starts_apart_ms > APART_MS || ends_apart_ms > APART_MS {
            warnings.push(Warning::UnequalTracks { starts_apart_ms, ends_apart_ms });
        }
        for (own, seen) in tracks.iter().zip(&self.tracks) {
            if let Some(track) = self.movie.tracks.iter().find(|track| track.id == own.track_id) {
                of_track(&mut warnings, own, seen, track, asked);
            }
        }
        warnings.extend(self.movie.skipped.iter().map(|skipped| Warning::TrackLeftOut {
            track_id: skipped.id,
            handler: skipped.handler.to_string(),
            reason: skipped.reason.to_owned(),
        }));
        warnings
    }
}

/// What is worth a word of one track.
fn of_track(warnings: &mut Vec<Warning>, own: &TrackReport, seen: &TrackSurvey, track: &Track<'_>, asked: Duration) {
    let (track_id, codecs) = (own.track_id, || own.codecs.clone());
    let mut warn = |when: bool, warning: Warning| {
        if when {
            warnings.push(warning);
        }
    };
    if track.kind == TrackKind::Video {
        // Where groups are no longer than what is asked for, segments are at most half as long again.
        let asked_ms = u64::try_from(asked.as_millis()).unwrap_or(u64::MAX);
        let longest_ms = own.segments.longest_ms;
        let too_long = longest_ms.saturating_mul(2) > asked_ms.saturating_mul(3);
        warn(too_long, Warning::LongGroups { track_id, longest_ms, asked_ms });
        let (open, groups) = (seen.open_groups, own.groups.map_or(0, |groups| groups.count));
        warn(open > 0, Warning::OpenGroups { track_id, open, groups });
        let (shortest_us, longest_us) = seen.sample_microseconds();
        warn(!seen.is_constant(), Warning::VariableFrameRate { track_id, shortest_us, longest_us });
        let hidden_ms = milliseconds(seen.hidden, track.timescale);
        warn(hidden_ms > 0, Warning::TrimmedStart { track_id, hidden_ms });
        let in_band = ["avc3", "hev1", "dvhe"].iter().any(|kind| own.codecs.starts_with(kind));
        warn(in_band, Warning::ParameterSetsInBand { track_id, codecs: codecs() });
    }
    let entries = track.descriptions.entries();
    let descriptions = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    warn(descriptions > 1, Warning::ParametersChange { track_id, descriptions });
    let cbcs = entries.iter().all(|entry| entry.protection.allows(crate::cenc::Scheme::Cbcs));
    warn(!cbcs, Warning::CbcsUndefined { track_id, codecs: codecs() });
    let behind = track.edited_end.map_or(0, |end| track.samples.latest_composition_end().saturating_sub(end));
    let presented_ms = milliseconds(u64::try_from(behind).unwrap_or(0), track.timescale);
    warn(presented_ms > PADDING_MS, Warning::TrimmedEnd { track_id, presented_ms });
}

fn report(own: &Representation, seen: &TrackSurvey) -> TrackReport {
    let is_video = own.kind == TrackKind::Video;
    let moment = |media_time: u64| {
        let units = i128::from(media_time).saturating_sub(i128::from(own.presentation_time_offset));
        signed_milliseconds(units, own.timescale)
    };
    let start = own.segments.first().map_or(0, |first| first.start);
    let mut segments = figures::Lengths::default();
    own.segments.iter().for_each(|segment| segments.see(segment.duration));
    TrackReport {
        track_id: own.track_id,
        name: own.name.clone(),
        codecs: own.codecs.clone(),
        start_ms: moment(start),
        end_ms: moment(own.segments.last().map_or(0, SegmentTime::end)),
        average_bitrate: seen.average_bitrate(),
        peak_bitrate: seen.peak_bitrate(),
        segments: segments.spread(own.timescale),
        groups: is_video.then(|| seen.groups_so_far().spread(own.timescale)),
        open_groups: is_video.then_some(seen.open_groups),
        constant_frame_rate: is_video.then(|| seen.is_constant()),
        priming_samples: own
            .audio
            .as_ref()
            .and_then(|audio| crate::time::Timescale::new(audio.sample_rate)?.rescale(seen.hidden, own.timescale)),
    }
}
