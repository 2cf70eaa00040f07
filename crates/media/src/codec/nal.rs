//! NAL units: what H.264 and H.265 have in common (ITU-T H.264 7.3.1, 7.4.1 and B; ISO/IEC 14496-15 4.3.3).
//!
//! A sample is a row of NAL units, each behind a length field. Parsers see a NAL unit without its emulation prevention bytes;
//! encryption counts them. This module walks the one and counts the other.

use std::num::{NonZeroU8, NonZeroUsize};
use std::ops::Range;

use h264_reader::rbsp::{BitReader, ByteReader};

use crate::{Error, Result};

/// The NAL units of a sample, each with where it lies in the sample.
#[derive(Debug)]
pub(super) struct NalUnits<'s> {
    sample: &'s [u8],
    length_size: usize,
    position: usize,
    /// Where the sample lies in the file, for errors.
    offset: u64,
}

impl<'s> NalUnits<'s> {
    /// The units of `sample`, behind length fields of `length_size` bytes.
    pub(super) fn new(sample: &'s [u8], length_size: NonZeroU8, offset: u64) -> Self {
        Self { sample, length_size: usize::from(length_size.get()), position: 0, offset }
    }

    fn unit(&mut self, rest: &'s [u8]) -> Option<(Range<usize>, &'s [u8])> {
        let (length, rest) = rest.split_at_checked(self.length_size)?;
        let length = length.iter().fold(0_usize, |length, byte| (length << 8) | usize::from(*byte));
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

/// Appends what lies behind the head of each NAL unit of `sample` to `protected`, in order and apart. `head` is asked, unit by
/// unit, how many bytes must stay clear; `None` is the whole unit.
///
/// # Errors
/// [`Error::MalformedSample`] when a unit runs past the sample, and what `head` says.
pub(super) fn behind_heads(
    units: NalUnits<'_>,
    protected: &mut Vec<Range<usize>>,
    mut head: impl FnMut(&[u8]) -> Result<Option<usize>>,
) -> Result<()> {
    for unit in units {
        let (place, nal) = unit?;
        if let Some(clear) = head(nal)? {
            let data = place.start.saturating_add(clear)..place.end;
            if !data.is_empty() {
                protected.push(data);
            }
        }
    }
    Ok(())
}

/// Encoded bytes that hold the first `decoded` bytes of a NAL unit, its header included: emulation prevention bytes
/// (ITU-T H.264 7.4.1) among them are counted, one that follows them is not.
pub(super) fn encoded_length(nal: &[u8], decoded: usize) -> usize {
    let (mut zeros, mut left) = (0_u8, decoded);
    for (position, byte) in nal.iter().enumerate() {
        if left == 0 {
            return position;
        }
        if zeros >= 2 && *byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if *byte == 0 { zeros.saturating_add(1) } else { 0 };
        left = left.saturating_sub(1);
    }
    nal.len()
}

/// A reader of what follows a header of `header` bytes, emulation prevention bytes taken out.
pub(super) fn rbsp(nal: &[u8], header: NonZeroUsize) -> BitReader<ByteReader<&[u8]>> {
    BitReader::new(ByteReader::skipping_bytes(nal, header))
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
    fn a_nal_unit_past_the_end_of_its_sample_ends_the_walk() {
        let mut units = NalUnits::new(&[0, 1, 9, 0, 2, 8], NonZeroU8::new(2).unwrap(), 77);
        assert_eq!(units.next().unwrap().unwrap(), (2..3, &[9][..]));
        assert_eq!(units.next().unwrap().unwrap_err().code(), "malformed_sample");
        assert!(units.next().is_none());
    }
}
