//! Stream access points (SAP, ISO/IEC 14496-12 Annex I): where playback of a segment can start, and what is decodable from there.

use serde::{Deserialize, Serialize};

use crate::track::Sample;

/// The type of a stream access point (ISO/IEC 14496-12 Annex I), as far as an index determines it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SapType {
    /// Type 1: everything from the sync sample on can be decoded, and the sync sample is presented first.
    One,
    /// Type 3 or 2: frames that follow the sync sample are presented before it. They can be decoded from here with type 2, but
    /// not with type 3. The index does not distinguish the two; type 3 is correct for both, because it is the weaker guarantee.
    Three,
}

impl SapType {
    /// Returns the number of the type.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Three => 3,
        }
    }
}

/// The stream access point at the start of a segment: its sync sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamAccessPoint {
    /// The type of the stream access point.
    pub sap_type: SapType,
    /// Time from the start of the segment to the presentation of the sync sample: zero, unless leading pictures precede it.
    pub delay: u64,
}

impl StreamAccessPoint {
    /// Returns the stream access point of a segment that starts with `first`, presented `delay` after the segment's start;
    /// `None` if `first` is not a sync sample.
    pub(super) fn of(first: &Sample, delay: u64) -> Option<Self> {
        let sap_type = if delay > 0 { SapType::Three } else { SapType::One };
        first.is_sync.then_some(Self { sap_type, delay })
    }
}
