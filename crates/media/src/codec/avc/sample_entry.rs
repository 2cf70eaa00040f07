//! The sample entries `avc1` and `avc3` (ISO/IEC 14496-15 5.4.2).

use super::avcc::AvcConfig;
use super::nal_unit_type::{SPS, nal_unit_type};
use super::parameter_sets::{colour_of_sps, format_of_sps};
use crate::Result;
use crate::codec::dolby_vision;
use crate::codec::nal_units::NalUnits;
use crate::codec::protection_rule::ProtectionRule;
use crate::codec::sample_entry::SampleEntry;
use crate::codec::visual_sample_entry::VisualSampleEntry;
use crate::isobmff::BoxView;

/// Reads an `avc1` or `avc3` entry.
pub(in crate::codec) fn sample_entry<'a>(entry: &BoxView<'a>) -> Result<SampleEntry<'a>> {
    let mut visual = VisualSampleEntry::parse(entry)?;
    let avcc = visual.child(b"avcC")?.ok_or(entry.malformed("it has no avcC box"))?;
    let config = AvcConfig::parse(&avcc)?;
    let codecs = format!("{}.{}", entry.kind, config.profile_level());
    visual.or_colour(|| colour_of_sps(config.sps.first()?));
    visual.take_format(config.sps.first().and_then(|sps| format_of_sps(sps)));
    visual.info.supplemental_codecs = dolby_vision::supplemental_codecs(entry.kind, &visual)?;
    Ok(SampleEntry::visual(entry.kind, codecs, visual.info, ProtectionRule::Avc(config), visual.body))
}

/// Completes an entry whose record has no SPS with the one at the start of a sample.
pub(in crate::codec) fn complete(entry: &mut SampleEntry<'_>, head: &[u8]) {
    let ProtectionRule::Avc(config) = &entry.protection else { return };
    if !config.sps.is_empty() {
        return;
    }
    let units = NalUnits::new(head, config.length_size, 0).map_while(Result::ok);
    let sps = units.map(|(_, nal)| nal).find(|nal| nal_unit_type(nal) == Some(SPS));
    entry.take_format(sps.and_then(format_of_sps));
    entry.or_colour(sps.and_then(colour_of_sps));
}
