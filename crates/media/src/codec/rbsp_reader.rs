//! The payload of a NAL unit (RBSP, ITU-T H.264 7.3.1), read bit by bit.
//!
//! This reader reads every slice header of a movie: about thirty fields of a few bits each. So a word holds the next bits:
//! reading a field is a shift and a mask, and the length of an Exp-Golomb code is a count of zeros. Emulation prevention bytes
//! are removed when the word is filled. A forbidden byte sequence (7.4.1) ends the payload, so a header that needs the bytes
//! after it does not parse.

use std::num::NonZeroUsize;

use super::nal_units::{encoded_length, zeros_after};

/// A bit reader that removes emulation prevention bytes and reads Exp-Golomb codes. A read past the end returns `None`.
#[derive(Debug, Clone)]
pub(super) struct RbspReader<'a> {
    /// Encoded bytes that are not in the word yet.
    rest: &'a [u8],
    /// Zero bytes immediately before `rest`, up to two.
    zeros: u8,
    /// The next bits, in the lowest `held` bits.
    word: u64,
    /// Number of bits in the word, up to 56.
    held: u32,
    /// Number of payload bytes put into the word so far, without emulation prevention bytes.
    loaded: usize,
}

impl<'a> RbspReader<'a> {
    /// Starts after the NAL unit header, which has `header` bytes.
    pub(super) fn new(nal: &'a [u8], header: NonZeroUsize) -> Self {
        let rest = nal.get(header.get()..).unwrap_or_default();
        Self { rest, zeros: 0, word: 0, held: 0, loaded: 0 }
    }

    /// Returns the number of encoded bytes from the start of the NAL unit to the end of the bits read, rounded up to a byte.
    pub(super) fn encoded_bytes(&self, nal: &[u8], header: NonZeroUsize) -> Option<usize> {
        let unread = usize::try_from(self.held / 8).ok()?;
        Some(encoded_length(nal, self.loaded.checked_sub(unread)?.checked_add(header.get())?))
    }

    /// Returns the number of bits up to the next byte boundary, less than 8.
    pub(super) fn bits_to_byte_boundary(&self) -> u32 {
        self.held % 8
    }

    /// Returns the number of bits read, without the NAL unit header and emulation prevention bytes.
    #[cfg(test)]
    pub(super) fn bits_read(&self) -> usize {
        self.loaded * 8 - self.held as usize
    }

    /// Reads one bit.
    #[inline]
    pub(super) fn flag(&mut self) -> Option<bool> {
        self.bits(1).map(|bit| bit == 1)
    }

    /// Reads `count` bits, at most 32, as a number: `u(n)`.
    #[inline]
    pub(super) fn bits(&mut self, count: u32) -> Option<u32> {
        if self.held < count {
            self.fill();
        }
        self.held = self.held.checked_sub(count)?;
        let above = u64::MAX.checked_shl(count)?;
        u32::try_from((self.word >> self.held) & !above).ok()
    }

    /// Reads eight bits: `b(8)`.
    #[inline]
    pub(super) fn byte(&mut self) -> Option<u8> {
        self.bits(8).and_then(|byte| u8::try_from(byte).ok())
    }

    /// Reads an unsigned Exp-Golomb code, `ue(v)`. Returns `None` for a value greater than `most`.
    #[inline]
    pub(super) fn ue(&mut self, most: u32) -> Option<u32> {
        // Zeros, then a number that begins with a one and has one bit more than there were zeros (ITU-T H.264 9.1).
        if self.held < u32::BITS {
            self.fill();
        }
        let zeros = self.ahead().leading_zeros();
        let number_bits = zeros.checked_add(1)?;
        let code_bits = zeros.checked_add(number_bits)?;
        let code = if code_bits <= self.held {
            self.bits(code_bits)?
        } else {
            self.bits(Some(zeros).filter(|zeros| *zeros < u32::BITS)?)?;
            self.bits(number_bits)?
        };
        code.checked_sub(1).filter(|value| *value <= most)
    }

    /// Reads a signed Exp-Golomb code, `se(v)`.
    pub(super) fn se(&mut self) -> Option<i32> {
        // Odd code numbers are positive, even ones are not (ITU-T H.264 9.1.1).
        let code = self.ue(u32::MAX)?;
        let magnitude = code.div_ceil(2).cast_signed();
        if code % 2 == 1 { Some(magnitude) } else { magnitude.checked_neg() }
    }

    /// Returns whether the payload has more than its trailing bits, a one and zeros: `more_rbsp_data()`.
    pub(super) fn has_more(&self) -> bool {
        let mut ahead = self.clone();
        if ahead.flag().is_none() {
            return false;
        }
        loop {
            ahead.fill();
            if ahead.ahead() != 0 || ahead.held == 0 {
                return ahead.held > 0;
            }
            ahead.held = 0;
        }
    }

    /// Skips `count` bits. Any number is allowed.
    pub(super) fn skip(&mut self, count: u32) -> Option<()> {
        let mut left = count;
        while left > 0 {
            let step = left.min(u32::BITS);
            self.bits(step)?;
            left = left.checked_sub(step)?;
        }
        Some(())
    }

