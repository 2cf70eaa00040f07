//! Superframes (VP9 annex B): a sample of several frames.

use std::iter;
use std::ops::Range;

/// Returns the frames of a sample: those of its superframe index, or else the whole sample. Empty frames are left out.
pub(super) fn frames(sample: &[u8]) -> Vec<Range<usize>> {
    superframe_index(sample).unwrap_or_else(|| iter::once(0..sample.len()).collect())
}

fn superframe_index(sample: &[u8]) -> Option<Vec<Range<usize>>> {
    let marker = *sample.last()?;
    if marker & 0xe0 != 0xc0 {
        return None;
    }
    let (count, width) = (usize::from(marker & 7).checked_add(1)?, usize::from((marker >> 3) & 3).checked_add(1)?);
    let index_size = count.checked_mul(width)?.checked_add(2)?;
    let index_start = sample.len().checked_sub(index_size)?;
    let sizes = sample.get(index_start..)?.split_first().filter(|(first, _)| **first == marker)?.1;
    let mut position = 0_usize;
    let mut frames = Vec::new();
    for size in sizes.chunks_exact(width).take(count) {
        let size = size.iter().rev().fold(0_usize, |size, byte| (size << 8) | usize::from(*byte));
        let end = position.checked_add(size).filter(|end| *end <= index_start)?;
        frames.extend((size > 0).then_some(position..end));
        position = end;
    }
    Some(frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_superframe_is_split_by_its_index() {
        assert_eq!(frames(&[1, 2, 3, 4, 5, 0xc1, 2, 3, 0xc1]), [0..2, 2..5]);
        assert_eq!(frames(&[1, 2, 3, 0xc9, 1, 0, 2, 0, 0xc9]), [0..1, 1..3]);
        assert_eq!(frames(&[1, 2, 3, 0xc1, 2, 3, 0xc1]), [0..7], "an index whose sizes exceed the sample is no index");
        assert_eq!(frames(&[1, 2, 3]), [0..3]);
    }
}
