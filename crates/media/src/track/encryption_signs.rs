//! Signs of encryption outside of sample entries (ISO/IEC 23001-7 6 and 7).
//!
//! A stream may begin in the clear and continue encrypted under a sample entry that does not say so: its fragments then have
//! encryption information (`senc`, `saiz`), or a `seig` sample group that marks samples as protected. None of these boxes has a
//! meaning for clear samples, so each of them tells that the track is encrypted.

use crate::isobmff::{BoxView, FourCc};

/// Protection schemes (ISO/IEC 23001-7 10; `piff` of the Protected Interoperable File Format 1.1), as types of auxiliary
/// information.
const SCHEMES: [&[u8; 4]; 5] = [b"cenc", b"cens", b"cbc1", b"cbcs", b"piff"];

/// The extended type of the sample encryption box of the Protected Interoperable File Format 1.1, 5.3.2.
const PIFF_SAMPLE_ENCRYPTION: [u8; 16] =
    [0xa2, 0x39, 0x4f, 0x52, 0x5a, 0x9b, 0x4f, 0x14, 0xa2, 0x44, 0x6c, 0x42, 0x7c, 0x64, 0x8d, 0xf4];

/// Returns the scheme, or else the type of the box, if a child of a `traf` or `stbl` tells that samples are encrypted. A box that
/// does not parse tells nothing.
pub(super) fn sign_in_traf(child: &BoxView<'_>) -> Option<FourCc> {
    match &child.kind.0 {
        b"senc" => has_samples(child).then_some(child.kind),
        b"uuid" if child.payload.starts_with(&PIFF_SAMPLE_ENCRYPTION) => Some(FourCc(*b"piff")),
        b"saiz" => auxiliary_scheme(child),
        b"sgpd" => has_protected_group(child).unwrap_or(false).then_some(FourCc(*b"seig")),
        _ => None,
    }
}

/// Returns whether a `senc` lists samples (ISO/IEC 23001-7 7.2).
fn has_samples(senc: &BoxView<'_>) -> bool {
    senc.full().and_then(|(_, _, mut reader)| reader.u32()).is_ok_and(|count| count > 0)
}

/// Returns the type of the auxiliary information that a `saiz` gives sizes of, if it is a scheme (ISO/IEC 14496-12 8.7.8).
/// Without a type, it is information about encryption, unless all sizes are zero.
fn auxiliary_scheme(saiz: &BoxView<'_>) -> Option<FourCc> {
    let (_, flags, mut reader) = saiz.full().ok()?;
    if flags & 1 != 0 {
        let kind = FourCc(reader.array().ok()?);
        return SCHEMES.contains(&&kind.0).then_some(kind);
    }
    let (default_size, count) = (reader.u8().ok()?, reader.u32().ok()?);
    (default_size > 0 || count > 0).then_some(saiz.kind)
}

/// Returns whether an `sgpd` has a `seig` entry whose samples are protected (ISO/IEC 23001-7 6, ISO/IEC 14496-12 8.9.3).
fn has_protected_group(sgpd: &BoxView<'_>) -> Option<bool> {
    let (version, _, mut reader) = sgpd.full().ok()?;
    if reader.array().ok()? != *b"seig" {
        return None;
    }
    let default_length = if version == 0 { MINIMUM_ENTRY_BYTES } else { reader.u32().ok()? };
    if version >= 2 {
        reader.skip(4).ok()?; // default_sample_description_index
    }
    for _ in 0..reader.u32().ok()? {
        let length = if version > 0 && default_length == 0 { reader.u32().ok()? } else { default_length };
        let entry = reader.bytes(usize::try_from(length).ok()?).ok()?;
        // reserved; crypt_byte_block and skip_byte_block; isProtected
        if *entry.get(2)? == 1 {
            return Some(true);
        }
    }
    Some(false)
}

/// Bytes of a `seig` entry without a constant IV.
const MINIMUM_ENTRY_BYTES: u32 = 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isobmff::BoxWriter;

    fn sign(kind: &[u8; 4], payload: &[u8]) -> Option<FourCc> {
        let mut w = BoxWriter::new();
        w.plain(kind, |w| w.raw(payload));
        let bytes = w.finish().unwrap();
        sign_in_traf(&BoxView::parse(&bytes, 0).unwrap())
    }

    #[test]
    fn encryption_information_of_samples_is_a_sign() {
        assert_eq!(sign(b"senc", &[0, 0, 0, 0, 0, 0, 0, 9]), Some(FourCc(*b"senc")));
        assert_eq!(sign(b"senc", &[0; 8]), None, "of no sample");
        assert_eq!(sign(b"uuid", &[&PIFF_SAMPLE_ENCRYPTION[..], &[0; 8]].concat()), Some(FourCc(*b"piff")));
        assert_eq!(sign(b"uuid", &[7; 24]), None);
        assert_eq!(sign(b"saiz", &[0, 0, 0, 0, 16, 0, 0, 0, 9]), Some(FourCc(*b"saiz")));
        let typed = |kind: &[u8; 4]| sign(b"saiz", &[&[0, 0, 0, 1][..], kind, &[0, 0, 0, 0, 16, 0, 0, 0, 9]].concat());
        for scheme in SCHEMES {
            assert_eq!(typed(scheme), Some(FourCc(*scheme)));
        }
        assert_eq!(typed(b"subs"), None, "of another kind");
    }

    #[test]
    fn a_sample_group_is_a_sign_if_its_samples_are_protected() {
        let entry = |protected: u8| [&[0, 0x10, protected, 8][..], &[7; 16]].concat();
        let groups = |version: u8, lengths: &[u8], entries: &[Vec<u8>], kind: &[u8; 4]| {
            let count = u8::try_from(entries.len()).unwrap();
            let head = [&[version, 0, 0, 0][..], kind, lengths, &[0, 0, 0, count]].concat();
            sign(b"sgpd", &[head, entries.concat()].concat())
        };
        let seig = Some(FourCc(*b"seig"));
        assert_eq!(groups(1, &[0, 0, 0, 20], &[entry(0), entry(1)], b"seig"), seig);
        assert_eq!(groups(0, &[], &[entry(1)], b"seig"), seig);
        let long = [&[0, 0, 0, 20][..], &entry(1)].concat();
        assert_eq!(groups(1, &[0; 4], &[long], b"seig"), seig, "a length for each entry");
        assert_eq!(groups(1, &[0, 0, 0, 20], &[entry(0)], b"seig"), None, "clear samples of an encrypted track");
        assert_eq!(groups(1, &[0, 0, 0, 20], &[entry(1)], b"roll"), None);
        assert_eq!(groups(1, &[0xff; 4], &[entry(1)], b"seig"), None, "an entry longer than its box");
    }
}
