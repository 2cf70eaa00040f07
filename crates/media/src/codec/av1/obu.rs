//! Open bitstream units (AV1 5.3): what a temporal unit, and so a sample, is a row of.

use std::ops::Range;

use crate::codec::bits::Bits;

/// `obu_type` values (6.2.2).
pub(super) const SEQUENCE_HEADER: u8 = 1;
pub(super) const TEMPORAL_DELIMITER: u8 = 2;
pub(super) const FRAME_HEADER: u8 = 3;
pub(super) const TILE_GROUP: u8 = 4;
pub(super) const FRAME: u8 = 6;
pub(super) const REDUNDANT_FRAME_HEADER: u8 = 7;

/// A unit where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Obu {
    pub(super) kind: u8,
    pub(super) temporal_id: u32,
    pub(super) spatial_id: u32,
    /// What follows the header and the size field.
    pub(super) payload: Range<usize>,
}

/// The units of a sample. One that does not fit is `None`, and ends the walk.
#[derive(Debug)]
pub(super) struct Obus<'s> {
    sample: &'s [u8],
    position: usize,
}

impl<'s> Obus<'s> {
    pub(super) fn new(sample: &'s [u8]) -> Self {
        Self { sample, position: 0 }
    }

    fn unit(&mut self, rest: &[u8]) -> Option<Obu> {
        let mut bits = Bits::new(rest);
        if bits.flag()? {
            return None; // obu_forbidden_bit
        }
        let kind = bits.byte(4)?;
        let (has_extension, has_size) = (bits.flag()?, bits.flag()?);
        bits.skip(1)?;
        let (mut temporal_id, mut spatial_id) = (0, 0);
        if has_extension {
            (temporal_id, spatial_id) = (bits.take(3)?, bits.take(2)?);
            bits.skip(3)?;
        }
        let size = if has_size { Some(leb128(&mut bits)?) } else { None };
        let start = self.position.checked_add(bits.bytes_read())?;
        // A unit without a size field goes on to the end of the sample.
        let end = size.map_or(Some(self.sample.len()), |size| start.checked_add(size))?;
        self.position = Some(end).filter(|end| *end <= self.sample.len())?;
        Some(Obu { kind, temporal_id, spatial_id, payload: start..end })
    }
}

impl Iterator for Obus<'_> {
    type Item = Option<Obu>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.sample.get(self.position..).filter(|rest| !rest.is_empty())?;
        let unit = self.unit(rest);
        if unit.is_none() {
            self.position = self.sample.len();
        }
        Some(unit)
    }
}

/// `leb128()` (4.10.5): seven bits a byte, the least significant first.
fn leb128(bits: &mut Bits<'_>) -> Option<usize> {
    let mut value = 0_u64;
    for shift in (0..56).step_by(7) {
        let byte = bits.take(8)?;
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

    fn walk(sample: &[u8]) -> Vec<Option<(u8, Range<usize>)>> {
        Obus::new(sample).map(|unit| unit.map(|unit| (unit.kind, unit.payload))).collect()
    }

    #[test]
    fn units_are_found_with_and_without_size_and_extension() {
        assert_eq!(walk(&[0x12, 0, 0x0a, 2, 9, 9, 0x30, 7]), [Some((2, 2..2)), Some((1, 4..6)), Some((6, 7..8))]);
        let unit = Obus::new(&[0x36, 0b0100_1000, 0x81, 0x00, 5]).next().unwrap().unwrap();
        assert_eq!(unit, Obu { kind: 6, temporal_id: 2, spatial_id: 1, payload: 4..5 });
    }

    #[test]
    fn a_unit_past_the_end_ends_the_walk() {
        assert_eq!(walk(&[0x12, 0, 0x0a, 3, 9, 9]), [Some((2, 2..2)), None]);
        assert_eq!(walk(&[0x92, 0]), [None]);
        assert_eq!(walk(&[0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]), [None]);
    }
}
