//! The codecs string of AV1 (AV1 in ISOBMFF 5).

use super::sequence_header::SequenceHeader;
use crate::codec::bit_reader::BitReader;

/// The optional fields at their defaults: not monochrome, 4:2:0, BT.709, limited range.
const DEFAULT_COLOURS: &str = ".0.110.01.01.01.0";

/// Returns `av01.P.LLT.DD`, followed by the optional fields unless all have their default values. `fields` are the first four
/// bytes of `av1C`. Returns `None` for a marker or version other than 1.
pub(super) fn codecs(fields: [u8; 4], sequence_header: Option<&SequenceHeader>) -> Option<String> {
    let mut bits = BitReader::new(&fields);
    let marker_and_version = bits.bits(8)?;
    if marker_and_version != 0x81 {
        return None;
    }
    let (profile, level, is_high_tier) = (bits.bits(3)?, bits.bits(5)?, bits.flag()?);
    let bit_depth = match (bits.flag()?, bits.flag()?) {
        (true, true) => 12,
        (true, false) => 10,
        (false, _) => 8,
    };
    let (mono_chrome, x, y, position) = (bits.bits(1)?, bits.bits(1)?, bits.bits(1)?, bits.bits(2)?);
    let position = if x == 1 && y == 1 { position } else { 0 };
    let color = sequence_header.map(|header| header.color);
    let [primaries, transfer, matrix] = color.and_then(|color| color.description).unwrap_or([1, 1, 1]);
    let full_range = u8::from(color.is_some_and(|color| color.full_range));
    let colours = format!(".{mono_chrome}.{x}{y}{position}.{primaries:02}.{transfer:02}.{matrix:02}.{full_range}");
    let colours = if colours == DEFAULT_COLOURS { "" } else { &colours };
    let tier = if is_high_tier { 'H' } else { 'M' };
    Some(format!("av01.{profile}.{level:02}{tier}.{bit_depth:02}{colours}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_left_out_of_the_codecs_string() {
        assert_eq!(codecs([0x81, 0x04, 0x0c, 0], None).as_deref(), Some("av01.0.04M.08"));
        assert_eq!(codecs([0x81, 0x0d, 0xcc, 0], None).as_deref(), Some("av01.0.13H.10"));
        assert_eq!(codecs([0x81, 0x24, 0x00, 0], None).as_deref(), Some("av01.1.04M.08.0.000.01.01.01.0"));
        assert_eq!(codecs([0x81, 0x04, 0x0e, 0], None).as_deref(), Some("av01.0.04M.08.0.112.01.01.01.0"));
        assert_eq!(codecs([0x01, 0x04, 0x0c, 0], None), None);
    }
}
