//! The sample entry `av01` (AV1 in ISOBMFF 2.2).

use super::av1c::Av1Config;
use super::codecs_string::codecs;
use crate::Result;
use crate::codec::colr::Colour;
use crate::codec::protection_rule::ProtectionRule;
use crate::codec::sample_entry::SampleEntry;
use crate::codec::visual_sample_entry::VisualSampleEntry;
use crate::isobmff::BoxView;

/// Reads an `av01` entry.
pub(in crate::codec) fn sample_entry<'a>(entry: &BoxView<'a>) -> Result<SampleEntry<'a>> {
    let mut visual = VisualSampleEntry::parse(entry)?;
    let av1c = visual.child(b"av1C")?.ok_or(entry.malformed("it has no av1C box"))?;
    let (fields, config_obus) =
        av1c.payload.split_first_chunk().ok_or(av1c.malformed("it ends before its fields do"))?;
    let config = Av1Config::new(config_obus);
    let sequence_header = config.sequence_header();
    visual.or_colour(|| sequence_header.as_ref()?.color.description.and_then(Colour::of));
    let codecs = codecs(*fields, sequence_header.as_ref());
    let codecs = codecs.ok_or(av1c.malformed("its marker and version are not those of version 1"))?;
    Ok(SampleEntry::visual(entry.kind, codecs, visual.info, ProtectionRule::Av1(config), visual.body))
}
