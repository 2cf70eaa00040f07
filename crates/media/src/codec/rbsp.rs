//! The payload of a NAL unit (RBSP, ITU-T H.264 7.3.1), bit by bit and counted.
//!
//! Every slice header of a movie goes through here, some thirty fields of a few bits each, so the next bits are held in a word:
//! a field is a shift and a mask, an Exp-Golomb code a count of zeros. Emulation prevention bytes are taken out on the way into
//! that word. What is malformed about them (7.4.1) ends the payload: a header that needs what lies behind does not parse.

use std::num::NonZeroUsize;

use super::nal::encoded_length;

/// A bit reader that counts the bits consumed.
#[derive(Debug, Clone)]
pub(super) struct CountingReader<'a> {
    /// Encoded bytes that are not in the word yet.
    rest: &'a [u8],
    /// Zero bytes in front of them, up to two.
    zeros: u8,
    /// The next bits: the lowest `held` of these, at most 56.
    word: u64,
    held: u32,
    /// Bits consumed, of the NAL unit without its header and its emulation prevention bytes.
    pub(super) consumed: u64,
}

impl<'a> CountingReader<'a> {
    /// A reader of what follows a header of `header` bytes.
    pub(super) fn new(nal: &'a [u8], header: NonZeroUsize) -> Self {
        let rest = nal.get(header.get()..).unwrap_or_default();
        Self { rest, zeros: 0, word: 0, held: 0, consumed: 0 }
    }

    /// Encoded bytes from the start of the NAL unit to the end of what was consumed, rounded up to a byte.
    pub(super) fn encoded_bytes(&self, nal: &[u8], header: NonZeroUsize) -> usize {
        let consumed = usize::try_from(self.consumed.div_ceil(8)).unwrap_or(usize::MAX);
        encoded_length(nal, consumed.saturating_add(header.get()))
    }

    /// The next bit.
    #[inline]
    pub(super) fn flag(&mut self) -> Option<bool> {
        self.bits(1).map(|bit| bit == 1)
    }

    /// The next `count` bits, at most 32, as a number: `u(n)`.
    #[inline]
    pub(super) fn bits(&mut self, count: u32) -> Option<u32> {
        if self.held < count {
            self.fill();
        }
        self.held = self.held.checked_sub(count)?;
        self.consumed = self.consumed.saturating_add(u64::from(count));
        let above = u64::MAX.checked_shl(count)?;
        u32::try_from((self.word >> self.held) & !above).ok()
    }

    /// An unsigned Exp-Golomb code, `ue(v)`, that must not be more than `most`.
    #[inline]
    pub(super) fn ue(&mut self, most: u32) -> Option<u32> {
        // A prefix of zeros, and as many bits and one more, which begin with a one (ITU-T H.264 9.1).
        if self.held < u32::BITS {
            self.fill();
        }
        let zeros = self.ahead().leading_zeros();
        let (bits, all) = (zeros.saturating_add(1), zeros.saturating_mul(2).saturating_add(1));
        let code = if all <= self.held {
            self.bits(all)?
        } else {
            self.bits(Some(zeros).filter(|zeros| *zeros < u32::BITS)?)?;
            self.bits(bits)?
        };
        code.checked_sub(1).filter(|value| *value <= most)
    }

    /// A signed Exp-Golomb code, `se(v)`.
    pub(super) fn se(&mut self) -> Option<i32> {
        // Odd code numbers are positive, the others negative (ITU-T H.264 9.1.1).
        let code = self.ue(u32::MAX)?;
        let magnitude = code.div_ceil(2).cast_signed();
        Some(if code % 2 == 1 { magnitude } else { magnitude.wrapping_neg() })
    }

    /// Whether more follows than the one and the zeros that a payload ends with: `more_rbsp_data()`.
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

    /// Steps over `count` bits.
    pub(super) fn pass(&mut self, count: u32) -> Option<()> {
        let mut left = count;
        while left > 0 {
            let step = left.min(u32::BITS);
            self.bits(step)?;
            left = left.saturating_sub(step);
        }
        Some(())
    }

    /// Steps over `count` Exp-Golomb codes, signed or not.
    pub(super) fn pass_codes(&mut self, count: u32) -> Option<()> {
        (0..count).try_for_each(|_| self.ue(u32::MAX).map(drop))
    }

    /// The bits in the word, at its top.
    fn ahead(&self) -> u64 {
        self.word.checked_shl(u64::BITS.saturating_sub(self.held)).unwrap_or(0)
    }

