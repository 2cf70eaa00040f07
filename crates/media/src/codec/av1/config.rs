//! The `av01` sample entry (AV1 in ISOBMFF 2.2, 2.3), and its `codecs` string (5).

use serde::{Deserialize, Serialize};

use super::obu::{self, Obus};
use super::sequence::SequenceHeader;
use crate::Result;
use crate::codec::bits::Bits;
use crate::codec::visual::Visual;
use crate::codec::{Colour, ProtectionRule, SampleEntry};
use crate::isobmff::BoxView;

/// `AV1CodecConfigurationRecord`: what parsing samples takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Av1Config {
    /// `configOBUs`: the sequence header, unless the samples have it.
    units: Vec<u8>,
}

/// Reads an `av01` entry.
pub(in crate::codec) fn sample_entry<'a>(entry: &BoxView<'a>) -> Result<SampleEntry<'a>> {
    let mut visual = Visual::parse(entry)?;
    let av1c = visual.child(b"av1C")?.ok_or(entry.malformed("it has no av1C box"))?;
    let (fields, units) = av1c.payload.split_first_chunk().ok_or(av1c.malformed("it ends before its fields do"))?;
    let config = Av1Config { units: units.to_vec() };
    let sequence = config.sequence_header();
    visual.or_colour(|| sequence.as_ref()?.color.description.and_then(Colour::of));
    let codecs = codecs(*fields, sequence.as_ref());
    let codecs = codecs.ok_or(av1c.malformed("its marker and version are not those of version 1"))?;
    Ok(SampleEntry::picture(entry.kind, codecs, visual.facts, ProtectionRule::Av1(config), visual.body))
}

impl Av1Config {
    /// The sequence header, if there is one that parses.
    pub(super) fn sequence_header(&self) -> Option<SequenceHeader> {
        let header = Obus::new(&self.units).flatten().find(|unit| unit.kind == obu::SEQUENCE_HEADER)?;
        SequenceHeader::parse(self.units.get(header.payload)?)
    }
}

/// What is not said is BT.709 in the usual subsampling and range.
const DEFAULT_COLOURS: &str = ".0.110.01.01.01.0";

/// `av01.P.LLT.DD`, and the colours where they are not the default.
fn codecs(fields: [u8; 4], sequence: Option<&SequenceHeader>) -> Option<String> {
    let mut bits = Bits::new(&fields);
    if bits.take(8)? != 0x81 {
        return None;
    }
    let (profile, level, is_high_tier) = (bits.take(3)?, bits.take(5)?, bits.flag()?);
    let depth = match (bits.flag()?, bits.flag()?) {
        (true, true) => 12,
        (true, false) => 10,
        (false, _) => 8,
    };
    let (mono_chrome, x, y, position) = (bits.take(1)?, bits.take(1)?, bits.take(1)?, bits.take(2)?);
    let position = if x == 1 && y == 1 { position } else { 0 };
    let color = sequence.map(|sequence| sequence.color);
    let [primaries, transfer, matrix] = color.and_then(|color| color.description).unwrap_or([1, 1, 1]);
    let full_range = u8::from(color.is_some_and(|color| color.full_range));
    let colours = format!(".{mono_chrome}.{x}{y}{position}.{primaries:02}.{transfer:02}.{matrix:02}.{full_range}");
    let colours = if colours == DEFAULT_COLOURS { "" } else { &colours };
    let tier = if is_high_tier { 'H' } else { 'M' };
    Some(format!("av01.{profile}.{level:02}{tier}.{depth:02}{colours}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_codecs_string_says_no_more_than_it_must() {
        assert_eq!(codecs([0x81, 0x04, 0x0c, 0], None).as_deref(), Some("av01.0.04M.08"));
        assert_eq!(codecs([0x81, 0x0d, 0xcc, 0], None).as_deref(), Some("av01.0.13H.10"));
        assert_eq!(codecs([0x81, 0x24, 0x00, 0], None).as_deref(), Some("av01.1.04M.08.0.000.01.01.01.0"));
        assert_eq!(codecs([0x81, 0x04, 0x0e, 0], None).as_deref(), Some("av01.0.04M.08.0.112.01.01.01.0"));
        assert_eq!(codecs([0x01, 0x04, 0x0c, 0], None), None);
    }
}
