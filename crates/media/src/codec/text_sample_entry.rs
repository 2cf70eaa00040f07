//! Text sample entries: `wvtt` and `stpp` (ISO/IEC 14496-30), and `tx3g` (3GPP TS 26.245 5.16), which is converted to `wvtt`.

use std::borrow::Cow;

use super::sample_entry::SampleEntry;
use super::track_info::TextInfo;
use crate::isobmff::{BoxView, BoxWriter, Boxes, FourCc, Reader};
use crate::text::{SIGNATURE, TextCoding};
use crate::{Error, Result};

/// The display flag of a `tx3g` entry that tells players to show every sample even if subtitles are turned off (QuickTime File
/// Format, "Subtitle sample description").
const ALL_SAMPLES_ARE_FORCED: u32 = 0x8000_0000;

/// Processor profiles of TTML, by their names in codecs strings (W3C TTML media type registry).
const PROFILES: [&str; 6] = ["im1t", "im1i", "im2t", "im2i", "im3t", "etd1"];

/// Reads a `wvtt` entry with its `WebVTTConfigurationBox`.
pub(super) fn webvtt<'a>(entry: &BoxView<'a>) -> Result<SampleEntry<'a>> {
    let reader = after_fixed_fields(entry)?;
    let vttc = Boxes::after(&reader, entry).find_kind(b"vttC")?.ok_or(entry.malformed("it has no vttC box"))?;
    let header = String::from_utf8_lossy(vttc.payload).trim_end_matches(['\0', '\n', '\r']).to_owned();
    let info = TextInfo { coding: TextCoding::WebVtt { header }, is_forced: false };
    Ok(SampleEntry::text(entry.kind, "wvtt".to_owned(), info, Cow::Borrowed(entry.payload)))
}

/// Reads a `tx3g` entry, and converts it to a `wvtt` entry.
pub(super) fn timed_text<'a>(entry: &BoxView<'a>) -> Result<SampleEntry<'a>> {
    let is_forced = after_fixed_fields(entry)?.u32()? & ALL_SAMPLES_ARE_FORCED != 0;
    let mut w = BoxWriter::new();
    w.zeros(6); // reserved
    w.u16(1); // data_reference_index
    w.plain(b"vttC", |w| w.raw(SIGNATURE.as_bytes()));
    let info = TextInfo { coding: TextCoding::TimedText, is_forced };
    Ok(SampleEntry::text(FourCc(*b"wvtt"), "wvtt".to_owned(), info, Cow::Owned(w.finish()?)))
}

/// Reads an `stpp` entry: namespaces, schema locations, and the MIME types of resources such as images.
pub(super) fn ttml<'a>(entry: &BoxView<'a>, track_id: u32) -> Result<SampleEntry<'a>> {
    let mut reader = after_fixed_fields(entry)?;
    let namespaces = string(&mut reader)?;
    let schemas = string(&mut reader)?;
    // Images are stored as sub-samples, which fragments would have to list in a `subs` box.
    if !string(&mut reader)?.is_empty() {
        return Err(Error::UnsupportedCodec { track_id, codec: "stpp with images".to_owned() });
    }
    let mime = Boxes::after(&reader, entry).find_kind(b"mime")?;
    let mime = mime.and_then(|mime| mime.payload.get(4..)).map(String::from_utf8_lossy).unwrap_or_default();
    let info = TextInfo { coding: TextCoding::Ttml, is_forced: false };
    Ok(SampleEntry::text(entry.kind, codecs(&mime, &namespaces, &schemas), info, Cow::Borrowed(entry.payload)))
}

/// Returns `stpp.ttml` with the profile (ISO/IEC 14496-30, "MIME sub-parameters"), or `stpp` if the entry does not state a
/// profile.
fn codecs(mime: &str, namespaces: &str, schemas: &str) -> String {
    let named = PROFILES.iter().find(|profile| mime.contains(**profile)).copied();
    let by_schema =
        || [namespaces, schemas].iter().any(|text| text.contains("ttml/profile/imsc1/text")).then_some("im1t");
    named.or_else(by_schema).map_or_else(|| "stpp".to_owned(), |profile| format!("stpp.ttml.{profile}"))
}

/// Returns a reader of the entry after the fields of all sample entries (ISO/IEC 14496-12 8.5.2.2): reserved and
/// `data_reference_index`.
fn after_fixed_fields<'a>(entry: &BoxView<'a>) -> Result<Reader<'a>> {
    let mut reader = entry.reader();
    reader.skip(8)?;
    Ok(reader)
}

/// Reads a string that ends with a zero byte, or with the entry.
fn string(reader: &mut Reader<'_>) -> Result<String> {
    let rest = reader.rest();
    let length = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
    let text = String::from_utf8_lossy(reader.bytes(length)?).into_owned();
    // The zero byte, if there is one.
    let _ = reader.u8();
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codecs_of(kind: &[u8; 4], body: &[u8]) -> Result<String> {
        let mut w = BoxWriter::new();
        w.plain(kind, |w| w.raw(&[&[0; 8], body].concat()));
        let bytes = w.finish().unwrap();
        let entry = BoxView::parse(&bytes, 0).unwrap();
        let entry = match kind {
            b"wvtt" => webvtt(&entry),
            b"stpp" => ttml(&entry, 1),
            _ => timed_text(&entry),
        };
        entry.map(|entry| entry.codecs)
    }

    #[test]
    fn the_profile_of_ttml_is_named_if_the_entry_states_it() {
        let mime = b"http://www.w3.org/ns/ttml\0\0\0\0\0\0\x2dmime\0\0\0\0application/ttml+xml;codecs=im1t\0";
        assert_eq!(codecs_of(b"stpp", mime).unwrap(), "stpp.ttml.im1t");
        let schema = b"http://www.w3.org/ns/ttml\0http://www.w3.org/ns/ttml/profile/imsc1/text\0\0";
        assert_eq!(codecs_of(b"stpp", schema).unwrap(), "stpp.ttml.im1t");
        assert_eq!(codecs_of(b"stpp", b"http://www.w3.org/ns/ttml\0\0\0").unwrap(), "stpp");
    }

    #[test]
    fn ttml_with_images_is_not_supported() {
        assert_eq!(codecs_of(b"stpp", b"ns\0\0image/png\0").unwrap_err().code(), "unsupported_codec");
    }

    #[test]
    fn timed_text_becomes_webvtt() {
        assert_eq!(codecs_of(b"tx3g", &[0; 30]).unwrap(), "wvtt");
        assert_eq!(codecs_of(b"tx3g", &[0; 3]).unwrap_err().code(), "malformed");
        assert_eq!(codecs_of(b"wvtt", b"").unwrap_err().code(), "malformed", "without a vttC box");
    }
}
