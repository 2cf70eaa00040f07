//! The sample entry `av01` (AV1 in ISOBMFF 2.2).

use super::av1c::Av1Config;
use super::codecs_string::codecs;
use super::obu::{Obus, SEQUENCE_HEADER};
use super::sequence_header::SequenceHeader;
use crate::Result;
use crate::codec::colr::Colour;
use crate::codec::dolby_vision;
use crate::codec::frame_format::FrameFormat;
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
    let format = sequence_header.as_ref().map(|header| FrameFormat::of_size(header.max_frame_size));
    visual.take_format(format);
    visual.info.supplemental_codecs = dolby_vision::supplemental_codecs(entry.kind, &visual)?;
    let codecs = codecs(*fields, sequence_header.as_ref());
    let codecs = codecs.ok_or(av1c.malformed("its marker and version are not those of version 1"))?;
    Ok(SampleEntry::visual(entry.kind, codecs, visual.info, ProtectionRule::Av1(config), visual.body))
}

/// Completes an entry whose record has no sequence header with the one at the start of a sample.
pub(in crate::codec) fn complete(entry: &mut SampleEntry<'_>, head: &[u8]) {
    let ProtectionRule::Av1(config) = &entry.protection else { return };
    if config.sequence_header().is_some() {
        return;
    }
    // The frame after the sequence header need not be in the head.
    let mut units = Obus::new(head).map_while(|obu| obu);
    let payload = units.find(|obu| obu.kind == SEQUENCE_HEADER).and_then(|obu| head.get(obu.payload));
    let header = payload.and_then(SequenceHeader::parse);
    entry.take_format(header.as_ref().map(|header| FrameFormat::of_size(header.max_frame_size)));
    entry.or_colour(header.and_then(|header| header.color.description.and_then(Colour::of)));
}
