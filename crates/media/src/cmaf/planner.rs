//! The planner: sample tables in, work units out.
//!
//! # Segment boundaries
//!
//! The main video track is the reference track. From the start of a segment, the next segment starts at the sync sample whose
//! presentation time is nearest to the target duration. Every other track is segmented at that time as well, at its first sync
//! sample that is presented at that time or later. So the segments of all tracks cover the same windows of presentation time,
//! to within one sample of each track. A track with nothing to present in a window has no segment for it. Before the reference
//! track starts and after it ends, windows have exactly the target duration. Without video, the first audio track is the
//! reference track. A text track never is.
//!
//! # Several movies
//!
//! A package of several movies is planned like one movie with all their tracks, with two differences. All video tracks are
//! segmented only at times at which each of them has a sync sample: see [`super::rung_alignment`]. And if several movies
//! contain the same track, it is packaged once: see [`super::track_selection`].
//!
//! # Open groups of pictures
//!
//! A sync sample is not always presented first: an H.264 recovery point, or a CRA or IDR picture of HEVC, may be followed by
//! leading pictures that are presented before it. A player that continues from the previous segment shows them. A player that
//! starts here shows them only if they can be decoded without earlier frames, which no index states. So such a segment starts
//! at the presentation time of its earliest frame, even if that is a leading picture. The previous segment ends at that time,
//! and the other tracks are segmented there. [`SapType`](super::SapType) tells players that leading pictures may not be
//! decodable when playback starts here.
//!
//! # Memory
//!
//! All tracks are walked once, in parallel. A work unit consists of whole windows, so in an interleaved file its bytes are
//! close together, and each byte is read once. The planner holds the windows of one work unit, the segment boundaries, and two
//! numbers for each segment. It never holds all samples of the movie.

use super::options::{Layout, PlanOptions};
use super::output_bounds::PlannedOutput;
use super::presentation::{Presentation, Representation};
use super::protection::Protection;
use super::rung_alignment::AlignedTrack;
use super::segment_boundaries::SegmentBoundaries;
use super::sidecars::{self, SidecarSource, TextFile};
use super::sidx;
use super::source_ranges::source_ranges;
use super::text_samples::MAX_TEXT_BYTES;
use super::track_planner::TrackPlanner;
use super::track_selection::select_tracks;
use super::work_unit::{SegmentPlan, WorkUnit, WorkUnitTrack};
use crate::number::{Checked, u64_of};
use crate::time::MediaTime;
use crate::track::{ChapterList, Movie, Origin, TrackKind};
use crate::{Error, Result};

/// Maximum number of source bytes between two segment boundaries: a worker must be able to hold them in memory.
pub const MAX_WINDOW_BYTES: u64 = 512 * 1024 * 1024;

/// Maximum number of segments of a work unit, counting all tracks: a worker writes each as an object, and records all of them
/// in one item.
const MAX_SEGMENTS_PER_WORK_UNIT: usize = 1000;

/// An iterator over the work units of a package. After the last one, [`finish`](Self::finish) returns the presentation.
///
/// To get the presentation before the work units, clone the planner and drain the clone.
#[derive(Debug, Clone)]
pub struct Planner<'m, 'a> {
    tracks: Vec<TrackPlanner<'m, 'a>>,
    /// The ends of all windows except the last, which ends with the media.
    boundaries: std::vec::IntoIter<MediaTime>,
    /// The window that did not fit the previous work unit.
    pending: Option<Window>,
    work_unit_bytes: u64,
    work_units: u32,
    protection: Option<Protection>,
    layout: Layout,
    /// Number of movies.
    movies: usize,
    /// The chapters of the first movie that has any.
    chapters: Option<ChapterList>,
    output: PlannedOutput,
    done: bool,
}

impl<'m, 'a> Planner<'m, 'a> {
    /// Creates a planner for one movie.
    ///
    /// # Errors
    /// [`Error::NoVideo`] if the movie has no video and the options do not request an audio-only package;
    /// [`Error::SchemeUndefined`] if the requested scheme is not defined for the codec of a track.
    pub fn new(movie: &'m Movie<'a>, options: &PlanOptions) -> Result<Self> {
        Self::of_movies(std::slice::from_ref(movie), options)
    }

