//! The size of a segment, before its samples are read.

use super::segment_head::head_bytes;
use super::segment_size::SegmentSize;
use super::work_unit::{PlannedSample, SegmentPlan, WorkUnitTrack};
use crate::cenc::{SampleAuxiliaryInfo, Scheme};
use crate::number::u64_of;
use crate::text::{TextCoding, expected_rewritten_bytes};

/// Returns the size that a segment of `track`, as a file, is expected to have if `expected_ranges` of each sample are protected, or the whole
/// sample, and if rewritten text has neither markup nor styles.
pub(super) fn planned_size(plan: &SegmentPlan, track: &WorkUnitTrack, expected_ranges: Option<u8>) -> SegmentSize {
    let coding = track.text.as_ref().and_then(|text| text.coding(plan.description));
    if coding.is_some_and(TextCoding::is_rewritten) {
        let expected =
            |sample: &PlannedSample| PlannedSample { size: expected_rewritten_bytes(sample.size), ..*sample };
        let samples: Vec<PlannedSample> = plan.samples.iter().map(expected).collect();
        let payload = samples.iter().map(|sample| u64::from(sample.size)).fold(0, u64::saturating_add);
        let plan = SegmentPlan { samples, extents: Vec::new(), ..*plan };
        let bytes = head_bytes(&plan, track, 0).saturating_add(payload);
        return SegmentSize { bytes, first_sample_end: bytes };
    }
    let auxiliary = track.encryption.map_or(0, |encryption| {
        let has_iv = encryption.scheme() == Scheme::Cenc;
        SampleAuxiliaryInfo::expected_bytes(u64_of(plan.samples.len()), has_iv, expected_ranges)
    });
    let head = head_bytes(plan, track, auxiliary);
    let first_sample = plan.samples.first().map_or(0, |sample| u64::from(sample.size));
    // Samples are parts of a file, and a head has some hundred bytes for each.
    SegmentSize {
        bytes: head.saturating_add(plan.payload_bytes()),
        first_sample_end: head.saturating_add(first_sample),
    }
}
