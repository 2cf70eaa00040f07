//! NAL units: what H.264 and H.265 have in common (ITU-T H.264 7.3.1, 7.4.1 and B; ISO/IEC 14496-15 4.3.3).
//!
//! A sample is a row of NAL units, each behind a length field. Parsers see a NAL unit without its emulation prevention bytes;
//! encryption counts them. This module walks the one and counts the other.

use std::num::{NonZeroU8, NonZeroUsize};
use std::ops::Range;

use h264_reader::rbsp::{BitRead, BitReader, BitReaderError, ByteReader, Integer, Primitive};

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

/// A bit reader that counts the bits consumed.
pub(super) struct CountingReader<'a> {
    inner: BitReader<ByteReader<&'a [u8]>>,
    /// Bits consumed, of the NAL unit without its header and its emulation prevention bytes.
    pub(super) consumed: u64,
}

impl<'a> CountingReader<'a> {
    /// A reader of what follows a header of `header` bytes.
    pub(super) fn new(nal: &'a [u8], header: NonZeroUsize) -> Self {
        Self { inner: rbsp(nal, header), consumed: 0 }
    }

    /// Encoded bytes from the start of the NAL unit to the end of what was consumed, rounded up to a byte.
    pub(super) fn encoded_bytes(&self, nal: &[u8], header: NonZeroUsize) -> usize {
        let consumed = usize::try_from(self.consumed.div_ceil(8)).unwrap_or(usize::MAX);
        encoded_length(nal, consumed.saturating_add(header.get()))
    }

    /// The next bit.
    pub(super) fn flag(&mut self) -> Option<bool> {
        self.read_bit("").ok()
    }

    /// The next `count` bits, at most 32, as a number: `u(n)`.
    pub(super) fn bits(&mut self, count: u32) -> Option<u32> {
        self.read_var(count, "").ok()
    }

    /// An unsigned Exp-Golomb code, `ue(v)`, that must not be more than `most`.
    pub(super) fn ue(&mut self, most: u32) -> Option<u32> {
        self.read_ue("").ok().filter(|value| *value <= most)
    }

    /// Steps over `count` bits.
    pub(super) fn pass(&mut self, count: u32) -> Option<()> {
        self.skip(count, "").ok()
    }

    /// Steps over `count` Exp-Golomb codes, signed or not.
    pub(super) fn pass_codes(&mut self, count: u32) -> Option<()> {
        (0..count).try_for_each(|_| self.ue(u32::MAX).map(drop))
    }

    fn count(&mut self, bits: u32) {
        self.consumed = self.consumed.saturating_add(u64::from(bits));
    }

    /// Counts an Exp-Golomb code (ITU-T H.264 9.1): a prefix of zeros, and as many bits and one more.
    fn count_exp_golomb(&mut self, code_number: u64) {
        let significant = u64::BITS.saturating_sub(code_number.saturating_add(1).leading_zeros());
        self.count(significant.saturating_mul(2).saturating_sub(1));
    }
}

impl BitRead for CountingReader<'_> {
    fn read_ue(&mut self, name: &'static str) -> Result<u32, BitReaderError> {
        let value = self.inner.read_ue(name)?;
        self.count_exp_golomb(u64::from(value));
        Ok(value)
    }

    fn read_se(&mut self, name: &'static str) -> Result<i32, BitReaderError> {
        let value = self.inner.read_se(name)?;
        let magnitude = u64::from(value.unsigned_abs());
        // Positive values take the odd code numbers, the others the even ones (9.1.1).
        self.count_exp_golomb(magnitude.saturating_mul(2).saturating_sub(u64::from(value > 0)));
        Ok(value)
    }

    fn read_bit(&mut self, name: &'static str) -> Result<bool, BitReaderError> {
        self.count(1);
        self.inner.read_bit(name)
    }

    fn read<const BITS: u32, I: Integer>(&mut self, name: &'static str) -> Result<I, BitReaderError> {
        self.count(BITS);
        self.inner.read::<BITS, I>(name)
    }

    fn read_var<I: Integer>(&mut self, bit_count: u32, name: &'static str) -> Result<I, BitReaderError> {
        self.count(bit_count);
        self.inner.read_var(bit_count, name)
    }

    fn read_to<V: Primitive>(&mut self, name: &'static str) -> Result<V, BitReaderError> {
        self.count(u32::try_from(size_of::<V>()).unwrap_or(u32::MAX).saturating_mul(8));
        self.inner.read_to(name)
    }

    fn skip(&mut self, bit_count: u32, name: &'static str) -> Result<(), BitReaderError> {
        self.count(bit_count);
        self.inner.skip(bit_count, name)
    }

    fn byte_aligned(&self) -> bool {
        self.inner.byte_aligned()
    }

    fn has_more_rbsp_data(&mut self, name: &'static str) -> Result<bool, BitReaderError> {
        self.inner.has_more_rbsp_data(name)
    }

    fn finish_rbsp(self) -> Result<(), BitReaderError> {
        self.inner.finish_rbsp()
    }

    fn finish_sei_payload(self) -> Result<(), BitReaderError> {
        self.inner.finish_sei_payload()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: NonZeroUsize = NonZeroUsize::MIN;

    #[test]
    fn encoded_bytes_include_the_emulation_prevention_among_them() {
        let nal = [0x65, 0x88, 0, 0, 3, 1, 0, 0, 3, 2, 0xff];
        assert_eq!(encoded_length(&nal, 4), 4, "up to the zeros, before the three");
        assert_eq!(encoded_length(&nal, 5), 6);
        assert_eq!(encoded_length(&nal, 8), 10);
        assert_eq!(encoded_length(&nal, 100), nal.len());
    }

    #[test]
    fn the_count_is_that_of_the_bits_read() {
        // ue(0)=1, ue(1)=010, ue(2)=011, se(1)=010, se(-1)=011, se(2)=00100, u(5)
        let nal = [0x65, 0b1010_0110, 0b1001_1001, 0b0010_1010, 0x80];
        let mut reader = CountingReader::new(&nal, ONE);
        let read = [
            (reader.read_ue("").unwrap(), reader.consumed),
            (reader.read_ue("").unwrap(), reader.consumed),
            (reader.read_ue("").unwrap(), reader.consumed),
        ];
        assert_eq!(read, [(0, 1), (1, 4), (2, 7)]);
        assert_eq!((reader.read_se("").unwrap(), reader.consumed), (1, 10));
        assert_eq!((reader.read_se("").unwrap(), reader.consumed), (-1, 13));
        assert_eq!((reader.read_se("").unwrap(), reader.consumed), (2, 18));
        assert_eq!((reader.read::<5, u8>("").unwrap(), reader.consumed), (0b10101, 23));
    }

    #[test]
    fn a_nal_unit_past_the_end_of_its_sample_ends_the_walk() {
        let mut units = NalUnits::new(&[0, 1, 9, 0, 2, 8], NonZeroU8::new(2).unwrap(), 77);
        assert_eq!(units.next().unwrap().unwrap(), (2..3, &[9][..]));
        assert_eq!(units.next().unwrap().unwrap_err().code(), "malformed_sample");
        assert!(units.next().is_none());
    }
}
