//! Bounds on the output of a package, by the media that is in it.
//!
//! A file can describe much output with few bytes: a key frame of 24 bytes may last for a segment, and a sample may have one
//! byte. Every segment is an object, a row of a receipt and an entry of each manifest, and every sample has entries in the boxes
//! of its segment. So both are bounded by the bytes of the samples, and not only by what an index may contain.
//!
//! The bounds leave room for everything that encoders write. Six seconds of black video, of silent audio or of a still screen
//! have 2 KiB or more; a text track may have next to nothing in a segment, but accompanies tracks that have. A silent frame of
//! AAC has 6 bytes, for which a segment has 4 to 16 bytes more.

use crate::number::{Checked, u64_of};
use crate::{Error, Result};

/// Segments that any package may have.
pub const FREE_SEGMENTS: u64 = 1024;
/// Bytes of samples for each further segment.
const BYTES_PER_SEGMENT: u64 = 2 * 1024;
/// Segments from which on a segment takes more bytes.
pub const MANY_SEGMENTS: u64 = 64 * 1024;
/// Bytes of samples for each segment beyond [`MANY_SEGMENTS`].
const BYTES_PER_SEGMENT_OF_MANY: u64 = 64 * 1024;
/// Maximum number of segments of a package, counting all tracks.
pub const MAX_SEGMENTS: u64 = 256 * 1024;

/// Bytes that the boxes of a segment may have, without the entries of its samples.
const SEGMENT_OVERHEAD: u64 = 2 * 1024;
/// Bytes that the entries of a sample may have: size, duration, flags and composition offset, IV and subsamples.
const SAMPLE_OVERHEAD: u64 = 48;
/// Overhead that any package may have, in bytes.
const FREE_OVERHEAD: u64 = 16 * 1024 * 1024;
/// Overhead for each byte of samples.
const MAX_OVERHEAD_FACTOR: u64 = 7;

/// The output that is planned so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct PlannedOutput {
    segments: u64,
    samples: u64,
    bytes: u64,
}

impl PlannedOutput {
    /// Adds a segment with this number of samples, and of bytes of all samples.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] for more segments than any package may have.
    pub(super) fn add(&mut self, samples: usize, bytes: u64) -> Result<()> {
        const WHAT: &str = "The size of a package";
        self.segments = self.segments.checked_add(1).or_out_of_range(WHAT)?;
        self.samples = self.samples.checked_add(u64_of(samples)).or_out_of_range(WHAT)?;
        self.bytes = self.bytes.checked_add(bytes).or_out_of_range(WHAT)?;
        if self.segments > MAX_SEGMENTS { Err(too_many_segments(self.segments, MAX_SEGMENTS)) } else { Ok(()) }
    }

    /// Checks the whole output against the bytes of its samples.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`].
    pub(super) fn check(self) -> Result<()> {
        let limit = max_segments(self.bytes);
        if self.segments > limit {
            return Err(too_many_segments(self.segments, limit));
        }
        // Sums that saturate exceed the limit as well.
        let segments = self.segments.saturating_mul(SEGMENT_OVERHEAD);
        let found = self.samples.saturating_mul(SAMPLE_OVERHEAD).saturating_add(segments);
        let limit = self.bytes.saturating_mul(MAX_OVERHEAD_FACTOR).saturating_add(FREE_OVERHEAD);
        if found > limit {
            let what = "the number of bytes that the boxes of the samples take";
            return Err(Error::LimitExceeded { what, found, limit, action: "encode the movie with larger samples" });
        }
        Ok(())
    }
}

/// Returns the maximum number of segments of a package with this number of bytes of samples.
fn max_segments(bytes: u64) -> u64 {
    let few = FREE_SEGMENTS.saturating_add(bytes / BYTES_PER_SEGMENT);
    let many = MANY_SEGMENTS.saturating_add(bytes / BYTES_PER_SEGMENT_OF_MANY);
    few.min(many).min(MAX_SEGMENTS)
}

fn too_many_segments(found: u64, limit: u64) -> Error {
    let what = "the number of segments for the size of the media";
    Error::LimitExceeded { what, found, limit, action: "request longer segments, or encode with fewer key frames" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(segments: u64, samples: u64, bytes: u64) -> Result<()> {
        PlannedOutput { segments, samples, bytes }.check()
    }

    const KIB: u64 = 1024;
    const HOUR: u64 = 3_600;

    /// The files that an attack on the platform used: segments, samples, and bytes of the samples.
    #[test]
    fn few_bytes_are_not_many_segments() {
        for (segments, samples, bytes) in [
            (10_306, 10_306, 59_799),
            (30_506, 30_506, 85_399),
            // 3,000 key frames of 24 bytes, of 6 seconds each.
            (3_000, 3_000, 72_000),
            // 60 hours of audio at 320 kb/s, in segments of one second.
            (210_943, 10_125_000, 60 * HOUR * 40_000),
        ] {
            let error = check(segments, samples, bytes).unwrap_err();
            let text = error.to_string();
            assert_eq!(error.code(), "limit_exceeded");
            assert!(text.contains(&format!("is {segments}, more than the limit of {}", max_segments(bytes))), "{text}");
        }
        assert!(check(1, 33_000_000, 33_000_000).is_err(), "samples of one byte");
    }

    /// What encoders write: tracks × hours in segments of 6 seconds, frames a second, and the bytes of a segment of each track.
    #[test]
    fn real_media_is_within_the_bounds() {
        let per_hour = 600;
        for (hours, frames, bytes) in [
            // A film, with twelve languages of 48 kb/s.
            (24, [vec![144; 1], vec![288; 12]].concat(), [vec![1500 * KIB; 1], vec![36 * KIB; 12]].concat()),
            // An audiobook of 24 kb/s, and speech of 12 kb/s.
            (60, vec![258], vec![18 * KIB]),
            (60, vec![129], vec![9 * KIB]),
            // A day of a black screen with silence, and subtitles that are rarely there.
            (24, vec![150, 282, 1], vec![4 * KIB, 2 * KIB, 8]),
            // A slide show with one frame a segment.
            (8, vec![1], vec![6 * KIB]),
        ] {
            let windows = hours * per_hour;
            let segments = windows * u64_of(frames.len());
            let (samples, bytes) = (windows * frames.iter().sum::<u64>(), windows * bytes.iter().sum::<u64>());
            assert_eq!(check(segments, samples, bytes), Ok(()), "{hours} hours, {segments} segments, {bytes} bytes");
        }
        // A tebibyte of a week, with two tracks.
        assert_eq!(check(201_600, 45_000_000, 1 << 40), Ok(()));
    }
}
