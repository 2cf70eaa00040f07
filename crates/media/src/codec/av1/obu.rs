//! Open bitstream units (OBUs, AV1 5.3): a temporal unit, and so a sample, is a sequence of them.

use std::ops::Range;

use crate::codec::bit_reader::BitReader;

/// `obu_type` values (6.2.2).
pub(super) const SEQUENCE_HEADER: u8 = 1;
pub(super) const TEMPORAL_DELIMITER: u8 = 2;
pub(super) const FRAME_HEADER: u8 = 3;
pub(super) const TILE_GROUP: u8 = 4;
pub(super) const METADATA: u8 = 5;
pub(super) const FRAME: u8 = 6;
pub(super) const REDUNDANT_FRAME_HEADER: u8 = 7;
/// A tile list, of large scale tile decoding.
pub(super) const TILE_LIST: u8 = 8;

/// An OBU in a sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Obu {
    pub(super) kind: u8,
    pub(super) temporal_id: u32,
    pub(super) spatial_id: u32,
    /// The byte range after the header and the size field.
    pub(super) payload: Range<usize>,
}

/// An iterator over the OBUs of a sample. It yields `None` for an OBU that does not fit, and then ends.
#[derive(Debug)]
pub(super) struct Obus<'s> {
    sample: &'s [u8],
    position: usize,
}

impl<'s> Obus<'s> {
    /// Starts at the first OBU of `sample`.
    pub(super) fn new(sample: &'s [u8]) -> Self {
        Self { sample, position: 0 }
    }

    fn obu(&mut self, rest: &[u8]) -> Option<Obu> {
        let mut bits = BitReader::new(rest);
        if bits.flag()? {
            return None; // obu_forbidden_bit
        }
        let kind = bits.bits_u8(4)?;
        let (has_extension, has_size) = (bits.flag()?, bits.flag()?);
        bits.skip(1)?; // obu_reserved_1bit
        let (mut temporal_id, mut spatial_id) = (0, 0);
        if has_extension {
            (temporal_id, spatial_id) = (bits.bits(3)?, bits.bits(2)?);
            bits.skip(3)?; // extension_header_reserved_3bits
        }
        let size = if has_size { Some(leb128(&mut bits)?) } else { None };
        let start = self.position.checked_add(bits.bytes_read())?;
        // An OBU without a size field extends to the end of the sample.
        let end = size.map_or(Some(self.sample.len()), |size| start.checked_add(size))?;
        self.position = Some(end).filter(|end| *end <= self.sample.len())?;
        Some(Obu { kind, temporal_id, spatial_id, payload: start..end })
    }
}

impl Iterator for Obus<'_> {
    type Item = Option<Obu>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.sample.get(self.position..).filter(|rest| !rest.is_empty())?;
        let obu = self.obu(rest);
        if obu.is_none() {
            self.position = self.sample.len();
        }
        Some(obu)
    }
}

/// Parses `leb128()` (4.10.5): seven bits of each byte, the least significant first.
fn leb128(bits: &mut BitReader<'_>) -> Option<usize> {
    let mut value = 0_u64;
    for shift in (0..56).step_by(7) {
        let byte = bits.bits_u8(8)?;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return u32::try_from(value).ok().and_then(|value| usize::try_from(value).ok());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn obus(sample: &[u8]) -> Vec<Option<(u8, Range<usize>)>> {
        Obus::new(sample).map(|obu| obu.map(|obu| (obu.kind, obu.payload))).collect()
    }

    #[test]
    fn obus_are_found_with_and_without_size_and_extension() {
        assert_eq!(obus(&[0x12, 0, 0x0a, 2, 9, 9, 0x30, 7]), [Some((2, 2..2)), Some((1, 4..6)), Some((6, 7..8))]);
        let obu = Obus::new(&[0x36, 0b0100_1000, 0x81, 0x00, 5]).next().unwrap().unwrap();
        assert_eq!(obu, Obu { kind: 6, temporal_id: 2, spatial_id: 1, payload: 4..5 });
    }

    #[test]
    fn an_obu_past_the_end_ends_the_iteration() {
        assert_eq!(obus(&[0x12, 0, 0x0a, 3, 9, 9]), [Some((2, 2..2)), None]);
        assert_eq!(obus(&[0x92, 0]), [None]);
        assert_eq!(obus(&[0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]), [None]);
    }
}
