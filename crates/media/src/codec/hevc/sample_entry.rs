//! The sample entries `hvc1` and `hev1` (ISO/IEC 14496-15 8.4.1), and `dvh1` and `dvhe` of Dolby Vision.

use super::hvcc::HevcConfig;
use super::parameter_sets::ParameterSets;
use crate::Result;
use crate::codec::dolby_vision;
use crate::codec::nal_units::NalUnits;
use crate::codec::protection_rule::ProtectionRule;
use crate::codec::sample_entry::SampleEntry;
use crate::codec::visual_sample_entry::VisualSampleEntry;
use crate::isobmff::{BoxView, FourCc};

/// Reads an `hvc1`, `hev1`, `dvh1` or `dvhe` entry.
///
/// An `hev1` entry whose record has all parameter sets becomes `hvc1`, because Apple's players require it. Dolby Vision entries
/// retain their types: they tell players to apply its metadata.
pub(in crate::codec) fn sample_entry<'a>(entry: &BoxView<'a>) -> Result<SampleEntry<'a>> {
    let mut visual = VisualSampleEntry::parse(entry)?;
    let hvcc = visual.child(b"hvcC")?.ok_or(entry.malformed("it has no hvcC box"))?;
    let mut config = HevcConfig::parse(&hvcc)?;
    if let Some(lhvc) = visual.child(b"lhvC")? {
        config.add_layers(&lhvc)?;
    }
    let kind = if entry.kind == b"hev1" && config.is_complete() { FourCc(*b"hvc1") } else { entry.kind };
    let codecs_suffix = match &kind.0 {
        b"dvh1" | b"dvhe" => {
            dolby_vision::profile_level(&visual)?.ok_or(entry.malformed("it has no dvcC, dvvC or dvwC box"))?
        }
        _ => config.codecs_suffix(),
    };
    let codecs = format!("{kind}.{codecs_suffix}");
    let parameter_sets = config.in_effect();
    visual.or_colour(|| parameter_sets.first_sps()?.vui.colour);
    let has_two_views = parameter_sets.second_layer().is_some_and(|layer| layer.is_stereoscopic);
    // Without `vexu`, the coded layers define the views.
    visual.info.is_stereoscopic |= has_two_views && visual.child(b"vexu")?.is_none();
    let format = parameter_sets.first_sps().map(|sps| sps.format(config.is_interlaced()));
    visual.take_format(format);
    visual.info.supplemental_codecs = dolby_vision::supplemental_codecs(kind, &visual)?;
    Ok(SampleEntry::visual(kind, codecs, visual.info, ProtectionRule::Hevc(config), visual.body))
}

/// Completes an entry whose record has no SPS with the one at the start of a sample.
pub(in crate::codec) fn complete(entry: &mut SampleEntry<'_>, head: &[u8]) {
    let ProtectionRule::Hevc(config) = &entry.protection else { return };
    let mut parameter_sets = ParameterSets::default();
    if config.in_effect().first_sps().is_some() {
        return;
    }
    let units = NalUnits::new(head, config.length_size, 0).map_while(Result::ok);
    units.for_each(|(_, nal)| parameter_sets.insert(nal));
    let is_interlaced = config.is_interlaced();
    let sps = parameter_sets.first_sps();
    entry.take_format(sps.map(|sps| sps.format(is_interlaced)));
    entry.or_colour(sps.and_then(|sps| sps.vui.colour));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isobmff::BoxWriter;

    /// Writes an `hvcC` box with an array for each of these NAL unit types, complete or not.
    fn hvcc(w: &mut BoxWriter, arrays: &[(u8, bool)]) {
        w.plain(b"hvcC", |w| {
            w.u8(1);
            w.raw(&[1, 0x60, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 93]);
            w.zeros(8);
            w.u8(3);
            w.u8(u8::try_from(arrays.len()).unwrap());
            for (kind, is_complete) in arrays {
                w.u8(kind | if *is_complete { 0x80 } else { 0 });
                w.raw(&[0, 1, 0, 2, kind << 1, 1]);
            }
        });
    }

    /// Reads a sample entry with these boxes after `hvcC`. Returns the entry as it is written, its type, and its codecs string.
    fn entry(kind: &[u8; 4], arrays: &[(u8, bool)], more: &[&[u8; 4]]) -> Result<(Vec<u8>, [u8; 4], String)> {
        let mut w = BoxWriter::new();
        w.plain(kind, |w| {
            w.raw(&[0; 78]);
            hvcc(w, arrays);
            // As `dvcC`: version 1.0, profile 8, level 6.
            more.iter().for_each(|kind| w.plain(kind, |w| w.raw(&[1, 0, 16, 0x35, 0x10, 0, 0, 0])));
        });
        let original = w.finish().unwrap();
        let entry = sample_entry(&BoxView::parse(&original, 0).unwrap())?;
        let mut w = BoxWriter::new();
        entry.write(&mut w, &entry.kind.0, |_| {});
        let written = w.finish().unwrap();
        assert_eq!(written[8..], original[8..], "everything after the type is carried through");
        Ok((written, entry.kind.0, entry.codecs))
    }

    const COMPLETE: [(u8, bool); 3] = [(32, true), (33, true), (34, true)];

    #[test]
    fn an_hev1_entry_with_all_parameter_sets_becomes_hvc1() {
        let name = |arrays: &[(u8, bool)]| entry(b"hev1", arrays, &[b"colr", b"mdcv"]).unwrap();
        let (written, kind, codecs) = name(&COMPLETE);
        assert_eq!((&written[4..8], &kind, codecs.as_str()), (&b"hvc1"[..], b"hvc1", "hvc1.1.6.L93.B0"));
        let (_, kind, codecs) = name(&[(32, true), (33, true), (34, false)]);
        assert_eq!((&kind, codecs.as_str()), (b"hev1", "hev1.1.6.L93.B0"), "picture parameter sets may be in band");
        assert_eq!(&name(&[(33, true), (34, true)]).1, b"hev1", "video parameter sets are in band");
    }

    #[test]
    fn dolby_vision_keeps_its_type_and_signals_its_profile() {
        for kind in [b"dvh1", b"dvhe"] {
            let (_, found, codecs) = entry(kind, &COMPLETE, &[b"colr", b"dvvC", b"hvcE"]).unwrap();
            assert_eq!(&found, kind);
            assert_eq!(codecs, format!("{}.08.06", String::from_utf8_lossy(kind)));
        }
        assert_eq!(entry(b"dvh1", &COMPLETE, &[]).unwrap_err().code(), "malformed");
        let (_, _, codecs) = entry(b"hvc1", &COMPLETE, &[b"dvvC"]).unwrap();
        assert_eq!(codecs, "hvc1.1.6.L93.B0", "a stream that plays without Dolby Vision");
    }
}
