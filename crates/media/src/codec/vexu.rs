//! Stereo video: `VideoExtendedUsageBox` (`vexu`) of a sample entry (Apple, "Stereo Video ISOBMFF Extensions" 1.4; ISO/IEC
//! 14496-12/Amd 1).

use crate::Result;
use crate::isobmff::Boxes;

/// Returns whether `StereoViewInformationBox` (`stri`) states that frames have a view for each eye.
pub(super) fn has_both_eyes(children: &Boxes<'_>) -> Result<bool> {
    /// `has_left_eye_view` and `has_right_eye_view`.
    const BOTH_EYES: u8 = 0b11;
    let Some(vexu) = children.clone().find_kind(b"vexu")? else { return Ok(false) };
    let Some(eyes) = vexu.child(b"eyes")? else { return Ok(false) };
    let Some(stri) = eyes.child(b"stri")? else { return Ok(false) };
    let (_version, _flags, mut fields) = stri.full()?;
    Ok(fields.u8()? & BOTH_EYES == BOTH_EYES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isobmff::{BoxView, BoxWriter};

    #[test]
    fn the_flags_of_both_eyes_make_a_stereo_video() {
        let found = |flags: Option<u8>| {
            let mut w = BoxWriter::new();
            w.plain(b"test", |w| {
                w.plain(b"vexu", |w| {
                    w.plain(b"eyes", |w| {
                        // `blin` and others may come first.
                        w.plain(b"cams", |w| w.plain(b"blin", |w| w.zeros(8)));
                        flags.into_iter().for_each(|flags| w.plain(b"stri", |w| w.raw(&[0, 0, 0, 0, flags])));
                    });
                });
            });
            let entry = w.finish().unwrap();
            has_both_eyes(&BoxView::parse(&entry, 0).unwrap().children()).unwrap()
        };
        assert!(found(Some(0b0011)));
        assert!(found(Some(0b1111)), "reversed, with additional views");
        assert!(!found(Some(0b0001)));
        assert!(!found(Some(0b0010)));
        assert!(!found(None));
    }
}
