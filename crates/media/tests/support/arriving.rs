//! Work units whose bytes arrive in chunks, as from a network.

use std::ops::Range;

use vpp_media::cenc::ContentKeys;
use vpp_media::cmaf::{StreamingPackager, WorkUnit};

/// Returns the segments of a work unit, path and bytes. Its ranges arrive in parallel, in chunks that do not match samples.
pub(crate) fn segments(
    work_unit: &WorkUnit,
    read: impl Fn(&Range<u64>) -> Vec<u8>,
    keys: &ContentKeys,
) -> vpp_media::Result<Vec<(String, Vec<u8>)>> {
    let mut packager = StreamingPackager::new(work_unit, keys)?;
    let mut packaged = packager.empty_segments()?;
    let length = 1 + work_unit.source_bytes() as usize % 1013;
    let ranges: Vec<Vec<u8>> = work_unit.ranges.iter().map(|range| read(&range.bytes)).collect();
    let max_chunks = ranges.iter().map(|range| range.len().div_ceil(length)).max().unwrap_or_default();
    for number in 0..max_chunks {
        for (position, range) in ranges.iter().enumerate() {
            if let Some(chunk) = range.chunks(length).nth(number) {
                packaged.extend(packager.supply(position, chunk)?);
            }
        }
    }
    assert!(packager.supply(0, &[0]).is_err(), "a range ends");
    Ok(packaged.into_iter().map(|segment| (segment.segment.id.path(), segment.into_bytes().concat())).collect())
}
