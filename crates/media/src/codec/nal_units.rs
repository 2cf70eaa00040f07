//! NAL units, which H.264 and H.265 share (ITU-T H.264 7.3.1, 7.4.1 and annex B; ISO/IEC 14496-15 4.3.3).
//!
//! A sample is a sequence of NAL units, each after a length field. Parsers read a NAL unit without its emulation prevention
//! bytes; encryption counts them. This module iterates over the units, and converts lengths without those bytes to lengths with
//! them.

use std::num::NonZeroU8;
use std::ops::Range;

use crate::number::Checked;
use crate::{Error, Result};

/// The NAL units of a sample, each with its byte range in the sample.
#[derive(Debug)]
pub(super) struct NalUnits<'s> {
    sample: &'s [u8],
    length_size: usize,
    position: usize,
    /// Offset of the sample in the file, for errors.
    offset: u64,
}

impl<'s> NalUnits<'s> {
    /// Starts at the first unit of `sample`, whose length fields have `length_size` bytes.
    pub(super) fn new(sample: &'s [u8], length_size: NonZeroU8, offset: u64) -> Self {
        Self { sample, length_size: usize::from(length_size.get()), position: 0, offset }
    }

    fn unit(&mut self, rest: &'s [u8]) -> Option<(Range<usize>, &'s [u8])> {
        let (length, rest) = split_length(rest, self.length_size)?;
        let nal = rest.get(..length)?;
        let start = self.position.checked_add(self.length_size)?;
        self.position = start.checked_add(length)?;
        Some((start..self.position, nal))
    }
}

impl<'s> Iterator for NalUnits<'s> {
    type Item = Result<(Range<usize>, &'s [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.sample.get(self.position..).filter(|rest| !rest.is_empty())?;
        let unit = self.unit(rest);
        if unit.is_none() {
            self.position = self.sample.len();
        }
        let past_end = Error::MalformedSample { offset: self.offset, reason: "a NAL unit runs past its end" };
        Some(unit.ok_or(past_end))
    }
}

/// Splits off a length field of `length_size` bytes.
#[inline]
fn split_length(bytes: &[u8], length_size: usize) -> Option<(usize, &[u8])> {
    let (length, rest) = bytes.split_at_checked(length_size)?;
    Some((length.iter().fold(0_usize, |length, byte| (length << 8) | usize::from(*byte)), rest))
}

/// Returns the NAL units at the start of a sample, of which only `head` is known: the last unit may be incomplete.
pub(super) fn units_of_head(head: &[u8], length_size: NonZeroU8) -> impl Iterator<Item = &[u8]> {
    lengths_of_head(head, length_size).map(|(_, unit)| unit)
}

/// Returns the NAL units at the start of a sample, each with its length, of which the last unit may have fewer bytes.
pub(super) fn lengths_of_head(head: &[u8], length_size: NonZeroU8) -> impl Iterator<Item = (usize, &[u8])> {
    let mut rest = head;
    std::iter::from_fn(move || {
        let (length, after) = split_length(rest, usize::from(length_size.get()))?;
        let (unit, after) = after.split_at_checked(length).unwrap_or((after, &[]));
        rest = after;
        Some((length, unit))
    })
}

/// Appends the protected range of each NAL unit to `protected`, in order and disjoint.
///
/// `clear_bytes` returns the number of bytes at the start of a unit that stay clear; `None` means the whole unit.
///
/// # Errors
/// [`Error::MalformedSample`] when a unit runs past the sample, and the errors of `clear_bytes`.
pub(super) fn protect_after(
    units: NalUnits<'_>,
    protected: &mut Vec<Range<usize>>,
    mut clear_bytes: impl FnMut(&[u8]) -> Result<Option<usize>>,
) -> Result<()> {
    for unit in units {
        let (range, nal) = unit?;
        if let Some(clear) = clear_bytes(nal)? {
            let data = range.start.checked_add(clear).or_out_of_range("The length of a slice header")?..range.end;
            if !data.is_empty() {
                protected.push(data);
            }
        }
    }
    Ok(())
}

/// Returns the number of encoded bytes that hold the first `decoded` bytes of a NAL unit, its header included. Emulation
/// prevention bytes (ITU-T H.264 7.4.1) among them are counted; one that follows them is not.
pub(super) fn encoded_length(nal: &[u8], decoded: usize) -> usize {
    let (mut zeros, mut left) = (0_u8, decoded);
    for (position, byte) in nal.iter().enumerate() {
        let Some(after_this) = left.checked_sub(1) else { return position };
        if zeros == 2 && *byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = zeros_after(zeros, *byte);
        left = after_this;
    }
    nal.len()
}

/// Returns the number of zero bytes, up to two, that precede the byte after `byte`. `zeros` of them precede `byte` itself.
#[inline]
pub(super) fn zeros_after(zeros: u8, byte: u8) -> u8 {
    match (byte, zeros) {
        (0, 0) => 1,
        (0, _) => 2,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_bytes_include_the_emulation_prevention_among_them() {
        let nal = [0x65, 0x88, 0, 0, 3, 1, 0, 0, 3, 2, 0xff];
        assert_eq!(encoded_length(&nal, 4), 4, "up to the zeros, before the three");
        assert_eq!(encoded_length(&nal, 5), 6);
        assert_eq!(encoded_length(&nal, 8), 10);
        assert_eq!(encoded_length(&nal, 100), nal.len());
    }

    #[test]
    fn the_last_unit_of_a_head_may_be_incomplete() {
        let length_size = NonZeroU8::new(2).unwrap();
        let units: Vec<_> = units_of_head(&[0, 1, 9, 0, 9, 6, 4], length_size).collect();
        assert_eq!(units, [&[9][..], &[6, 4]]);
        assert_eq!(units_of_head(&[0], length_size).count(), 0);
    }

    #[test]
    fn a_nal_unit_past_the_end_of_its_sample_ends_the_iteration() {
        let mut units = NalUnits::new(&[0, 1, 9, 0, 2, 8], NonZeroU8::new(2).unwrap(), 77);
        assert_eq!(units.next().unwrap().unwrap(), (2..3, &[9][..]));
        assert_eq!(units.next().unwrap().unwrap_err().code(), "malformed_sample");
        assert!(units.next().is_none());
    }
}
