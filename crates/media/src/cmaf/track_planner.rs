//! Plans the segments of one track, window by window.

use std::iter::Peekable;
use std::ops::Range;

use super::brands::is_cmaf;
use super::frame_rate::FrameRateEstimate;
use super::identity::RepresentationId;
use super::init_segment::init_segment;
use super::options::Layout;
use super::planned_size::planned_size;
use super::presentation::{Representation, SegmentTime};
use super::protection::Protection;
use super::rung_alignment::AlignedTrack;
use super::sap::StreamAccessPoint;
use super::segment_size::SegmentSize;
use super::track_selection::SelectedTrack;
use super::work_unit::{Extent, PlannedSample, SegmentPlan, WorkUnitTrack};
use crate::cenc::TrackEncryption;
use crate::number::Checked;
use crate::text::{TextCoding, TextTrack};
use crate::time::MediaTime;
use crate::track::{Origin, Sample, Samples, Timeline, TrackKind};
use crate::{Error, Result};

/// The end of a window for one track.
#[derive(Debug, Clone, Copy)]
pub(super) enum WindowEnd {
    /// The end of the media.
    Media,
    /// Before this sample.
    Sample(u32),
    /// Before the first sync sample that is presented at this time or later.
    Time(MediaTime),
}

/// The planner of one track.
#[derive(Debug, Clone)]
pub(super) struct TrackPlanner<'m, 'a> {
    selected: SelectedTrack<'m, 'a>,
    timeline: Timeline,
    /// The first sample of each remaining window, if the track is segmented at its own sync samples.
    boundaries: Option<std::vec::IntoIter<u32>>,
    samples: Peekable<Samples<'m>>,
    /// The start of each segment so far, and the stream access point there.
    starts: Vec<(u64, Option<StreamAccessPoint>)>,
    /// The expected size of each segment so far; none in the single-file layout.
    planned_sizes: Vec<SegmentSize>,
    /// The properties of the track that each work unit contains.
    work_unit_track: WorkUnitTrack,
    layout: Layout,
    /// The latest presentation end so far.
    end: u64,
    frame_rate: FrameRateEstimate,
    /// Number of extents and samples of the last segment: the next one is likely to have as many.
    expected: (usize, usize),
}

impl<'m, 'a> TrackPlanner<'m, 'a> {
    /// Creates the planner of the track with `number`, from 1, among those of its kind.
    pub(super) fn new(
        selected: SelectedTrack<'m, 'a>,
        number: u16,
        protection: Option<&Protection>,
        origin: Origin,
        layout: Layout,
    ) -> Result<Self> {
        let track = selected.track;
        let id = RepresentationId::new(track.kind, number);
        let encryption = protection.and_then(|protection| protection.of(track.kind, selected.track_id));
        if let Some(encryption) = &encryption {
            let mut entries = track.descriptions.entries().iter();
            if let Some(entry) = entries.find(|entry| !entry.protection.allows(encryption.scheme())) {
                let (codec, scheme) = (entry.codecs.clone(), encryption.scheme().name());
                return Err(Error::SchemeUndefined { track_id: track.id, codec, scheme });
            }
        }
        let is_ttml = track.descriptions.texts().iter().any(|text| text.coding == TextCoding::Ttml);
        let timeline = if is_ttml {
            Timeline::unshifted(track.timescale, track.presentation_offset)
        } else {
            Timeline::new(track.timescale, track.presentation_offset, origin)
        };
        let timeline = timeline.map_err(|error| error.in_track(track.id))?;
        Ok(Self {
            work_unit_track: work_unit_track(&selected, id, encryption, &timeline),
            selected,
            timeline,
            boundaries: None,
            samples: track.samples.samples().peekable(),
            starts: Vec::new(),
            planned_sizes: Vec::new(),
            layout,
            end: 0,
            frame_rate: FrameRateEstimate::default(),
            expected: (0, 0),
        })
    }

    /// Returns the position of the movie of the track.
    pub(super) fn input(&self) -> u16 {
        self.selected.input
    }

    pub(super) fn kind(&self) -> TrackKind {
        self.selected.track.kind
    }

