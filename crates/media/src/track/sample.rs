//! Samples, and the limit on their number.

use crate::{Error, Result};

/// Maximum number of samples in a track: a day of video at 240 frames per second, or of audio at 96 kHz, fits.
pub(super) const MAX_SAMPLES: u32 = 1 << 25;

/// Checks that a track does not have more than [`MAX_SAMPLES`].
///
/// # Errors
/// [`Error::LimitExceeded`].
pub(super) fn check_sample_count(count: u64) -> Result<()> {
    let limit = u64::from(MAX_SAMPLES);
    if count > limit {
        let what = "the number of samples of a track";
        return Err(Error::LimitExceeded { what, found: count, limit, action: "split the movie" });
    }
    Ok(())
}

/// One sample: an access unit of video, a frame of audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Position in the track, from 0.
    pub index: u32,
    /// Offset of its first byte in the file.
    pub offset: u64,
    /// Length in bytes.
    pub size: u32,
    /// Decode time, in units of the track's timescale.
    pub decode_time: u64,
    /// Time to the decode time of the next sample.
    pub duration: u32,
    /// Composition time minus decode time.
    pub composition_offset: i32,
    /// Whether decoding can start here.
    pub is_sync: bool,
    /// Position of its sample description among those that samples of the track use, from 0.
    pub description: u32,
}

impl Sample {
    /// Returns the composition time, in units of the track's timescale; it may be negative.
    ///
    /// Times of samples of a [`TrackSamples`](super::TrackSamples) are below 2^62. Later times saturate.
    #[must_use]
    #[inline]
    pub fn composition_time(&self) -> i64 {
        self.checked_composition_time().unwrap_or(i64::MAX)
    }

    /// Returns the composition time; `None` when it does not fit 64 bits.
    #[inline]
    pub(super) fn checked_composition_time(&self) -> Option<i64> {
        i64::try_from(self.decode_time).ok()?.checked_add(i64::from(self.composition_offset))
    }

    /// Returns the end of the sample in the file; `None` when it does not fit 64 bits.
    #[inline]
    pub(super) fn end(&self) -> Option<u64> {
        self.offset.checked_add(u64::from(self.size))
    }
}

/// The end of a track's samples so far, on its decode timeline.
#[derive(Debug, Clone, Copy)]
pub(super) struct DecodeEnd {
    /// Number of samples.
    pub(super) samples: u32,
    /// Decode time of the last sample, if there is one.
    pub(super) last: Option<u64>,
    /// End of the last sample.
    pub(super) time: u64,
}
