//! Segments of text: samples rewritten where players do not know them, and the text files of HLS made of the same samples.

use super::plan::{PlannedSample, SegmentPlan};
use super::source::{MISFIT, Piece, SourceBuffers, each_sample};
use crate::text::{TextTrack, WebVttSegment, write_sample};
use crate::{Error, Result};

/// Bytes of text in a segment that are accepted: a page of it has some hundred.
pub(super) const MAX_TEXT_BYTES: u64 = 8 * 1024 * 1024;

/// What becomes of a segment's samples.
pub(super) struct Subtitles {
    /// The samples, and their bytes, where they are not those of the source.
    pub(super) rewritten: Option<(Vec<PlannedSample>, Vec<u8>)>,
    /// The segment as a text file, where it is of WebVTT.
    pub(super) text: Option<String>,
}

/// Reads the samples of a segment of `track`, which lie in `source` where `body` says.
pub(super) fn subtitles(
    plan: &SegmentPlan,
    track: &TextTrack,
    body: &[Piece],
    source: &SourceBuffers,
) -> Result<Subtitles> {
    let coding = usize::try_from(plan.description).ok().and_then(|position| track.codings.get(position));
    let coding = coding.ok_or(Error::BadPlan { reason: "a segment names no sample description" })?;
    let mut document = coding.header().map(|header| WebVttSegment::new(track, header));
    let mut rewritten = coding.is_rewritten().then(|| (Vec::new(), Vec::new()));
    let mut samples = plan.samples.iter();
    let mut time = plan.decode_time;
    each_sample(plan, body, |sample, offset| {
        let own = *samples.next().ok_or(MISFIT)?;
        let cues = coding.cues(source.bytes(&sample), offset)?;
        if let Some((samples, payload)) = &mut rewritten {
            let bytes = write_sample(&cues)?;
            let size = u32::try_from(bytes.len()).map_err(|_| MISFIT)?;
            samples.push(PlannedSample { size, ..own });
            payload.extend(bytes);
        }
        if let Some(document) = &mut document {
            let start = time.saturating_add_signed(own.composition_offset.into());
            document.show(start, start.saturating_add(own.duration.into()), cues);
        }
        time = time.saturating_add(own.duration.into());
        Ok(())
    })?;
    Ok(Subtitles { rewritten, text: document.map(|document| document.write()) })
}
