//! Subsamples (ISO/IEC 23001-7 9.5): pairs of clear and protected bytes that cover a sample.

use std::ops::Range;

use crate::{Error, Result};

/// Entries a sample may have: its auxiliary information, 2 + 6 × entries, is counted in one byte by `saiz`.
pub const MAX_SUBSAMPLES: usize = 42;

/// One entry: clear bytes, then protected bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subsample {
    /// `BytesOfClearData`.
    pub clear: u16,
    /// `BytesOfProtectedData`.
    pub protected: u32,
}

/// Appends the entries for a sample of `size` bytes at `offset`, of which the ascending `protected` ranges are protected, and
/// returns how many there are.
///
/// Clear bytes beyond what 16 bits hold are split over entries without protected bytes; clear bytes at the end of the sample
/// make an entry of their own.
///
/// # Errors
/// [`Error::Unsupported`] for more than [`MAX_SUBSAMPLES`] entries.
pub fn subsamples(size: usize, protected: &[Range<usize>], offset: u64, entries: &mut Vec<Subsample>) -> Result<u16> {
    let before = entries.len();
    let mut position: usize = 0;
    for range in protected {
        push(entries, range.start.saturating_sub(position), range.len(), offset)?;
        position = range.end;
    }
    if position < size {
        push(entries, size.saturating_sub(position), 0, offset)?;
    }
    let count = entries.len().saturating_sub(before);
    if count > MAX_SUBSAMPLES {
        return Err(Error::Unsupported { feature: "A picture of more than 42 separately coded slices" });
    }
    u16::try_from(count).map_err(|_| too_large(offset))
}

fn push(entries: &mut Vec<Subsample>, mut clear: usize, protected: usize, offset: u64) -> Result<()> {
    let protected = u32::try_from(protected).map_err(|_| too_large(offset))?;
    loop {
        if let Ok(clear) = u16::try_from(clear) {
            entries.push(Subsample { clear, protected });
            return Ok(());
        }
        entries.push(Subsample { clear: u16::MAX, protected: 0 });
        clear = clear.saturating_sub(usize::from(u16::MAX));
    }
}

fn too_large(offset: u64) -> Error {
    Error::MalformedSample { offset, reason: "it is larger than any access unit" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(size: usize, protected: &[Range<usize>]) -> Vec<(u16, u32)> {
        let mut entries = Vec::new();
        let count = subsamples(size, protected, 0, &mut entries).unwrap();
        assert_eq!(usize::from(count), entries.len());
        let covered: u64 = entries.iter().map(|e| u64::from(e.clear) + u64::from(e.protected)).sum();
        assert_eq!(covered, size as u64, "entries cover the sample");
        entries.iter().map(|e| (e.clear, e.protected)).collect()
    }

    #[test]
    fn entries_cover_the_sample() {
        assert_eq!(entries(100, &[10..50, 60..100]), [(10, 40), (10, 40)]);
        assert_eq!(entries(110, &[10..50, 60..100]), [(10, 40), (10, 40), (10, 0)]);
        assert_eq!(entries(7, &[]), [(7, 0)]);
    }

    #[test]
    fn a_long_clear_run_is_split() {
        assert_eq!(entries(150_000, &[140_000..150_000]), [(65_535, 0), (65_535, 0), (8930, 10_000)]);
        assert_eq!(entries(65_545, &[65_535..65_545]), [(65_535, 10)]);
    }

    #[test]
    fn more_entries_than_saiz_can_count_are_refused() {
        let ranges = |n: usize| (0..n).map(|i| i * 100 + 10..i * 100 + 100).collect::<Vec<_>>();
        assert!(subsamples(4200, &ranges(42), 0, &mut Vec::new()).is_ok());
        assert!(subsamples(4300, &ranges(43), 0, &mut Vec::new()).is_err());
    }
}