    /// Skips `count` Exp-Golomb codes, signed or not.
    pub(super) fn skip_codes(&mut self, count: u32) -> Option<()> {
        (0..count).try_for_each(|_| self.ue(u32::MAX).map(drop))
    }

    /// Returns the bits in the word, moved to its most significant bits.
    #[inline]
    fn ahead(&self) -> u64 {
        // An empty word would be shifted by 64 bits, which is not defined, so the result is zero.
        u64::BITS.checked_sub(self.held).and_then(|unused| self.word.checked_shl(unused)).unwrap_or(0)
    }

    /// Fills the word with as many bytes as fit.
    #[inline]
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "`held` is at most 24 before, `loaded` less than a slice's length"
    )]
    fn fill(&mut self) {
        // Four bytes without a zero contain no emulation prevention.
        while self.held <= 24
            && self.zeros == 0
            && let Some((four, rest)) = self.rest.split_first_chunk::<4>()
            && !four.contains(&0)
        {
            self.rest = rest;
            self.word = (self.word << 32) | u64::from(u32::from_be_bytes(*four));
            self.held += 32;
            self.loaded += 4;
        }
        if self.held < u32::BITS {
            self.fill_bytes();
        }
    }

    /// Fills the word byte by byte.
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "`held` is at most 48 before, `loaded` less than a slice's length"
    )]
    fn fill_bytes(&mut self) {
        while self.held <= 48 {
            let Some((byte, rest)) = self.rest.split_first() else { return };
            if self.zeros == 2 {
                match byte {
                    3 if rest.first().is_none_or(|byte| *byte <= 3) => {
                        (self.rest, self.zeros) = (rest, 0);
                        continue;
                    }
                    0..=3 => return,
                    _ => {}
                }
            }
            self.zeros = zeros_after(self.zeros, *byte);
            self.rest = rest;
            self.word = (self.word << 8) | u64::from(*byte);
            self.held += 8;
            self.loaded += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use h264_reader::rbsp::{BitRead, BitReader, ByteReader};

    use super::*;

    const ONE: NonZeroUsize = NonZeroUsize::MIN;

    #[test]
    fn bits_read_are_counted() {
        // ue(0)=1, ue(1)=010, ue(2)=011, se(1)=010, se(-1)=011, se(2)=00100, u(5)
        let nal = [0x65, 0b1010_0110, 0b1001_1001, 0b0010_1010, 0x80];
        let mut reader = RbspReader::new(&nal, ONE);
        let read = [0; 3].map(|_| (reader.ue(u32::MAX), reader.bits_read()));
        assert_eq!(read, [(Some(0), 1), (Some(1), 4), (Some(2), 7)]);
        let read = [0; 3].map(|_| (reader.se(), reader.bits_read()));
        assert_eq!(read, [(Some(1), 10), (Some(-1), 13), (Some(2), 18)]);
        assert_eq!((reader.bits(5), reader.bits_read()), (Some(0b10101), 23));
    }

    #[test]
    fn fields_are_those_that_the_library_reads() {
        let mut seed = 1_u32;
        let mut random = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed >> 16
        };
        for _ in 0..20_000 {
            // Many zeros and threes, and no sequence that must not occur.
            let mut nal = vec![0x65];
            for _ in 0..random() % 60 {
                let byte = if random() % 3 == 0 { random() as u8 } else { (random() % 4) as u8 };
                let is_emulation = nal.ends_with(&[0, 0]) && byte <= 3;
                nal.extend(is_emulation.then_some(3));
                nal.push(byte);
            }
            let mut library = BitReader::new(ByteReader::skipping_h264_header(nal.as_slice()));
            let mut reader = RbspReader::new(&nal, ONE);
            loop {
                let count = random() % 33;
                let (read, expected) = match random() % 5 {
                    0 => (reader.ue(u32::MAX).map(i64::from), library.read_ue("").map(i64::from)),
                    1 => (reader.se().map(i64::from), library.read_se("").map(i64::from)),
                    2 => (reader.flag().map(i64::from), library.read_bit("").map(i64::from)),
                    3 => (reader.bits(count).map(i64::from), library.read_var::<u32>(count, "").map(i64::from)),
                    _ => (reader.skip(count * 3).map(|()| 0), library.skip(count * 3, "").map(|()| 0)),
                };
                assert_eq!(read, expected.ok(), "{nal:?}");
                if read.is_none() {
                    break;
                }
                assert_eq!(reader.has_more(), library.has_more_rbsp_data("").unwrap(), "{nal:?}");
            }
        }
    }

    #[test]
    fn bytes_that_must_not_follow_zeros_end_the_payload() {
        for forbidden in [&[0, 0, 1][..], &[0, 0, 0], &[0, 0, 3, 4]] {
            let nal = [&[0x65, 0xff], forbidden].concat();
            let mut reader = RbspReader::new(&nal, ONE);
            assert_eq!((reader.bits(24), reader.bits(1)), (Some(0x00ff_0000), None), "{forbidden:?}");
        }
    }
}