    /// Creates a planner for several movies that make one package.
    ///
    /// # Errors
    /// As [`new`](Self::new); [`Error::InputsMisaligned`] if their video tracks do not share enough sync samples,
    /// [`Error::LimitExceeded`] for more than [`MAX_INPUTS`](super::MAX_INPUTS) movies.
    pub fn of_movies(movies: &'m [Movie<'a>], options: &PlanOptions) -> Result<Self> {
        let selected = select_tracks(movies, options)?;
        let origin = Origin::of(selected.iter().map(|selected| selected.track))?;
        let mut tracks: Vec<TrackPlanner<'m, 'a>> = Vec::new();
        for selected in selected {
            let same_kind = tracks.iter().filter(|other| other.kind() == selected.track.kind).count();
            let number = same_kind.checked_add(1).and_then(|number| u16::try_from(number).ok());
            let number = number.or_out_of_range("The number of tracks of a package")?;
            let track = TrackPlanner::new(selected, number, options.protection.as_ref(), origin, options.layout);
            tracks.push(track.map_err(|error| error.in_movie(selected.input, movies.len()))?);
        }
        let spans = tracks.iter().map(TrackPlanner::span);
        let span = spans.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end)).ok_or(Error::NoMedia)?;
        let aligned = aligned_tracks(&tracks, movies.len()).ok_or(Error::NoMedia)?;
        let references: Vec<AlignedTrack<'_>> =
            aligned.iter().filter_map(|position| tracks.get(*position).map(|track| track.aligned(*position))).collect();
        let boundaries = SegmentBoundaries::choose(&references, &span, options.segment_duration)?;
        for (position, samples) in aligned.into_iter().zip(boundaries.samples) {
            if let Some(track) = tracks.get_mut(position) {
                track.segment_at(samples);
            }
        }
        Ok(Self {
            boundaries: boundaries.times.into_iter(),
            tracks,
            pending: None,
            work_unit_bytes: options.work_unit_bytes,
            work_units: 0,
            protection: options.protection,
            layout: options.layout,
            movies: movies.len(),
            chapters: movies.iter().find_map(|movie| movie.chapters.clone()),
            output: PlannedOutput::default(),
            done: false,
        })
    }

    /// Returns the presentation, after the last work unit.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the segments of a track do not follow one another in time; [`Error::LimitExceeded`] if the
    /// index of a single file cannot describe them, or if they are too many for the size of their media.
    pub fn finish(self) -> Result<Presentation> {
        self.finish_with_sidecars(&[]).map(|(presentation, _)| presentation)
    }

    /// Returns the presentation with subtitle files, after the last work unit, and the files to write for them.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub fn finish_with_sidecars(self, sidecars: &[SidecarSource<'_>]) -> Result<(Presentation, Vec<TextFile>)> {
        let Self { tracks, work_units, protection, layout, movies, chapters, output, .. } = self;
        output.check()?;
        let finish = |track: TrackPlanner<'_, '_>| {
            let input = track.input();
            track.finish().map_err(|error| error.in_movie(input, movies))
        };
        let representations = tracks.into_iter().map(finish).collect::<Result<Vec<Representation>>>()?;
        if layout == Layout::SingleFile {
            representations.iter().try_for_each(sidx::check)?;
        }
        let (sidecars, files) = sidecars::package(sidecars, &representations)?;
        Ok((Presentation { representations, sidecars, chapters, work_units, protection, layout }, files))
    }

    /// Returns the segments of all tracks up to the next boundary; `None` after the last window.
    fn window(&mut self) -> Result<Option<Window>> {
        if self.done {
            return Ok(None);
        }
        let boundary = self.boundaries.next();
        self.done = boundary.is_none();
        let mut window = Window { segments: Vec::new(), bytes: 0 };
        for (position, track) in (0..).zip(&mut self.tracks) {
            let end = track.window_end(boundary);
            let input = track.input();
            while let Some(segment) =
                track.segment(position, end).map_err(|error| error.in_movie(input, self.movies))?
            {
                let bytes = segment.payload_bytes();
                if track.kind() == TrackKind::Text && bytes > MAX_TEXT_BYTES {
                    let what = "the number of bytes of text in a segment";
                    let action = "remove the text track, or split its samples";
                    let error = Error::LimitExceeded { what, found: bytes, limit: MAX_TEXT_BYTES, action };
                    return Err(error.in_movie(input, self.movies));
                }
                self.output.add(segment.samples.len(), bytes)?;
                window.bytes = window.bytes.checked_add(bytes).or_out_of_range("The size of a segment")?;
                window.segments.push(segment);
            }
        }
        if window.segments.len() > MAX_SEGMENTS_PER_WORK_UNIT {
            let what = "the number of changes of codec parameters in a segment";
            let (found, limit) = (u64_of(window.segments.len()), u64_of(MAX_SEGMENTS_PER_WORK_UNIT));
            let action = "encode the movie with the same parameters throughout";
            return Err(Error::LimitExceeded { what, found, limit, action });
        }
        if window.bytes > MAX_WINDOW_BYTES {
            let (found, limit) = (window.bytes, MAX_WINDOW_BYTES);
            let what = "the number of bytes between two sync samples";
            let action = "encode the movie with a key frame every few seconds";
            return Err(Error::LimitExceeded { what, found, limit, action });
        }
        Ok(Some(window))
    }

    fn next_window(&mut self) -> Result<Option<Window>> {
        self.pending.take().map_or_else(|| self.window(), |window| Ok(Some(window)))
    }

    fn work_unit(&mut self) -> Result<Option<WorkUnit>> {
        let (mut segments, mut bytes): (Vec<SegmentPlan>, u64) = (Vec::new(), 0);
        while let Some(window) = self.next_window()? {
            // A sum that saturates exceeds the limit as well.
            let is_full = bytes.saturating_add(window.bytes) > self.work_unit_bytes
                || segments.len().saturating_add(window.segments.len()) > MAX_SEGMENTS_PER_WORK_UNIT;
            if is_full && !segments.is_empty() {
                self.pending = Some(window);
                break;
            }
            bytes = bytes.saturating_add(window.bytes);
            segments.extend(window.segments);
        }
        if segments.is_empty() {
            return Ok(None);
        }
        let index = self.work_units;
        self.work_units = index.checked_add(1).or_out_of_range("The number of work units")?;
        let tracks: Vec<WorkUnitTrack> = self.tracks.iter().map(TrackPlanner::work_unit_track).collect();
        let ranges = source_ranges(&segments, &tracks);
        Ok(Some(WorkUnit { index, ranges, tracks, segments, layout: self.layout }))
    }
}

