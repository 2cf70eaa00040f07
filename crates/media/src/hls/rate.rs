//! The bit rates of a variant (RFC 8216bis 4.4.6.2), exactly: peak and average.

use crate::Result;
use crate::cmaf::SizedRepresentation;
use crate::number::Checked;

const WHAT: &str = "The bit rate of a variant";

/// The bit rates of a track, in bits per second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Rate {
    /// The highest rate of consecutive segments that last between 0.5 and 1.5 target durations together.
    pub(super) peak: u64,
    /// The rate of the whole track.
    pub(super) average: u64,
}

impl Rate {
    /// Returns the rates of a track.
    ///
    /// # Errors
    /// [`Error::OutOfRange`](crate::Error::OutOfRange) if one does not fit 64 bits.
    pub(super) fn of(track: &SizedRepresentation<'_>) -> Result<Self> {
        let representation = track.representation;
        let hz = u128::from(representation.timescale.hz());
        let rate = |bytes: u64, units: u64| {
            // 64 bits of bytes, times 8, times a 32-bit timescale.
            let bits = u128::from(bytes).saturating_mul(8).saturating_mul(hz);
            u64::try_from(bits.div_ceil(u128::from(units).max(1))).or_out_of_range(WHAT)
        };
        let add = |(units, bytes): (u64, u64), (duration, size): &(u64, u64)| {
            units.checked_add(*duration).zip(bytes.checked_add(*size)).or_out_of_range(WHAT)
        };
        // Twice a 64-bit number, in 128 bits.
        let double = |units: u64| u128::from(units).saturating_mul(2);
        let longest = representation.longest_segment();
        let upper = u128::from(longest).saturating_mul(3);
        let segments: Vec<(u64, u64)> = representation
            .segments
            .iter()
            .zip(track.sizes)
            .map(|(segment, size)| (segment.duration, size.bytes))
            .collect();
        let mut peak = 0;
        for from in 0..segments.len() {
            let mut total = (0, 0);
            for segment in segments.iter().skip(from) {
                total = add(total, segment)?;
                let (units, bytes) = total;
                if double(units) > upper {
                    break;
                }
                if double(units) >= u128::from(longest) {
                    peak = peak.max(rate(bytes, units)?);
                }
            }
        }
        let (units, bytes) = segments.iter().try_fold((0, 0), add)?;
        Ok(Self { peak, average: rate(bytes, units)? })
    }

    /// Returns the rates of two tracks that are played together.
    ///
    /// # Errors
    /// [`Error::OutOfRange`](crate::Error::OutOfRange) if one does not fit 64 bits.
    pub(super) fn with(self, other: Self) -> Result<Self> {
        let sum = |a: u64, b: u64| a.checked_add(b).or_out_of_range(WHAT);
        Ok(Self { peak: sum(self.peak, other.peak)?, average: sum(self.average, other.average)? })
    }

    /// Returns the higher peak and the higher average of two tracks, only one of which is played.
    pub(super) fn max(self, other: Self) -> Self {
        Self { peak: self.peak.max(other.peak), average: self.average.max(other.average) }
    }
}
