//! Bit fields, most significant bit first: what codec configurations and frame headers are written in.

/// A reader of bit fields. Every read past the end is `None`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    /// Bits read so far.
    position: usize,
}

impl<'a> Bits<'a> {
    /// A reader of `bytes` from their first bit.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// The next `count` bits, at most 32: `f(n)`.
    pub(super) fn take(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = *self.bytes.get(self.position / 8)?;
            let shift = 7_usize.saturating_sub(self.position % 8);
            value = (value << 1) | u32::from((byte >> shift) & 1);
            self.position = self.position.saturating_add(1);
        }
        Some(value)
    }

    /// The next `count` bits, at most 8.
    pub(super) fn byte(&mut self, count: u32) -> Option<u8> {
        self.take(count).and_then(|value| u8::try_from(value).ok())
    }

    /// The next bit: `f(1)`.
    pub(super) fn flag(&mut self) -> Option<bool> {
        self.take(1).map(|bit| bit == 1)
    }

    /// Steps over `count` bits, however many.
    pub(super) fn skip(&mut self, count: usize) -> Option<()> {
        let position = self.position.checked_add(count)?;
        self.position = Some(position).filter(|position| *position <= self.bytes.len().saturating_mul(8))?;
        Some(())
    }

    /// Steps to the next whole byte.
    pub(super) fn align(&mut self) {
        self.position = self.position.div_ceil(8).saturating_mul(8);
    }

    /// Bytes that have been read from, the last maybe in part.
    pub(super) fn bytes_read(&self) -> usize {
        self.position.div_ceil(8)
    }

    /// `su(n)` (AV1 4.10.6): the next `count` bits as a two's complement.
    pub(super) fn signed(&mut self, count: u32) -> Option<i32> {
        let unused = u32::BITS.checked_sub(count)?;
        let value = self.take(count)?.checked_shl(unused)?.cast_signed();
        value.checked_shr(unused)
    }

    /// `ns(n)` (AV1 4.10.7): one of `count` values, the first of which take a bit less where `count` is no power of two.
    pub(super) fn non_symmetric(&mut self, count: u32) -> Option<u32> {
        let short = count.checked_ilog2()?;
        let few = 2_u32.checked_shl(short)?.checked_sub(count)?;
        let value = self.take(short)?;
        if value < few {
            return Some(value);
        }
        value.checked_mul(2)?.checked_sub(few)?.checked_add(self.take(1)?)
    }

    /// Steps over a `uvlc()` (AV1 4.10.3): a prefix of zeros, and as many bits and one more.
    pub(super) fn skip_uvlc(&mut self) -> Option<()> {
        let mut zeros = 0_usize;
        while !self.flag()? {
            zeros = zeros.saturating_add(1);
        }
        if zeros < 32 { self.skip(zeros) } else { Some(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_across_bytes_and_never_past_the_end() {
        let mut bits = Bits::new(&[0b1010_0000, 0b0111_1111]);
        assert_eq!((bits.flag(), bits.take(8)), (Some(true), Some(0b0100_0000)));
        assert_eq!((bits.take(7), bits.take(1), bits.take(0)), (Some(127), None, Some(0)));
        let mut bits = Bits::new(&[0, 0xff]);
        assert_eq!((bits.skip(3), bits.skip(14)), (Some(()), None));
        bits.align();
        assert_eq!(bits.take(8), Some(0xff));
    }

    #[test]
    fn variable_and_signed_fields_are_read_as_av1_writes_them() {
        // Of five values, three take two bits: 00, 01, 10, 110, 111
        let mut bits = Bits::new(&[0b0001_1011, 0b0111_0000]);
        assert_eq!([(); 5].map(|()| bits.non_symmetric(5)), [0, 1, 2, 3, 4].map(Some));
        assert_eq!(Bits::new(&[0]).non_symmetric(1), Some(0));
        assert_eq!(Bits::new(&[0b1000_0000]).non_symmetric(0), None);
        assert_eq!(Bits::new(&[0b1111_1110]).signed(7), Some(-1));
        assert_eq!(Bits::new(&[0b0111_1110]).signed(7), Some(63));
        let mut bits = Bits::new(&[0b0010_1111]);
        assert_eq!((bits.skip_uvlc(), bits.take(3)), (Some(()), Some(7)));
    }
}
