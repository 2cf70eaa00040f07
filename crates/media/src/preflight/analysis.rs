//! The analysis: plans a movie, and collects statistics and warnings on the way.

use std::time::Duration;

use super::statistics::{DurationStatistics, TrackStatistics, milliseconds, signed_milliseconds};
use super::{Preflight, TrackReport, Warning, movie_warnings};
use crate::Result;
use crate::cenc::Scheme;
use crate::cmaf::{PlanOptions, Planner, Presentation, Representation, SegmentTime, WorkUnit};
use crate::codec::SampleEntry;
use crate::isobmff::Index;
use crate::time::Timescale;
use crate::track::{Movie, Track, TrackKind};

/// Byte ranges of the source per work unit above which a file is poorly interleaved: as many as a worker reads in parallel.
const MAX_PARALLEL_RANGES: usize = 8;

/// Maximum difference between the starts or ends of tracks without a warning, in milliseconds.
const MAX_TRACK_DIFFERENCE_MS: i64 = 500;

/// Maximum duration of media after the end of an edit list without a warning, in milliseconds: the padding of the last audio
/// frame.
const MAX_PADDING_MS: u64 = 100;

/// Plans `movie`, which is the movie of `index`, with these `options`, and returns the report.
///
/// # Errors
/// The reason why the movie cannot be packaged.
pub fn preflight(index: &Index, movie: &Movie<'_>, options: &PlanOptions) -> Result<Preflight> {
    analyse(index, movie, options).map(|(preflight, _)| preflight)
}

/// Returns the report, and the stream that it is about.
pub(super) fn analyse(index: &Index, movie: &Movie<'_>, options: &PlanOptions) -> Result<(Preflight, Presentation)> {
    let mut planner = Planner::new(movie, options)?;
    let mut analysis = Analysis { movie, tracks: Vec::new(), max_ranges: 0, bytes: 0 };
    for work_unit in &mut planner {
        analysis.add(&work_unit?);
    }
    let presentation = planner.finish()?;
    let alternatives = alternative_videos(&presentation.representations);
    let representations = presentation.representations.iter();
    let tracks: Vec<TrackReport> =
        representations.zip(&analysis.tracks).map(|(track, statistics)| track_report(track, statistics)).collect();
    // The numbers of a report are for display: one that does not fit saturates.
    let preflight = Preflight {
        segment_ms: u64::try_from(options.segment_duration.as_millis()).unwrap_or(u64::MAX),
        segments: tracks.iter().map(|track| track.segments.count).fold(0, u64::saturating_add),
        work_units: presentation.work_units,
        max_ranges_per_work_unit: u32::try_from(analysis.max_ranges).unwrap_or(u32::MAX),
        bytes_to_read: analysis.bytes,
        chapters: presentation.chapters.clone(),
        warnings: analysis.warnings(index, &tracks, &alternatives, options),
        tracks,
    };
    Ok((preflight, presentation))
}

/// The statistics of the work units so far.
struct Analysis<'m, 'a> {
    movie: &'m Movie<'a>,
    /// The statistics of each track, in the order of the tracks of a work unit, which is the order of the representations.
    tracks: Vec<TrackStatistics>,
    max_ranges: usize,
    bytes: u64,
}

impl Analysis<'_, '_> {
    fn add(&mut self, work_unit: &WorkUnit) {
        if self.tracks.is_empty() {
            let find = |id| self.movie.tracks.iter().find(|track| track.id == id);
            let tracks = work_unit.tracks.iter().filter_map(|track| find(track.track_id));
            self.tracks = tracks.map(TrackStatistics::new).collect();
        }
        for segment in &work_unit.segments {
            if let Some(track) = self.tracks.get_mut(usize::from(segment.track)) {
                track.add(segment);
            }
        }
        self.max_ranges = self.max_ranges.max(work_unit.ranges.len());
        self.bytes = self.bytes.saturating_add(work_unit.source_bytes());
    }

    fn warnings(
        &self,
        index: &Index,
        tracks: &[TrackReport],
        alternatives: &[(u32, u32)],
        options: &PlanOptions,
    ) -> Vec<Warning> {
        let mut warnings = movie_warnings(index, self.movie);
        if index.has_media_before_moov() {
            warnings.push(Warning::NoFaststart);
        }
        if self.max_ranges > MAX_PARALLEL_RANGES {
            warnings.push(Warning::PoorInterleaving { ranges: u32::try_from(self.max_ranges).unwrap_or(u32::MAX) });
        }
        let difference = |time: fn(&TrackReport) -> i64| {
            // The times of a text track do not matter: its first and last cue may be anywhere. Nor does an alternative video.
            let is_alternative = |track: &TrackReport| alternatives.iter().any(|(id, _)| *id == track.track_id);
            let timed = || tracks.iter().zip(&self.tracks).filter(|(_, statistics)| !statistics.is_text);
            let timed = || timed().filter(|(track, _)| !is_alternative(track));
            let times = || timed().map(|(track, _)| time(track).max(0));
            times().max().unwrap_or(0).saturating_sub(times().min().unwrap_or(0))
        };
        let (starts_apart_ms, ends_apart_ms) = (difference(|track| track.start_ms), difference(|track| track.end_ms));
        if starts_apart_ms > MAX_TRACK_DIFFERENCE_MS || ends_apart_ms > MAX_TRACK_DIFFERENCE_MS {
            warnings.push(Warning::TrackTimingMismatch { starts_apart_ms, ends_apart_ms });
        }
        for (report, statistics) in tracks.iter().zip(&self.tracks) {
            if let Some(track) = self.movie.tracks.iter().find(|track| track.id == report.track_id) {
                add_track_warnings(&mut warnings, report, statistics, track, options.segment_duration);
            }
        }
        let alternative = |(track_id, main_track_id): &(u32, u32)| Warning::AlternativeVideo {
            track_id: *track_id,
            main_track_id: *main_track_id,
        };
        warnings.extend(alternatives.iter().map(alternative));
        warnings.extend(self.movie.left_out(options.audio_only).into_iter().map(|skipped| Warning::TrackSkipped {
            track_id: skipped.id,
            handler: skipped.handler.to_string(),
            reason: skipped.reason.into_owned(),
        }));
        warnings
    }
}

