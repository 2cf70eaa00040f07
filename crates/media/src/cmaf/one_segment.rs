//! Packaging of a segment that is requested by itself.

use super::identity::SegmentId;
use super::source_ranges::source_ranges_of_one;
use super::work_unit::{SegmentPlan, WorkUnit};

/// Returns the work unit of a single segment of `work_unit`, with the source bytes of that segment only; `None` if the work unit
/// does not have the segment. The segment has the same bytes as in the whole work unit.
#[must_use]
pub fn one_segment(work_unit: WorkUnit, segment: SegmentId) -> Option<WorkUnit> {
    let WorkUnit { index, tracks, segments, layout, .. } = work_unit;
    let is_wanted = |plan: &SegmentPlan| {
        let track = tracks.get(usize::from(plan.track));
        plan.number == segment.number && track.is_some_and(|track| track.representation == segment.representation)
    };
    let segment = segments.into_iter().find(is_wanted)?;
    let ranges = source_ranges_of_one(&segment, &tracks);
    Some(WorkUnit { index, ranges, tracks, segments: vec![segment], layout })
}