    /// Returns whether it is video of other content than the main video.
    pub(super) fn is_alternative(&self) -> bool {
        self.selected.is_alternative
    }

    /// Returns the presentation times at which the track starts and ends.
    pub(super) fn span(&self) -> Range<MediaTime> {
        let samples = &self.selected.track.samples;
        let presented = |composed: i64| self.timeline.presentation_time(self.timeline.media_time(composed));
        presented(samples.earliest_composition_time())..presented(samples.latest_composition_end())
    }

    /// Returns the track at `position` of the package, for the choice of segment boundaries.
    pub(super) fn aligned(&self, position: usize) -> AlignedTrack<'_> {
        let SelectedTrack { input, track, .. } = self.selected;
        // Inputs are numbered from 1 for people.
        let label = format!("movie {} track {}", u32::from(input).saturating_add(1), track.id);
        AlignedTrack { position, label, track, timeline: &self.timeline }
    }

    /// Segments the track at its own sync samples: `samples` are the first sample of each window except the first.
    pub(super) fn segment_at(&mut self, samples: Vec<u32>) {
        self.boundaries = Some(samples.into_iter());
    }

    /// Returns the end of the window that ends at `boundary`. Call it once for each window.
    pub(super) fn window_end(&mut self, boundary: Option<MediaTime>) -> WindowEnd {
        match (boundary, &mut self.boundaries) {
            (None, _) => WindowEnd::Media,
            (Some(time), None) => WindowEnd::Time(time),
            (Some(_), Some(samples)) => samples.next().map_or(WindowEnd::Media, WindowEnd::Sample),
        }
    }

    /// Returns the segment of the samples up to `end` that have the same sample description; `None` if there are none. `track`
    /// is the position of the track in its work unit.
    pub(super) fn segment(&mut self, track: u16, end: WindowEnd) -> Result<Option<SegmentPlan>> {
        let Some(first) = self.samples.peek().copied() else { return Ok(None) };
        let (extents, samples) = self.expected;
        let mut extents: Vec<Extent> = Vec::with_capacity(extents);
        let mut samples: Vec<PlannedSample> = Vec::with_capacity(samples);
        let (mut earliest, is_video) = (u64::MAX, self.kind() == TrackKind::Video);
        while let Some(sample) = self.next_before(end, &first) {
            let composed = self.timeline.composition_time(&sample);
            earliest = earliest.min(composed);
            // Parsing refuses times of 2^62 or later, and a timeline a shift of that length: no sum of this loop overflows.
            self.end = self.end.max(composed.saturating_add(u64::from(sample.duration)));
            if is_video {
                self.frame_rate.add(sample.duration);
            }
            // Parsing proves that samples end within the file.
            match extents.last_mut().filter(|last| last.end() == sample.offset) {
                Some(last) => last.bytes = last.bytes.saturating_add(u64::from(sample.size)),
                None => extents.push(Extent { offset: sample.offset, bytes: u64::from(sample.size) }),
            }
            let Sample { size, duration, composition_offset, is_sync, .. } = sample;
            samples.push(PlannedSample { size, duration, composition_offset, is_sync });
        }
        if samples.is_empty() {
            return Ok(None);
        }
        self.expected = (extents.len(), samples.len());
        let delay =
            self.timeline.composition_time(&first).checked_sub(earliest).or_out_of_range("The start of a segment")?;
        self.starts.push((earliest, StreamAccessPoint::of(&first, delay)));
        let decode_time = first.decode_time.checked_add(self.timeline.shift).or_out_of_range("A decode time")?;
        let number = u32::try_from(self.starts.len()).or_out_of_range("The number of segments of a track")?;
        let Sample { index: first_sample, description, .. } = first;
        let is_last = self.samples.peek().is_none();
        let plan = SegmentPlan { track, number, is_last, description, first_sample, decode_time, extents, samples };
        if self.layout == Layout::Segments {
            let expected_ranges = self.selected.track.descriptions.expected_ranges(description);
            self.planned_sizes.push(planned_size(&plan, &self.work_unit_track, expected_ranges));
        }
        Ok(Some(plan))
    }

    /// Returns the next sample of the segment that starts with `first`, unless it is at or after `end` or has another
    /// description.
    fn next_before(&mut self, end: WindowEnd, first: &Sample) -> Option<Sample> {
        let sample = *self.samples.peek()?;
        let is_later_without_duration = sample.duration == 0 && sample.index > first.index;
        let is_before = match end {
            WindowEnd::Media => true,
            // Many files end with text that has no duration. It does not start a segment.
            _ if is_later_without_duration && self.kind() == TrackKind::Text => true,
            WindowEnd::Sample(first) => sample.index < first,
            WindowEnd::Time(time) => {
                !sample.is_sync || self.timeline.presentation_time(self.timeline.composition_time(&sample)) < time
            }
        };
        if is_before && sample.description == first.description { self.samples.next() } else { None }
    }

    /// Returns the properties of the track that each work unit contains.
    pub(super) fn work_unit_track(&self) -> WorkUnitTrack {
        self.work_unit_track.clone()
    }

    /// Returns the representation, after the last segment.
    pub(super) fn finish(self) -> Result<Representation> {
        const BACKWARDS: Error =
            Error::unsupported("A track whose presentation runs backwards from one sync sample to the next");
        let SelectedTrack { track, track_id, switching_set, is_alternative, .. } = self.selected;
        let WorkUnitTrack { representation: id, encryption, .. } = self.work_unit_track;
        // A reference of frames that are presented may end later than all of them.
        let end = self.end.min(self.timeline.media_time(track.samples.latest_composition_end()));
        let ends = self.starts.iter().skip(1).map(|(start, _)| *start).chain([end]);
        let mut segments = Vec::with_capacity(self.starts.len());
        for ((start, sap), end) in self.starts.iter().zip(ends) {
            let is_last = segments.len().checked_add(1) == Some(self.starts.len());
            // A last sample may have no duration. A segment must have one.
            let duration = end.checked_sub(*start).map(|duration| duration.max(u64::from(is_last)));
            let duration = duration.filter(|duration| *duration > 0).ok_or(BACKWARDS.in_track(track.id))?;
            segments.push(SegmentTime { start: *start, duration, sap: *sap });
        }
        let origin = self.timeline.presentation_time_offset;
        // A track that ends before presentation time zero has a presentation duration of zero.
        let duration = segments.last().map_or(0, SegmentTime::end).saturating_sub(origin);
        Ok(Representation {
            init: init_segment(track, track_id, encryption.as_ref(), duration)?,
            id,
            track_id,
            switching_set,
            kind: track.kind,
            timescale: track.timescale,
            codecs: track.descriptions.codecs().to_owned(),
            language: track.language.clone(),
            labels: track.labels.clone(),
            is_enabled: track.is_enabled,
            is_alternative,
            is_quarter_turned: track.is_quarter_turned(),
            video: track.video().cloned(),
            audio: track.audio().cloned(),
            encryption,
            presentation_time_offset: origin,
            first_decode_time: track.samples.first_decode_time().saturating_add(self.timeline.shift),
            frame_rate: self.frame_rate.rate(track.timescale).filter(|_| track.kind == TrackKind::Video),
            segments,
            planned_sizes: self.planned_sizes,
        })
    }
}

/// Returns the properties of a track that each work unit contains.
fn work_unit_track(
    selected: &SelectedTrack<'_, '_>,
    representation: RepresentationId,
    encryption: Option<TrackEncryption>,
    timeline: &Timeline,
) -> WorkUnitTrack {
    let &SelectedTrack { input, track, track_id, .. } = selected;
    let text = (track.kind == TrackKind::Text).then(|| TextTrack {
        codings: track.descriptions.texts().into_iter().map(|text| text.coding.clone()).collect(),
        timescale: track.timescale,
        presentation_time_offset: timeline.presentation_time_offset,
    });
    let (rules, is_cmaf) = (track.descriptions.rules(), is_cmaf(track));
    WorkUnitTrack { representation, input, track_id, encryption, rules, text, is_cmaf }
}
