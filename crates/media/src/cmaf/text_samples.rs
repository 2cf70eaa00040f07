//! The samples of text segments: rewritten if players do not support their coding, and converted to WebVTT text for HLS.

use super::source_buffers::{ByteSpan, MISFIT, SourceBuffers, each_sample};
use super::work_unit::{PlannedSample, SegmentPlan};
use crate::number::Checked;
use crate::text::{TextTrack, WebVttSegment, write_sample};
use crate::{Error, Result};

/// Maximum number of bytes of text in a segment. A page of text has a few hundred.
pub(super) const MAX_TEXT_BYTES: u64 = 8 * 1024 * 1024;

/// The text of a segment.
pub(super) struct SegmentText {
    /// The samples and their bytes, if they differ from the source.
    pub(super) rewritten: Option<(Vec<PlannedSample>, Vec<u8>)>,
    /// The segment as a WebVTT text file, if its coding is WebVTT.
    pub(super) webvtt: Option<String>,
}

/// Reads the samples of a segment of `track` whose extents are at `payload` in `source`.
pub(super) fn segment_text(
    plan: &SegmentPlan,
    track: &TextTrack,
    payload: &[ByteSpan],
    source: &SourceBuffers,
) -> Result<SegmentText> {
    let coding = track.coding(plan.description);
    let coding = coding.ok_or(Error::BadPlan { reason: "a segment has an unknown sample description" })?;
    let mut document = coding.header().map(|header| WebVttSegment::new(track, header));
    let mut rewritten = coding.is_rewritten().then(|| (Vec::new(), Vec::new()));
    let mut samples = plan.samples.iter();
    let mut time = plan.decode_time;
    each_sample(plan, payload, |span, offset| {
        let sample = *samples.next().ok_or(MISFIT)?;
        let cues = coding.cues(source.bytes(&span), offset)?;
        if let Some((samples, payload)) = &mut rewritten {
            let bytes = write_sample(&cues)?;
            let size = u32::try_from(bytes.len()).or_out_of_range("The size of a text sample")?;
            samples.push(PlannedSample { size, ..sample });
            payload.extend(bytes);
        }
        if let Some(document) = &mut document {
            // A cue starts at zero at the earliest, as the timeline of the track does.
            let start = time.saturating_add_signed(sample.composition_offset.into());
            let end = start.checked_add(sample.duration.into()).or_out_of_range("The end of a cue")?;
            document.add(start, end, cues);
        }
        time = time.checked_add(sample.duration.into()).or_out_of_range("The decode time of a text sample")?;
        Ok(())
    })?;
    Ok(SegmentText { rewritten, webvtt: document.map(|document| document.write()).transpose()? })
}
