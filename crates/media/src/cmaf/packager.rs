//! The packaging engine: *(work unit, source bytes, keys) → segments*.
//!
//! Samples are encrypted in place, in the buffers that they were read into. A [`Segment`] is the boxes that precede its samples,
//! and the location of those samples, so media is not copied. Rewritten text is the exception: it is part of the boxes.

use super::segment::Segment;
use super::segment_head::segment_head;
use super::source_buffers::{ByteSpan, SourceBuffers};
use super::text_samples::segment_text;
use super::track_encryptor::TrackEncryptor;
use super::work_unit::{SegmentPlan, WorkUnit};
use crate::cenc::ContentKeys;
use crate::number::{Checked, u64_of};
use crate::{Error, Result};

/// The packager of one work unit: the only code that encrypts and writes segments.
///
/// [`package_work_unit`] is the shorthand for complete source bytes. A [`StreamingPackager`](super::StreamingPackager) collects
/// source bytes that are still arriving, and passes each complete segment to a packager.
#[derive(Debug)]
pub struct Packager<'w> {
    work_unit: &'w WorkUnit,
    /// The encryptor of each track; `None` for a clear track.
    encryptors: Vec<Option<TrackEncryptor<'w>>>,
}

impl<'w> Packager<'w> {
    /// Prepares the encryption of all tracks of a work unit.
    ///
    /// # Errors
    /// [`Error::SourceMismatch`](crate::Error::SourceMismatch) if `keys` do not contain the key of an encrypted track.
    pub fn new(work_unit: &'w WorkUnit, keys: &ContentKeys) -> Result<Self> {
        let encryptors =
            work_unit.tracks.iter().map(|track| TrackEncryptor::new(track, keys)).collect::<Result<_>>()?;
        Ok(Self { work_unit, encryptors })
    }

    /// Encrypts the samples of the work unit in `source`, in place, and returns the segments in the order of the plan.
    ///
    /// # Errors
    /// [`Error::MalformedSample`](crate::Error::MalformedSample) if a sample does not parse,
    /// [`Error::SourceMismatch`](crate::Error::SourceMismatch) if `source` belongs to another work unit.
    pub fn package(&self, source: &mut SourceBuffers) -> Result<Vec<Segment>> {
        let payload = |plan: &SegmentPlan| {
            let input = self.work_unit.track_of(plan)?.input;
            plan.extents.iter().map(|extent| source.locate(input, extent.offset, extent.bytes)).collect()
        };
        let mut payloads = self.work_unit.segments.iter().map(payload).collect::<Result<Vec<_>>>()?;
        source.copy_overlaps(&mut payloads);
        let segments = self.work_unit.segments.iter().zip(payloads);
        segments.map(|(plan, payload)| self.package_segment(plan, payload, source)).collect()
    }

    /// Returns the number of movies that have tracks in the package.
    fn movies(&self) -> usize {
        let last = self.work_unit.tracks.iter().map(|track| track.input).max();
        last.map_or(0, |last| usize::from(last).saturating_add(1))
    }

    pub(super) fn work_unit(&self) -> &'w WorkUnit {
        self.work_unit
    }

    /// Packages one segment, whose extents are at `payload` in `source` and do not overlap those of another segment.
    pub(super) fn package_segment(
        &self,
        plan: &SegmentPlan,
        payload: Vec<ByteSpan>,
        source: &mut SourceBuffers,
    ) -> Result<Segment> {
        let (id, track) = (self.work_unit.id_of(plan)?, self.work_unit.track_of(plan)?);
        let layout = self.work_unit.layout;
        let encryptor = self.encryptors.get(usize::from(plan.track)).and_then(Option::as_ref);
        let in_movie = |error: Error| error.in_movie(track.input, self.movies());
        let encrypted = encryptor.map(|encryptor| encryptor.encrypt(plan, &payload, source)).transpose();
        let encrypted = encrypted.map_err(in_movie)?;
        let (auxiliary, encrypted_samples) = encrypted.map_or((None, 0), |(info, samples)| (Some(info), samples));
        let text = track.text.as_ref().map(|text| segment_text(plan, text, &payload, source)).transpose();
        let text = text.map_err(in_movie)?;
        let (rewritten, webvtt) = text.map_or((None, None), |text| (text.rewritten, text.webvtt));
        if let Some((samples, bytes)) = rewritten {
            let plan = SegmentPlan { samples, ..plan.clone() };
            let mut head = segment_head(&plan, track, None, layout, u64_of(bytes.len()))?;
            head.extend(bytes);
            let first_sample_end = u64_of(head.len());
            return Ok(Segment { id, encrypted_samples, head, payload: Vec::new(), first_sample_end, webvtt });
        }
        let head = segment_head(plan, track, auxiliary.as_ref(), layout, plan.payload_bytes())?;
        let first_sample = plan.samples.first().map_or(0, |sample| u64::from(sample.size));
        let first_sample_end = u64_of(head.len()).checked_add(first_sample).or_out_of_range("The size of a segment")?;
        Ok(Segment { id, encrypted_samples, head, payload, first_sample_end, webvtt })
    }
}

/// Packages a work unit whose source bytes are complete: the shorthand for [`Packager::new`] and [`Packager::package`].
///
/// # Errors
/// Those of [`Packager::new`] and [`Packager::package`].
pub fn package_work_unit(work_unit: &WorkUnit, source: &mut SourceBuffers, keys: &ContentKeys) -> Result<Vec<Segment>> {
    Packager::new(work_unit, keys)?.package(source)
}