impl Iterator for Planner<'_, '_> {
    type Item = Result<WorkUnit>;

    fn next(&mut self) -> Option<Self::Item> {
        self.work_unit().transpose()
    }
}

/// The segments of all tracks between two boundaries: one for each track, or several if its sample description changes.
#[derive(Debug, Clone)]
struct Window {
    segments: Vec<SegmentPlan>,
    bytes: u64,
}

/// Returns the positions of the tracks that are segmented at sync samples that they share, the reference track first.
///
/// For one movie, this is only the main video track or, without video, the first audio track. For several movies, these are the
/// main video tracks of all of them, and the reference track is the one that ends last, so that the other tracks have boundaries up to their
/// ends.
fn aligned_tracks(tracks: &[TrackPlanner<'_, '_>], movies: usize) -> Option<Vec<usize>> {
    let of_kind = |kind: TrackKind| {
        let positions = tracks.iter().enumerate();
        let positions = positions.filter(move |(_, track)| track.kind() == kind && !track.is_alternative());
        positions.map(|(position, _)| position)
    };
    let mut videos: Vec<usize> = of_kind(TrackKind::Video).collect();
    if movies == 1 || videos.is_empty() {
        let reference = videos.first().copied().or_else(|| of_kind(TrackKind::Audio).next());
        return reference.map(|reference| vec![reference]);
    }
    let end = |position: &usize| tracks.get(*position).map(|track| track.span().end);
    // The first of those that end last.
    let longest = (0..videos.len()).rev().max_by_key(|at| videos.get(*at).and_then(end)).unwrap_or(0);
    videos.get_mut(..=longest).unwrap_or_default().rotate_right(1);
    Some(videos)
}
