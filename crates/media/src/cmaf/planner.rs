//! The planner: sample tables in, work units out.
//!
//! # Where segments begin
//!
//! The first video track is the clock. From the start of a segment, the next one begins at the sync sample whose presentation
//! time is nearest to the asked duration; that moment cuts every other track too, each at its first sync sample that is not
//! presented before it. So all tracks have their segments over the same windows of presentation time, to within one of their
//! own samples. A track that has nothing to present in a window has no segment for it; where the clock has not begun or is
//! over, windows last as long as asked. Without video the first audio track is the clock; text never is.
//!
//! # Several movies
//!
//! A package of several movies is planned like one that has all their tracks, but for two things. Every video track is cut at
//! the moments at which all of them can be entered, and only there: see [`super::common`]. And of tracks that are the same in
//! several movies, one is packaged: see [`super::inputs`].
//!
//! # Open groups of pictures
//!
//! A sync sample need not be what is presented first: an H.264 recovery point, or a CRA or IDR picture of HEVC, may be
//! followed by leading pictures that are presented before it. A player that comes from the segment before shows them; one
//! that enters here shows them only if they can do without what it has not seen, which no index tells. So such a segment
//! starts when its first picture is presented, leading or not: that is where the segment before ends, and where the other
//! tracks are cut. That not all that is in it can be shown by who enters is said by its [`SapType`].
//!
//! # What is walked
//!
//! All tracks are walked once, side by side. Because a work unit is made of whole windows, its bytes lie close together in an
//! interleaved file, and each is read once. The planner holds the windows of one work unit, the cuts, and two numbers per
//! segment; never the samples of the movie.

use std::iter::Peekable;
use std::ops::Range;

use super::common::Aligned;
use super::cuts::cuts;
use super::init;
use super::inputs::{Chosen, choose};
use super::plan::{
    EntryPoint, Extent, Layout, PlanOptions, PlannedSample, Presentation, Protection, Representation, SegmentPlan,
    SegmentTime, WorkUnit, WorkUnitTrack,
};
use super::subtitles::MAX_TEXT_BYTES;
use super::{ranges, single_file};
use crate::text::{TextCoding, TextTrack};
use crate::time::MediaTime;
use crate::track::{Movie, Origin, Sample, Samples, Timeline, Track, TrackKind};
use crate::{Error, Result};

/// Source bytes between two cuts that are accepted: a worker must be able to hold them.
pub const MAX_WINDOW_BYTES: u64 = 512 * 1024 * 1024;

/// Segments a work unit may have, of all tracks: a worker writes each as an object, and accounts for all of them in one item.
const MAX_SEGMENTS_PER_WORK_UNIT: usize = 1000;

/// An iterator over the work units of a package; [`finish`](Self::finish) then gives the presentation.
///
/// Who needs the presentation before the work units clones it, and walks both.
#[derive(Debug, Clone)]
pub struct Planner<'m, 'a> {
    cursors: Vec<Cursor<'m, 'a>>,
    /// Where windows end; the last window ends with the media.
    cuts: std::vec::IntoIter<MediaTime>,
    /// The window that did not fit the work unit before.
    pending: Option<Window>,
    work_unit_bytes: u64,
    work_units: u32,
    protection: Option<Protection>,
    layout: Layout,
    done: bool,
}

impl<'m, 'a> Planner<'m, 'a> {
    /// A planner for the media of `movie`.
    ///
    /// # Errors
    /// [`Error::NoVideo`] unless the movie has video or is asked for as audio only; [`Error::SchemeUndefined`] when a track's
    /// codec cannot be protected as asked.
    pub fn new(movie: &'m Movie<'a>, options: &PlanOptions) -> Result<Self> {
        Self::of_movies(std::slice::from_ref(movie), options)
    }

