//! The sample entries `avc1` and `avc3` (ISO/IEC 14496-15 5.4.2).

use super::avcc::AvcConfig;
use super::parameter_sets::colour_of_sps;
use crate::Result;
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
    Ok(SampleEntry::visual(entry.kind, codecs, visual.info, ProtectionRule::Avc(config), visual.body))
}
