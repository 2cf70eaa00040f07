//! The sample entry `vp09`, and its `VPCodecConfigurationBox` (`vpcC`).

use super::codecs_string::codecs;
use super::uncompressed_header::Vp9KeyFrame;
use crate::Result;
use crate::codec::colr::Colour;
use crate::codec::frame_format::FrameFormat;
use crate::codec::frame_header::FrameHeader;
use crate::codec::protection_rule::ProtectionRule;
use crate::codec::sample_entry::SampleEntry;
use crate::codec::visual_sample_entry::VisualSampleEntry;
use crate::isobmff::BoxView;

/// Reads a `vp09` entry.
pub(in crate::codec) fn sample_entry<'a>(entry: &BoxView<'a>) -> Result<SampleEntry<'a>> {
    let mut visual = VisualSampleEntry::parse(entry)?;
    let vpcc = visual.child(b"vpcC")?.ok_or(entry.malformed("it has no vpcC box"))?;
    let (_, _, mut reader) = vpcc.full()?;
    let fields: [u8; 6] = reader.array()?;
    let [_, _, _, colour @ ..] = fields;
    visual.or_colour(|| Colour::of(colour));
    let entry = SampleEntry::visual(entry.kind, codecs(fields), visual.info, ProtectionRule::Vp9, visual.body);
    Ok(entry.completed_by(FrameHeader::Vp9KeyFrame))
}

/// Completes an entry with the frame size of the key frame that a sample starts with.
pub(in crate::codec) fn complete(entry: &mut SampleEntry<'_>, head: &[u8]) {
    let size = Vp9KeyFrame::parse(head).map(|frame| (frame.width, frame.height));
    entry.take_format(size.map(FrameFormat::of_size));
}
