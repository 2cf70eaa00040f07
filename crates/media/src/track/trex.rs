//! Sample defaults of a fragmented movie: the `trex` boxes of `mvex` (ISO/IEC 14496-12 8.8.3).

use std::collections::BTreeMap;

use crate::Result;
use crate::isobmff::BoxView;

/// The values of a sample for which its `trun` has none: from `trex`, overridden by `tfhd`.
#[derive(Debug, Clone, Copy)]
pub(super) struct SampleDefaults {
    /// Number of the sample description, from 1.
    pub(super) description: u32,
    pub(super) duration: u32,
    pub(super) size: u32,
    pub(super) flags: u32,
}

impl Default for SampleDefaults {
    /// Returns the defaults of a track without a `trex`.
    fn default() -> Self {
        Self { description: 1, duration: 0, size: 0, flags: 0 }
    }
}

/// Reads the `trex` boxes of an `mvex`, by `track_ID`.
pub(super) fn sample_defaults(mvex: &BoxView<'_>) -> Result<BTreeMap<u32, SampleDefaults>> {
    let mut defaults = BTreeMap::new();
    for child in mvex.children() {
        let child = child?;
        if child.kind == b"trex" {
            let (_, _, mut reader) = child.full()?;
            let track_id = reader.u32()?;
            let (description, duration) = (reader.u32()?, reader.u32()?);
            let (size, flags) = (reader.u32()?, reader.u32()?);
            defaults.insert(track_id, SampleDefaults { description, duration, size, flags });
        }
    }
    Ok(defaults)
}
