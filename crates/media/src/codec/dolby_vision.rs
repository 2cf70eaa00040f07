//! Dolby Vision: the configuration boxes `dvcC`, `dvvC` and `dvwC`.

use super::visual_sample_entry::VisualSampleEntry;
use crate::Result;

/// Returns `PP.LL` of the codecs string: profile and level of the `DOVIDecoderConfigurationRecord`, if there is one.
///
/// The record is in the box `dvcC`, in `dvvC` from profile 8 on, and in `dvwC` from profile 20 on (Dolby Vision Streams within
/// the ISO Base Media File Format, 2.2 and 3).
pub(super) fn profile_level(visual: &VisualSampleEntry<'_>) -> Result<Option<String>> {
    for kind in [b"dvcC", b"dvvC", b"dvwC"] {
        if let Some(configuration) = visual.child(kind)? {
            let mut reader = configuration.reader();
            reader.skip(2)?; // dv_version_major, dv_version_minor
            let fields = reader.u16()?;
            let (profile, level) = (fields >> 9, (fields >> 3) & 0x3f);
            return Ok(Some(format!("{profile:02}.{level:02}")));
        }
    }
    Ok(None)
}
