//! Protected sample entries (ISO/IEC 14496-12 8.12): how a track tells that its samples are encrypted.

use crate::isobmff::{BoxView, Boxes, FourCc, Reader};

/// Sample entries of `FairPlay` (iTunes store): audio, video, text, and closed captions.
const FAIRPLAY: [&[u8; 4]; 4] = [b"drms", b"drmi", b"drmt", b"p608"];

/// Returns the protection scheme of a sample entry of a track with this handler, or else the type of the entry; `None` if its
/// samples are clear.
///
/// An entry is protected if its type is one of `encv`, `enca`, `enct`, `encs`, `encm` and so on (8.12.1), if it is one of
/// `FairPlay`'s, or if it has a `sinf` box under the type of its codec.
pub(crate) fn protection_scheme(entry: &BoxView<'_>, handler: FourCc) -> Option<FourCc> {
    let sinf = protection_information(entry, handler);
    let is_protected_type = entry.kind.0.starts_with(b"enc") || FAIRPLAY.contains(&&entry.kind.0);
    if !is_protected_type && sinf.is_none() {
        return None;
    }
    let scheme = sinf.and_then(|sinf| {
        let (_, _, mut schm) = sinf.child(b"schm").ok()??.full().ok()?;
        schm.array().ok().map(FourCc)
    });
    Some(scheme.unwrap_or(entry.kind))
}

/// Returns the first protected entry of an `stsd` box, by its scheme. A malformed entry ends the search: it is refused elsewhere.
pub(crate) fn protection_of_any(stsd: &BoxView<'_>, handler: FourCc) -> Option<FourCc> {
    let (_, _, mut reader) = stsd.full().ok()?;
    reader.skip(4).ok()?;
    let mut entries = Boxes::after(&reader, stsd).map_while(Result::ok);
    entries.find_map(|entry| protection_scheme(&entry, handler))
}

/// Returns the `sinf` box of an entry, if it has one.
fn protection_information<'a>(entry: &BoxView<'a>, handler: FourCc) -> Option<BoxView<'a>> {
    let mut reader = entry.reader();
    match &handler.0 {
        b"vide" => reader.skip(78).ok()?,
        b"soun" => skip_audio_fields(&mut reader)?,
        _ => reader.skip(8).ok()?,
    }
    Boxes::after(&reader, entry).find_kind(b"sinf").ok()?
}

/// Skips the fields of an audio sample entry, or of a `QuickTime` sound description of version 1 or 2.
fn skip_audio_fields(reader: &mut Reader<'_>) -> Option<()> {
    reader.skip(8).ok()?;
    let more = match reader.u16().ok()? {
        1 => 16,
        2 => 36,
        _ => 0,
    };
    reader.skip(18).ok()?;
    reader.skip(more).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isobmff::BoxWriter;

    /// Returns the scheme of an entry with `fixed` bytes and, if there is a scheme, a `sinf`.
    fn scheme(kind: &[u8; 4], handler: &[u8; 4], fixed: usize, scheme: Option<&[u8; 4]>) -> Option<FourCc> {
        let mut w = BoxWriter::new();
        w.plain(kind, |w| {
            w.zeros(fixed);
            w.plain(b"pasp", |w| w.zeros(8));
            if let Some(scheme) = scheme {
                w.plain(b"sinf", |w| {
                    w.plain(b"frma", |w| w.raw(b"avc1"));
                    w.full(b"schm", 0, 0, |w| {
                        w.raw(scheme);
                        w.u32(0x1_0000);
                    });
                });
            }
        });
        let bytes = w.finish().unwrap();
        protection_scheme(&BoxView::parse(&bytes, 0).unwrap(), FourCc(*handler))
    }

    #[test]
    fn the_scheme_of_a_protected_entry_is_returned_whatever_it_is() {
        for name in [b"cenc", b"cens", b"cbc1", b"cbcs", b"piff", b"itun", b"odkm", b"ACBC"] {
            assert_eq!(scheme(b"encv", b"vide", 78, Some(name)), Some(FourCc(*name)));
            assert_eq!(scheme(b"enca", b"soun", 28, Some(name)), Some(FourCc(*name)));
            assert_eq!(scheme(b"avc1", b"vide", 78, Some(name)), Some(FourCc(*name)), "under the type of its codec");
        }
        assert_eq!(scheme(b"enct", b"text", 8, Some(b"cenc")), Some(FourCc(*b"cenc")));
        for kind in [b"drms", b"drmi", b"p608", b"encs", b"encm"] {
            assert_eq!(scheme(kind, b"meta", 8, None), Some(FourCc(*kind)), "without a sinf");
        }
    }

    #[test]
    fn a_clear_entry_has_no_scheme() {
        assert_eq!(scheme(b"avc1", b"vide", 78, None), None);
        assert_eq!(scheme(b"mp4a", b"soun", 28, None), None);
        assert_eq!(scheme(b"mett", b"meta", 8, None), None);
    }
}
