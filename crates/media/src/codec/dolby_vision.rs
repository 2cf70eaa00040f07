//! Dolby Vision: the configuration boxes `dvcC`, `dvvC` and `dvwC` (Dolby Vision Streams within the ISO Base Media File Format).

use super::track_info::SupplementalCodecs;
use super::visual_sample_entry::VisualSampleEntry;
use crate::Result;
use crate::isobmff::FourCc;

/// `DOVIDecoderConfigurationRecord` (2.2).
struct Configuration {
    profile: u16,
    level: u16,
    bl_signal_compatibility_id: u8,
}

impl Configuration {
    /// Reads the record, if there is one. It is in the box `dvcC`, in `dvvC` from profile 8 on, and in `dvwC` from profile 20 on
    /// (3).
    fn of(visual: &VisualSampleEntry<'_>) -> Result<Option<Self>> {
        for kind in [b"dvcC", b"dvvC", b"dvwC"] {
            if let Some(configuration) = visual.child(kind)? {
                let mut reader = configuration.reader();
                reader.skip(2)?; // dv_version_major, dv_version_minor
                let fields = reader.u16()?;
                let (profile, level) = (fields >> 9, (fields >> 3) & 0x3f);
                // Early records end before the field.
                let bl_signal_compatibility_id = reader.u8().map_or(0, |byte| byte >> 4);
                return Ok(Some(Self { profile, level, bl_signal_compatibility_id }));
            }
        }
        Ok(None)
    }
}

/// Returns `PP.LL` of the codecs string: profile and level of the record, if there is one.
pub(super) fn profile_level(visual: &VisualSampleEntry<'_>) -> Result<Option<String>> {
    let configuration = Configuration::of(visual)?;
    Ok(configuration.map(|Configuration { profile, level, .. }| format!("{profile:02}.{level:02}")))
}

/// Returns the Dolby Vision enhancement of an entry of type `kind` that names the codec without it. Its base layer also plays as
/// HDR10, SDR or HLG, as the brand states. Call it when the colours are known: they distinguish two brands.
///
/// Profile 5 has no such base layer, and that of profile 7 has no brand: neither is an enhancement.
pub(super) fn supplemental_codecs(kind: FourCc, visual: &VisualSampleEntry<'_>) -> Result<Option<SupplementalCodecs>> {
    const SDR_TRANSFER: u8 = 14;
    let kind = match &kind.0 {
        b"avc1" => "dva1",
        b"avc3" => "dvav",
        b"hvc1" => "dvh1",
        b"hev1" => "dvhe",
        b"av01" => "dav1",
        _ => return Ok(None),
    };
    let Some(Configuration { profile, level, bl_signal_compatibility_id }) = Configuration::of(visual)? else {
        return Ok(None);
    };
    let transfer = visual.info.colour.map(|colour| colour.transfer);
    let brand = match bl_signal_compatibility_id {
        1 => "db1p",
        2 => "db2g",
        4 if transfer == Some(SDR_TRANSFER) => "db4g",
        4 => "db4h",
        _ => return Ok(None),
    };
    let codecs = format!("{kind}.{profile:02}.{level:02}");
    Ok(Some(SupplementalCodecs { codecs, brand: brand.to_owned() }))
}