    /// A planner for the media of all `movies` as one package.
    ///
    /// # Errors
    /// As [`new`](Self::new); [`Error::InputsMisaligned`] when their pictures cannot be cut at the same moments, and
    /// [`Error::LimitExceeded`] for more of them than [`MAX_INPUTS`](super::MAX_INPUTS).
    pub fn of_movies(movies: &'m [Movie<'a>], options: &PlanOptions) -> Result<Self> {
        let chosen = choose(movies, options.audio_only)?;
        let origin = Origin::of(chosen.iter().map(|own| own.track))?;
        let mut cursors: Vec<Cursor<'m, 'a>> = Vec::new();
        for own in chosen {
            let same_kind = cursors.iter().filter(|cursor| cursor.track.kind == own.track.kind).count();
            let protection = options.protection.as_ref();
            cursors.push(Cursor::new(own, same_kind.saturating_add(1), protection, origin)?);
        }
        let spans = cursors.iter().map(Cursor::span);
        let span = spans.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end)).ok_or(Error::NoMedia)?;
        let aligned = aligned(&cursors, movies.len()).ok_or(Error::NoMedia)?;
        let tracks: Vec<Aligned<'_>> = aligned
            .iter()
            .filter_map(|position| cursors.get(*position).map(|cursor| cursor.aligned(*position)))
            .collect();
        let cuts = cuts(&tracks, &span, options.segment_duration)?;
        for (position, samples) in aligned.into_iter().zip(cuts.samples) {
            if let Some(cursor) = cursors.get_mut(position) {
                cursor.cuts = Some(samples.into_iter());
            }
        }
        Ok(Self {
            cuts: cuts.times.into_iter(),
            cursors,
            pending: None,
            work_unit_bytes: options.work_unit_bytes,
            work_units: 0,
            protection: options.protection,
            layout: options.layout,
            done: false,
        })
    }

    /// The presentation, once every work unit has been taken.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when segments would not follow one another in time; [`Error::LimitExceeded`] when the index of a
    /// single file cannot hold them.
    pub fn finish(self) -> Result<Presentation> {
        let Self { cursors, work_units, protection, layout, .. } = self;
        let representations = cursors.into_iter().map(Cursor::finish).collect::<Result<Vec<_>>>()?;
        if layout == Layout::SingleFile {
            representations.iter().try_for_each(single_file::check)?;
        }
        Ok(Presentation { representations, sidecars: Vec::new(), work_units, protection, layout })
    }

    /// The segments of all tracks up to the next cut; `None` behind the last.
    fn window(&mut self) -> Result<Option<Window>> {
        if self.done {
            return Ok(None);
        }
        let cut = self.cuts.next();
        self.done = cut.is_none();
        let mut window = Window { segments: Vec::new(), bytes: 0 };
        for (track, cursor) in (0..).zip(&mut self.cursors) {
            let end = cursor.end_of_window(cut);
            while let Some(segment) = cursor.segment(track, end) {
                let bytes = segment.payload_bytes();
                if cursor.track.kind == TrackKind::Text && bytes > MAX_TEXT_BYTES {
                    let what = "the number of bytes of text in a segment";
                    return Err(Error::LimitExceeded { what, found: bytes, limit: MAX_TEXT_BYTES });
                }
                window.bytes = window.bytes.saturating_add(bytes);
                window.segments.push(segment);
            }
        }
        if window.segments.len() > MAX_SEGMENTS_PER_WORK_UNIT {
            let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
            let (found, limit) = (number(window.segments.len()), number(MAX_SEGMENTS_PER_WORK_UNIT));
            return Err(Error::LimitExceeded {
                what: "the number of changes of codec parameters in a segment",
                found,
                limit,
            });
        }
        if window.bytes > MAX_WINDOW_BYTES {
            let (found, limit) = (window.bytes, MAX_WINDOW_BYTES);
            return Err(Error::LimitExceeded { what: "the number of bytes between two sync samples", found, limit });
        }
        Ok(Some(window))
    }

    fn next_window(&mut self) -> Result<Option<Window>> {
        self.pending.take().map_or_else(|| self.window(), |window| Ok(Some(window)))
    }

    fn work_unit(&mut self) -> Result<Option<WorkUnit>> {
        let (mut segments, mut bytes): (Vec<SegmentPlan>, u64) = (Vec::new(), 0);
        while let Some(window) = self.next_window()? {
            let full = bytes.saturating_add(window.bytes) > self.work_unit_bytes
                || segments.len().saturating_add(window.segments.len()) > MAX_SEGMENTS_PER_WORK_UNIT;
            if full && !segments.is_empty() {
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
        self.work_units = self.work_units.saturating_add(1);
        let tracks: Vec<WorkUnitTrack> = self.cursors.iter().map(Cursor::work_unit_track).collect();
        let ranges = ranges::of_sources(&segments, &tracks);
        Ok(Some(WorkUnit { index, ranges, tracks, segments, layout: self.layout }))
    }
}

impl Iterator for Planner<'_, '_> {
    type Item = Result<WorkUnit>;

    fn next(&mut self) -> Option<Self::Item> {
        self.work_unit().transpose()
    }
}

/// The segments of all tracks between two cuts: one each, but for tracks whose sample description changes between them.
#[derive(Debug, Clone)]
struct Window {
    segments: Vec<SegmentPlan>,
    bytes: u64,
}

/// Positions of the tracks that are cut at sync samples they share, the clock first.
///
/// In one movie that is the first video track alone, and without video the first audio track. In several it is all video tracks, and the clock is the one that lasts
/// longest, so that the others have their cuts from it as long as they last.
fn aligned(cursors: &[Cursor<'_, '_>], movies: usize) -> Option<Vec<usize>> {
    let of = |kind: TrackKind| {
        let positions = cursors.iter().enumerate().filter(move |(_, own)| own.track.kind == kind);
        positions.map(|(position, _)| position)
    };
    let mut videos: Vec<usize> = of(TrackKind::Video).collect();
    if movies == 1 || videos.is_empty() {
        return videos.first().copied().or_else(|| of(TrackKind::Audio).next()).map(|clock| vec![clock]);
    }
    let end = |position: &usize| cursors.get(*position).map(|own| own.span().end);
    // The first of those that last longest.
    let longest = (0..videos.len()).rev().max_by_key(|at| videos.get(*at).and_then(end)).unwrap_or(0);
    videos.get_mut(..=longest).unwrap_or_default().rotate_right(1);
    Some(videos)
}

/// Where a window ends for one track.
#[derive(Debug, Clone, Copy)]
enum WindowEnd {
    /// With the media.
    Never,
    /// Before this sample.
    Sample(u32),
    /// Before the first sync sample that is not presented before this moment.
    Time(MediaTime),
}

/// A track being walked.
#[derive(Debug, Clone)]
struct Cursor<'m, 'a> {
    track: &'m Track<'a>,
    input: u16,
    id: u32,
    set: u16,
    name: String,
    encryption: Option<crate::cenc::TrackEncryption>,
    timeline: Timeline,
    /// The first sample of each next window, of a track that is cut at sync samples of its own.
    cuts: Option<std::vec::IntoIter<u32>>,
    samples: Peekable<Samples<'m>>,
    /// Earliest presentation time of each segment so far, and where it can be entered.
    starts: Vec<(u64, Option<EntryPoint>)>,
    /// Where the media ends, presented.
    end: u64,
    sample_duration: SampleDuration,
    /// How many extents and samples the last segment had.
    typical: (usize, usize),
}

impl<'m, 'a> Cursor<'m, 'a> {
    fn new(chosen: Chosen<'m, 'a>, ordinal: usize, protection: Option<&Protection>, origin: Origin) -> Result<Self> {
        let Chosen { input, track, id, set } = chosen;
        let in_track = |error: Error| error.in_track(track.id);
        let letter = match track.kind {
            TrackKind::Video => 'v',
            TrackKind::Audio => 'a',
            TrackKind::Text => 't',
        };
        let encryption = protection.and_then(|protection| protection.of(track.kind, id));
        if let Some(encryption) = &encryption {
            let mut entries = track.descriptions.entries().iter();
            if let Some(entry) = entries.find(|entry| !entry.protection.allows(encryption.scheme())) {
                let (codec, scheme) = (entry.codecs.clone(), encryption.scheme().name());
                return Err(Error::SchemeUndefined { track_id: track.id, codec, scheme });
            }
        }
        Ok(Self {
            track,
            input,
            id,
            set,
            name: format!("{letter}{ordinal}"),
            timeline: if track.descriptions.texts().iter().any(|text| text.coding == TextCoding::Ttml) {
                Timeline::unshifted(track.timescale, track.presentation_offset).map_err(in_track)?
            } else {
                Timeline::new(track.timescale, track.presentation_offset, origin).map_err(in_track)?
            },
            encryption,
            cuts: None,
            samples: track.samples.samples().peekable(),
            starts: Vec::new(),
            end: 0,
            sample_duration: SampleDuration::default(),
            typical: (0, 0),
        })
    }

    /// The moments between which the track is presented.
    fn span(&self) -> Range<MediaTime> {
        let moment = |composed: i64| self.timeline.presentation_time(self.timeline.media_time(composed));
        moment(self.track.samples.earliest_composition_time())..moment(self.track.samples.latest_composition_end())
    }

    fn aligned(&self, position: usize) -> Aligned<'_> {
        let label = format!("movie {} track {}", self.input.saturating_add(1), self.track.id);
        Aligned { position, label, track: self.track, timeline: &self.timeline }
    }

    /// Where the window that ends at `cut` ends for this track. To be asked once for each window.
    fn end_of_window(&mut self, cut: Option<MediaTime>) -> WindowEnd {
        match (cut, &mut self.cuts) {
            (None, _) => WindowEnd::Never,
            (Some(time), None) => WindowEnd::Time(time),
            (Some(_), Some(own)) => own.next().map_or(WindowEnd::Never, WindowEnd::Sample),
        }
    }

    /// The segment of the samples up to `end`, as far as they are of one description; `None` when there are none.
    fn segment(&mut self, track: u16, end: WindowEnd) -> Option<SegmentPlan> {
        let first = *self.samples.peek()?;
        // A segment is about as large as the one before.
        let (extents, samples) = self.typical;
        let mut extents: Vec<Extent> = Vec::with_capacity(extents);
        let mut samples: Vec<PlannedSample> = Vec::with_capacity(samples);
        let mut earliest = u64::MAX;
        while let Some(sample) = self.next_before(end, &first) {
            let composed = self.timeline.composition_time(&sample);
            earliest = earliest.min(composed);
            self.end = self.end.max(composed.saturating_add(u64::from(sample.duration)));
            self.sample_duration.see(sample.duration);
            match extents.last_mut().filter(|last| last.offset.saturating_add(last.bytes) == sample.offset) {
                Some(last) => last.bytes = last.bytes.saturating_add(u64::from(sample.size)),
                None => extents.push(Extent { offset: sample.offset, bytes: u64::from(sample.size) }),
            }
            let Sample { size, duration, composition_offset, is_sync, .. } = sample;
            samples.push(PlannedSample { size, duration, composition_offset, is_sync });
        }
        if samples.is_empty() {
            return None;
        }
        self.typical = (extents.len(), samples.len());
        let delay = self.timeline.composition_time(&first).saturating_sub(earliest);
        self.starts.push((earliest, EntryPoint::of(&first, delay)));
        let decode_time = first.decode_time.saturating_add(self.timeline.shift);
        let number = u32::try_from(self.starts.len()).unwrap_or(u32::MAX);
        let Sample { index: first_sample, description, .. } = first;
        Some(SegmentPlan { track, number, description, first_sample, decode_time, extents, samples })
    }

    /// The next sample of the segment that starts with `first`, unless it belongs behind `end` or is of another description.
    ///
    /// Text that takes no time, such as what many files end with, is no reason for a segment of its own.
    fn next_before(&mut self, end: WindowEnd, first: &Sample) -> Option<Sample> {
        let sample = *self.samples.peek()?;
        let takes_no_time = sample.duration == 0 && sample.index > first.index;
        let belongs = match end {
            WindowEnd::Never => true,
            _ if takes_no_time && self.track.kind == TrackKind::Text => true,
            WindowEnd::Sample(first) => sample.index < first,
            WindowEnd::Time(time) => {
                !sample.is_sync || self.timeline.presentation_time(self.timeline.composition_time(&sample)) < time
            }
        };
        if belongs && sample.description == first.description { self.samples.next() } else { None }
    }

    fn work_unit_track(&self) -> WorkUnitTrack {
        WorkUnitTrack {
            name: self.name.clone(),
            input: self.input,
            track_id: self.id,
            encryption: self.encryption,
            rules: self.track.descriptions.rules(),
            text: self.text_track(),
        }
    }

    fn text_track(&self) -> Option<TextTrack> {
        (self.track.kind == TrackKind::Text).then(|| TextTrack {
            codings: self.track.descriptions.texts().into_iter().map(|text| text.coding.clone()).collect(),
            timescale: self.track.timescale,
            presentation_time_offset: self.timeline.presentation_time_offset,
        })
    }

    fn finish(self) -> Result<Representation> {
        let ends = self.starts.iter().skip(1).map(|(start, _)| *start).chain([self.end]);
        let last = self.starts.len().saturating_sub(1);
        let segments: Vec<SegmentTime> = self
            .starts
            .iter()
            .zip(ends)
            .enumerate()
            .map(|(position, ((start, entry), end))| {
                // A last sample may have no duration of its own; a segment must.
                let least = u64::from(position == last);
                let duration = end.saturating_sub(*start).max(least);
                (duration > 0).then_some(SegmentTime { start: *start, duration, entry: *entry })
            })
            .collect::<Option<_>>()
            .ok_or(
                Error::unsupported("A movie whose presentation runs backwards from one sync sample to the next")
                    .in_track(self.track.id),
            )?;
        let origin = self.timeline.presentation_time_offset;
        let duration = segments.last().map_or(0, SegmentTime::end).saturating_sub(origin);
        let track = self.track;
        Ok(Representation {
            init: init::init_segment(track, self.id, self.encryption.as_ref(), duration)?,
            name: self.name,
            track_id: self.id,
            set: self.set,
            kind: track.kind,
            timescale: track.timescale,
            codecs: track.descriptions.codecs().to_owned(),
            language: track.language.clone(),
            labels: track.labels.clone(),
            video: track.video().cloned(),
            audio: track.audio().cloned(),
            encryption: self.encryption,
            presentation_time_offset: origin,
            sample_duration: self.sample_duration.constant(),
            segments,
        })
    }
}

/// Whether all samples but the last have the same duration.
#[derive(Debug, Clone, Default)]
struct SampleDuration {
    first: Option<u32>,
    last: u32,
    varies: bool,
}

impl SampleDuration {
    fn see(&mut self, duration: u32) {
        // What was the last sample until now turns out not to be.
        self.varies |= self.first.is_some_and(|first| self.last != first);
        self.first.get_or_insert(duration);
        self.last = duration;
    }

    fn constant(&self) -> Option<u32> {
        self.first.filter(|first| !self.varies && *first > 0)
    }
}
