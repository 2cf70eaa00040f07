//! Bit fields, most significant bit first.
//!
//! There are two readers because there are two encodings. [`BitReader`] reads plain bytes: codec configurations, and the
//! headers of AV1 and VP9. [`RbspReader`](super::rbsp_reader::RbspReader) reads NAL units of H.264 and H.265, whose emulation
//! prevention bytes it removes. (`h264-reader` parses H.264 parameter sets, with a reader of its own.)

/// A reader of bit fields in plain bytes. A read past the end returns `None`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BitReader<'a> {
    bytes: &'a [u8],
    /// Bits read so far.
    position: usize,
}

impl<'a> BitReader<'a> {
    /// Starts at the first bit of `bytes`.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// Reads `count` bits, at most 32: `f(n)`.
    pub(crate) fn bits(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = *self.bytes.get(self.position / 8)?;
            let bit = byte & (0x80 >> (self.position % 8));
            value = (value << 1) | u32::from(bit != 0);
            self.position = self.position.checked_add(1)?;
        }
        Some(value)
    }

    /// Reads `count` bits, at most 8.
    pub(crate) fn bits_u8(&mut self, count: u32) -> Option<u8> {
        self.bits(count).and_then(|value| u8::try_from(value).ok())
    }

    /// Reads one bit: `f(1)`.
    pub(crate) fn flag(&mut self) -> Option<bool> {
        self.bits(1).map(|bit| bit == 1)
    }

    /// Skips `count` bits. Any number is allowed.
    pub(crate) fn skip(&mut self, count: usize) -> Option<()> {
        let position = self.position.checked_add(count)?;
        self.position = Some(position).filter(|position| position.div_ceil(8) <= self.bytes.len())?;
        Some(())
    }

    /// Skips to the next whole byte.
    pub(super) fn align(&mut self) -> Option<()> {
        self.position = self.position.checked_next_multiple_of(8)?;
        Some(())
    }

    /// Returns the number of bytes read, including a last byte that is read in part.
    pub(super) fn bytes_read(&self) -> usize {
        self.position.div_ceil(8)
    }

    /// Reads `su(n)` (AV1 4.10.6): `count` bits as two's complement.
    pub(super) fn signed(&mut self, count: u32) -> Option<i32> {
        let unused = u32::BITS.checked_sub(count)?;
        let value = self.bits(count)?.checked_shl(unused)?.cast_signed();
        value.checked_shr(unused)
    }

    /// Reads `ns(n)` (AV1 4.10.7): one of `count` values. Unless `count` is a power of two, the first values take one bit less.
    pub(super) fn non_symmetric(&mut self, count: u32) -> Option<u32> {
        let short_bits = count.checked_ilog2()?;
        let short_values = 2_u32.checked_shl(short_bits)?.checked_sub(count)?;
        let value = self.bits(short_bits)?;
        if value < short_values {
            return Some(value);
        }
        value.checked_mul(2)?.checked_sub(short_values)?.checked_add(self.bits(1)?)
    }

    /// Skips a `uvlc()` (AV1 4.10.3): zeros, a one, and as many bits as there were zeros.
    pub(super) fn skip_uvlc(&mut self) -> Option<()> {
        let mut zeros = 0_usize;
        while !self.flag()? {
            zeros = zeros.checked_add(1)?;
        }
        if zeros < 32 { self.skip(zeros) } else { Some(()) }
    }
}

/// Returns the number of bits that hold one of `count` values: `Ceil(Log2(count))`.
#[inline]
pub(super) fn ceil_log2(count: u32) -> u32 {
    count.checked_next_power_of_two().map_or(u32::BITS, u32::trailing_zeros)
}

/// Returns the bytes of a string of 0s and 1s; other characters are ignored, and the last byte is padded with zeros.
#[cfg(test)]
pub(super) fn bytes_of_bits(text: &str) -> Vec<u8> {
    let bits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
    bits.chunks(8).map(|eight| (0..8).fold(0, |byte, i| byte << 1 | eight.get(i).unwrap_or(&0))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_across_bytes_and_never_past_the_end() {
        let mut bits = BitReader::new(&[0b1010_0000, 0b0111_1111]);
        assert_eq!((bits.flag(), bits.bits(8)), (Some(true), Some(0b0100_0000)));
        assert_eq!((bits.bits(7), bits.bits(1), bits.bits(0)), (Some(127), None, Some(0)));
        let mut bits = BitReader::new(&[0, 0xff]);
        assert_eq!((bits.skip(3), bits.skip(14)), (Some(()), None));
        bits.align().unwrap();
        assert_eq!(bits.bits(8), Some(0xff));
    }

    #[test]
    fn variable_and_signed_fields_are_read_as_av1_writes_them() {
        // Of five values, three take two bits: 00, 01, 10, 110, 111
        let mut bits = BitReader::new(&[0b0001_1011, 0b0111_0000]);
        assert_eq!([(); 5].map(|()| bits.non_symmetric(5)), [0, 1, 2, 3, 4].map(Some));
        assert_eq!(BitReader::new(&[0]).non_symmetric(1), Some(0));
        assert_eq!(BitReader::new(&[0b1000_0000]).non_symmetric(0), None);
        assert_eq!(BitReader::new(&[0b1111_1110]).signed(7), Some(-1));
        assert_eq!(BitReader::new(&[0b0111_1110]).signed(7), Some(63));
        let mut bits = BitReader::new(&[0b0010_1111]);
        assert_eq!((bits.skip_uvlc(), bits.bits(3)), (Some(()), Some(7)));
    }

    #[test]
    fn the_logarithm_is_rounded_up() {
        assert_eq!([0, 1, 2, 3, 4, 5, 1 << 31, u32::MAX].map(ceil_log2), [0, 0, 1, 2, 2, 3, 31, 32]);
    }
}
