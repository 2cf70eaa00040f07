//! Blocks (RFC 9559 10): one or more frames of a track, with one timestamp.

use std::ops::Range;

use super::ebml::{Marker, NoHeader, variable_int};

/// The longest header of a block, in bytes: track number, timestamp, flags, number of frames, and 255 sizes of frames.
/// Xiph lacing can have longer ones, of frames that no codec has.
pub(super) const MAX_BLOCK_HEADER: usize = 8 + 2 + 1 + 1 + 255 * 8;

/// The header of a block, and the location of its frames.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) track: u64,
    /// Relative to the timestamp of the cluster.
    pub(super) timestamp: i16,
    /// Whether a `SimpleBlock` has a key frame. A `Block` does not state it.
    pub(super) is_key: bool,
    /// The byte ranges of the frames in the data of the block.
    pub(super) frames: Vec<Range<u64>>,
}

impl Block {
    /// Reads the header of a block of `size` bytes, of which `bytes` are the first.
    pub(super) fn parse(bytes: &[u8], size: u64) -> Result<Self, NoHeader> {
        let mut reader = HeaderReader { bytes, at: 0 };
        let track = reader.variable_int()?;
        let timestamp = i16::from_be_bytes([reader.byte()?, reader.byte()?]);
        let flags = reader.byte()?;
        let sizes = match flags & 0b110 {
            0b000 => Vec::new(),
            0b010 => reader.xiph_sizes()?,
            0b110 => reader.ebml_sizes()?,
            _ => {
                return reader.equal_frames(size).map(|frames| Self {
                    track,
                    timestamp,
                    is_key: is_key(flags),
                    frames,
                });
            }
        };
        let mut frames = Vec::new();
        let mut at = reader.position();
        for length in sizes {
            let end = at.checked_add(length).filter(|end| *end <= size).ok_or(NoHeader::Invalid)?;
            frames.push(at..end);
            at = end;
        }
        // The last frame has what is left.
        if at > size {
            return Err(NoHeader::Invalid);
        }
        frames.push(at..size);
        Ok(Self { track, timestamp, is_key: is_key(flags), frames })
    }
}

fn is_key(flags: u8) -> bool {
    flags & 0x80 != 0
}

struct HeaderReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl HeaderReader<'_> {
    fn byte(&mut self) -> Result<u8, NoHeader> {
        let byte = *self.bytes.get(self.at).ok_or(NoHeader::Incomplete)?;
        self.at = self.at.saturating_add(1);
        Ok(byte)
    }

    fn variable_int(&mut self) -> Result<u64, NoHeader> {
        let (value, length) = variable_int(self.bytes.get(self.at..).unwrap_or_default(), 8, Marker::Removed)?;
        self.at = self.at.saturating_add(length);
        Ok(value)
    }

    /// Reads a signed difference of sizes: an integer of n bytes is stored plus 2^(7n - 1) - 1 (RFC 9559 10.3.3).
    fn difference(&mut self) -> Result<i64, NoHeader> {
        let start = self.at;
        let value = i64::try_from(self.variable_int()?).map_err(|_| NoHeader::Invalid)?;
        let length = u32::try_from(self.at.saturating_sub(start)).unwrap_or(0);
        let bias = 1_i64.checked_shl(length.saturating_mul(7).saturating_sub(1)).unwrap_or(0).saturating_sub(1);
        value.checked_sub(bias).ok_or(NoHeader::Invalid)
    }

    fn position(&self) -> u64 {
        crate::number::u64_of(self.at)
    }

    /// Reads the sizes of all frames but the last, in Xiph lacing (10.3.2).
    fn xiph_sizes(&mut self) -> Result<Vec<u64>, NoHeader> {
        let others = self.byte()?;
        let mut sizes = Vec::new();
        for _ in 0..others {
            let mut size = 0_u64;
            loop {
                let byte = self.byte()?;
                size = size.saturating_add(byte.into());
                if byte != u8::MAX {
                    break;
                }
            }
            sizes.push(size);
        }
        Ok(sizes)
    }

    /// Reads the sizes of all frames but the last, in EBML lacing (10.3.3).
    fn ebml_sizes(&mut self) -> Result<Vec<u64>, NoHeader> {
        let others = self.byte()?;
        let mut sizes = Vec::new();
        for _ in 0..others {
            let size = match sizes.last() {
                None => self.variable_int()?,
                Some(last) => {
                    let difference = self.difference()?;
                    u64::checked_add_signed(*last, difference).ok_or(NoHeader::Invalid)?
                }
            };
            sizes.push(size);
        }
        Ok(sizes)
    }

    /// Returns frames of equal size (10.3.4).
    fn equal_frames(&mut self, size: u64) -> Result<Vec<Range<u64>>, NoHeader> {
        let count = u64::from(self.byte()?).saturating_add(1);
        let start = self.position();
        let bytes = size.checked_sub(start).ok_or(NoHeader::Invalid)?;
        let length = bytes.checked_div(count).unwrap_or(0);
        if length.checked_mul(count) != Some(bytes) {
            return Err(NoHeader::Invalid);
        }
        let frame = |number: u64| {
            let from = start.saturating_add(number.saturating_mul(length));
            from..from.saturating_add(length)
        };
        Ok((0..count).map(frame).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(header: &[u8], size: u64) -> Result<Vec<Range<u64>>, NoHeader> {
        Block::parse(header, size).map(|block| block.frames)
    }

    #[test]
    fn a_block_without_lacing_has_one_frame() {
        let block = Block::parse(&[0x81, 0xff, 0xfe, 0x80, 1, 2, 3], 7).unwrap();
        assert_eq!(block, Block { track: 1, timestamp: -2, is_key: true, frames: vec![4..7] });
        assert_eq!(frames(&[0x81, 0, 0], 7), Err(NoHeader::Incomplete));
    }

    /// The examples of RFC 9559 10.3: three frames of 800, 500 and 1000 bytes.
    #[test]
    fn laced_frames_are_found() {
        let expected = |start: u64| Ok(vec![start..start + 800, start + 800..start + 1300, start + 1300..start + 2300]);
        let xiph = [0x81, 0, 0, 0x02, 2, 255, 255, 255, 35, 255, 245];
        assert_eq!(frames(&xiph, 11 + 2300), expected(11));
        let ebml = [0x81, 0, 0, 0x06, 2, 0x43, 0x20, 0x5e, 0xd3];
        assert_eq!(frames(&ebml, 9 + 2300), expected(9));
        let fixed = [0x81, 0, 0, 0x04, 2];
        assert_eq!(frames(&fixed, 5 + 2400), Ok(vec![5..805, 805..1605, 1605..2405]));
    }

    #[test]
    fn sizes_that_do_not_fit_the_block_are_invalid() {
        assert_eq!(frames(&[0x81, 0, 0, 0x02, 1, 200], 100), Err(NoHeader::Invalid));
        assert_eq!(frames(&[0x81, 0, 0, 0x06, 2, 0x81, 0x80], 100), Err(NoHeader::Invalid), "1 - 63 bytes");
        assert_eq!(frames(&[0x81, 0, 0, 0x04, 2], 5 + 100), Err(NoHeader::Invalid));
        assert_eq!(frames(&[0x81, 0, 0, 0x02, 2, 255], 6), Err(NoHeader::Incomplete));
    }
}