/// Appends the warnings about one track.
fn add_track_warnings(
    warnings: &mut Vec<Warning>,
    report: &TrackReport,
    statistics: &TrackStatistics,
    track: &Track<'_>,
    requested: Duration,
) {
    let (track_id, codecs) = (report.track_id, || report.codecs.clone());
    let mut warn_if = |condition: bool, warning: Warning| {
        if condition {
            warnings.push(warning);
        }
    };
    if track.kind == TrackKind::Video {
        // If no GOP is longer than the requested duration, no segment is longer than 1.5 times that.
        let requested_ms = u64::try_from(requested.as_millis()).unwrap_or(u64::MAX);
        let longest_ms = report.segments.longest_ms;
        let is_long = longest_ms.saturating_mul(2) > requested_ms.saturating_mul(3);
        warn_if(is_long, Warning::LongGops { track_id, longest_ms, requested_ms });
        let (open, gops) = (statistics.open_gops, report.gops.map_or(0, |gops| gops.count));
        warn_if(open > 0, Warning::OpenGops { track_id, open, gops });
        let (shortest_us, longest_us) = statistics.frame_microseconds();
        warn_if(
            report.constant_frame_rate == Some(false),
            Warning::VariableFrameRate { track_id, shortest_us, longest_us },
        );
        let is_interlaced = track.descriptions.entries().iter().any(SampleEntry::is_interlaced);
        warn_if(is_interlaced, Warning::Interlaced { track_id });
        let is_in_band = ["avc3", "hev1", "dvhe"].iter().any(|kind| report.codecs.starts_with(kind));
        warn_if(is_in_band, Warning::InBandParameterSets { track_id, codecs: codecs() });
    }
    let entries = track.descriptions.entries();
    let descriptions = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    warn_if(descriptions > 1, Warning::CodecParametersChange { track_id, descriptions });
    let allows_cbcs = entries.iter().all(|entry| entry.protection.allows(Scheme::Cbcs));
    warn_if(!allows_cbcs, Warning::CbcsUndefined { track_id, codecs: codecs() });
    let is_too_small =
        usize::try_from(statistics.largest_sample).is_ok_and(|size| size < Scheme::Cbcs.smallest_range());
    let samples = statistics.samples;
    warn_if(
        allows_cbcs && is_too_small && track.kind != TrackKind::Text,
        Warning::NothingToEncrypt { track_id, samples },
    );
    warnings.extend(trim_warnings(track));
}

/// Returns the warnings about what the edit list of a track hides.
pub fn trim_warnings(track: &Track<'_>) -> impl Iterator<Item = Warning> {
    let (track_id, timescale) = (track.id, track.timescale);
    let hidden_ms = |units: i64| milliseconds(u64::try_from(units).unwrap_or(0), timescale);
    let before = track.edit_start.map_or(0, |start| start.saturating_sub(track.samples.earliest_composition_time()));
    let after = track.edit_end.map_or(0, |end| track.samples.media_end().saturating_sub(end));
    let (before_ms, after_ms) = (hidden_ms(before), hidden_ms(after));
    let start = (track.kind == TrackKind::Video && before_ms > 0)
        .then_some(Warning::TrimmedStart { track_id, hidden_ms: before_ms });
    let end = (after_ms > MAX_PADDING_MS).then_some(Warning::TrimmedEnd { track_id, hidden_ms: after_ms });
    start.into_iter().chain(end)
}

/// Returns the `track_ID` of each alternative video, and that of the main video.
fn alternative_videos(representations: &[Representation]) -> Vec<(u32, u32)> {
    let videos = || representations.iter().filter(|track| track.kind == TrackKind::Video);
    let main = videos().find(|track| !track.is_alternative).map(|main| main.track_id);
    videos().filter(|track| track.is_alternative).filter_map(|track| Some((track.track_id, main?))).collect()
}

fn track_report(track: &Representation, statistics: &TrackStatistics) -> TrackReport {
    let is_video = track.kind == TrackKind::Video;
    let presentation_ms = |media_time: u64| {
        let units = i128::from(media_time).saturating_sub(i128::from(track.presentation_time_offset));
        signed_milliseconds(units, track.timescale)
    };
    let mut segments = DurationStatistics::default();
    track.segments.iter().for_each(|segment| segments.add(segment.duration));
    TrackReport {
        track_id: track.track_id,
        name: track.id.to_string(),
        codecs: track.codecs.clone(),
        start_ms: presentation_ms(track.segments.first().map_or(0, |first| first.start)),
        end_ms: presentation_ms(track.segments.last().map_or(0, SegmentTime::end)),
        average_bitrate: statistics.average_bitrate(),
        peak_bitrate: statistics.peak_bitrate(),
        segments: segments.distribution(track.timescale),
        gops: is_video.then(|| statistics.gops().distribution(track.timescale)),
        open_gops: is_video.then_some(statistics.open_gops),
        constant_frame_rate: is_video.then(|| track.frame_rate.is_some() || statistics.has_equal_frames()),
        priming_samples: track
            .audio
            .as_ref()
            .and_then(|audio| Timescale::new(audio.sample_rate)?.rescale(statistics.hidden, track.timescale)),
    }
}
