//! Work units whose bytes arrive in pieces, as from a network.

use std::ops::Range;

use vpp_media::cenc::ContentKeys;
use vpp_media::cmaf::{StreamingPackager, WorkUnit};

/// The segments of a work unit, path and bytes: its ranges arrive side by side, in pieces whose length is no sample's.
pub(crate) fn segments(
    work_unit: &WorkUnit,
    read: impl Fn(&Range<u64>) -> Vec<u8>,
    keys: &ContentKeys,
) -> vpp_media::Result<Vec<(String, Vec<u8>)>> {
    let mut packager = StreamingPackager::new(work_unit, keys)?;
    let mut made = packager.empty_segments()?;
    let length = 1 + work_unit.source_bytes() as usize % 1013;
    let ranges: Vec<Vec<u8>> = work_unit.ranges.iter().map(|range| read(&range.bytes)).collect();
    let most = ranges.iter().map(|range| range.len().div_ceil(length)).max().unwrap_or_default();
    for piece in 0..most {
        for (position, range) in ranges.iter().enumerate() {
            if let Some(piece) = range.chunks(length).nth(piece) {
                made.extend(packager.supply(position, piece)?);
            }
        }
    }
    assert!(packager.supply(0, &[0]).is_err(), "a range has an end");
    Ok(made.into_iter().map(|packaged| (packaged.segment.id.path(), packaged.into_bytes().concat())).collect())
}
