//! Rates of a variant (RFC 8216bis 4.4.6.2): peak and average, exactly.

use crate::cmaf::{Representation, SegmentSize};

/// Bits per second of a track.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Rate {
    /// The largest of any contiguous run of segments that lasts half to one and a half target durations.
    pub(super) peak: u64,
    /// Of the whole track.
    pub(super) average: u64,
}

impl Rate {
    pub(super) fn of(own: &Representation, sizes: &[SegmentSize]) -> Self {
        let hz = u128::from(own.timescale.hz());
        let rate = |bytes: u64, units: u64| {
            let bits = u128::from(bytes).saturating_mul(8).saturating_mul(hz);
            u64::try_from(bits.div_ceil(u128::from(units).max(1))).unwrap_or(u64::MAX)
        };
        let longest = own.segments.iter().map(|segment| segment.duration).max().unwrap_or(0);
        let parts: Vec<(u64, u64)> =
            own.segments.iter().zip(sizes).map(|(segment, size)| (segment.duration, size.bytes)).collect();
        let mut peak = 0;
        for from in 0..parts.len() {
            let (mut units, mut bytes): (u64, u64) = (0, 0);
            for (duration, size) in parts.iter().skip(from) {
                units = units.saturating_add(*duration);
                bytes = bytes.saturating_add(*size);
                if units.saturating_mul(2) > longest.saturating_mul(3) {
                    break;
                }
                if units.saturating_mul(2) >= longest {
                    peak = peak.max(rate(bytes, units));
                }
            }
        }
        let (units, bytes) = parts.iter().fold((0_u64, 0_u64), |(units, bytes), (duration, size)| {
            (units.saturating_add(*duration), bytes.saturating_add(*size))
        });
        Self { peak, average: rate(bytes, units) }
    }

    /// The rate of both together.
    pub(super) fn with(self, other: Self) -> Self {
        Self { peak: self.peak.saturating_add(other.peak), average: self.average.saturating_add(other.average) }
    }

    /// The larger of both, peak and average each.
    pub(super) fn or(self, other: Self) -> Self {
        Self { peak: self.peak.max(other.peak), average: self.average.max(other.average) }
    }
}