    /// Takes bytes into the word as long as there are any and they fit.
    #[inline]
    fn fill(&mut self) {
        // Where there is no zero, nothing is to be taken out.
        while self.held <= 24
            && self.zeros == 0
            && let Some((four, rest)) = self.rest.split_first_chunk::<4>()
            && !four.contains(&0)
        {
            self.rest = rest;
            self.word = (self.word << 32) | u64::from(u32::from_be_bytes(*four));
            self.held = self.held.saturating_add(32);
        }
        if self.held < u32::BITS {
            self.fill_bytes();
        }
    }

    /// Takes byte after byte into the word.
    fn fill_bytes(&mut self) {
        while self.held <= 48 {
            let Some((byte, rest)) = self.rest.split_first() else { return };
            match byte {
                3 if self.zeros == 2 => {
                    if rest.first().is_some_and(|byte| *byte > 3) {
                        return;
                    }
                    (self.rest, self.zeros) = (rest, 0);
                    continue;
                }
                0..3 if self.zeros == 2 => return,
                0 => self.zeros = self.zeros.saturating_add(1),
                _ => self.zeros = 0,
            }
            self.rest = rest;
            self.word = (self.word << 8) | u64::from(*byte);
            self.held = self.held.saturating_add(8);
        }
    }
}

#[cfg(test)]
mod tests {
    use h264_reader::rbsp::{BitRead, BitReader, ByteReader};

    use super::*;

    const ONE: NonZeroUsize = NonZeroUsize::MIN;

    #[test]
    fn the_count_is_that_of_the_bits_read() {
        // ue(0)=1, ue(1)=010, ue(2)=011, se(1)=010, se(-1)=011, se(2)=00100, u(5)
        let nal = [0x65, 0b1010_0110, 0b1001_1001, 0b0010_1010, 0x80];
        let mut reader = CountingReader::new(&nal, ONE);
        let read = [0; 3].map(|_| (reader.ue(u32::MAX), reader.consumed));
        assert_eq!(read, [(Some(0), 1), (Some(1), 4), (Some(2), 7)]);
        let read = [0; 3].map(|_| (reader.se(), reader.consumed));
        assert_eq!(read, [(Some(1), 10), (Some(-1), 13), (Some(2), 18)]);
        assert_eq!((reader.bits(5), reader.consumed), (Some(0b10101), 23));
    }

    #[test]
    fn fields_are_those_that_another_reader_reads() {
        let mut seed = 1_u32;
        let mut random = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed >> 16
        };
        for _ in 0..20_000 {
            // Many zeros and threes, and no sequence that must not be.
            let mut nal = vec![0x65];
            for _ in 0..random() % 60 {
                let byte = if random() % 3 == 0 { random() as u8 } else { (random() % 4) as u8 };
                let is_emulation = nal.ends_with(&[0, 0]) && byte <= 3;
                nal.extend(is_emulation.then_some(3));
                nal.push(byte);
            }
            let mut known = BitReader::new(ByteReader::skipping_h264_header(nal.as_slice()));
            let mut own = CountingReader::new(&nal, ONE);
            loop {
                let count = random() % 33;
                let (read, expected) = match random() % 5 {
                    0 => (own.ue(u32::MAX).map(i64::from), known.read_ue("").map(i64::from)),
                    1 => (own.se().map(i64::from), known.read_se("").map(i64::from)),
                    2 => (own.flag().map(i64::from), known.read_bit("").map(i64::from)),
                    3 => (own.bits(count).map(i64::from), known.read_var::<u32>(count, "").map(i64::from)),
                    _ => (own.pass(count * 3).map(|()| 0), known.skip(count * 3, "").map(|()| 0)),
                };
                assert_eq!(read, expected.ok(), "{nal:?}");
                if read.is_none() {
                    break;
                }
                assert_eq!(own.has_more(), known.has_more_rbsp_data("").unwrap(), "{nal:?}");
            }
        }
    }

    #[test]
    fn bytes_that_must_not_follow_zeros_end_the_payload() {
        for behind in [&[0, 0, 1][..], &[0, 0, 0], &[0, 0, 3, 4]] {
            let nal = [&[0x65, 0xff], behind].concat();
            let mut reader = CountingReader::new(&nal, ONE);
            assert_eq!((reader.bits(24), reader.bits(1)), (Some(0x00ff_0000), None), "{behind:?}");
        }
    }
}
