//! Samples of `tx3g` (3GPP TS 26.245 5.17): a length, a text, and boxes with the styles of its spans.

use super::cue::Cue;
use super::markup::{BOLD, CueMarkup, ITALIC, UNDERLINED};
use crate::isobmff::BoxView;
use crate::{Error, Result};

/// Maximum number of styled spans of a sample that are used: a cue is a line or two.
const MAX_SPANS: usize = 256;

/// The face style flags (TS 26.245 5.16.1.2), which are those of [`CueMarkup`].
const FACES: u8 = BOLD | ITALIC | UNDERLINED;

/// Reads a sample: its cue, or `None` when it shows nothing.
pub(super) fn read(sample: &[u8], offset: u64) -> Result<Option<Cue>> {
    let Some((length, rest)) = sample.split_first_chunk() else {
        return if sample.is_empty() { Ok(None) } else { Err(truncated(offset)) };
    };
    let length = usize::from(u16::from_be_bytes(*length));
    let (text, modifiers) = rest.split_at_checked(length).ok_or(truncated(offset))?;
    let text = marked_up(&decoded(text), &styled_spans(modifiers));
    Ok((!text.is_empty()).then(|| Cue { text, ..Cue::default() }))
}

/// Returns the number of bytes that a sample of `bytes` bytes has as WebVTT cues in boxes if its text is UTF-8 without styles and
/// needs no escape: the boxes `vttc` and `payl` with the text, or an empty `vtte`.
pub(crate) fn expected_rewritten_bytes(bytes: u32) -> u32 {
    match bytes.saturating_sub(2) {
        0 => 8,
        text => text.saturating_add(16),
    }
}

/// Returns the text of a sample without its styles, on one line. Text that is not Unicode has the Macintosh encoding, as in old
/// `QuickTime` files. A text that is cut off is read as far as it goes.
pub(crate) fn plain_text(sample: &[u8]) -> String {
    let Some((length, rest)) = sample.split_first_chunk() else { return String::new() };
    let text = rest.get(..usize::from(u16::from_be_bytes(*length))).unwrap_or(rest);
    let is_unicode = matches!(text, [0xfe, 0xff, ..] | [0xff, 0xfe, ..])
        || std::str::from_utf8(text).err().is_none_or(|error| error.error_len().is_none());
    let text = if is_unicode { decoded(text) } else { encoding_rs::MACINTOSH.decode(text).0.into_owned() };
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.trim_matches(|c: char| c.is_whitespace() || c == char::REPLACEMENT_CHARACTER).to_owned()
}

fn truncated(offset: u64) -> Error {
    Error::MalformedSample { offset, reason: "its text is longer than the sample" }
}

/// Decodes UTF-8, or UTF-16 after a byte order mark (5.1).
fn decoded(text: &[u8]) -> String {
    let utf16 = |order: fn([u8; 2]) -> u16| {
        let (units, _) = text.as_chunks();
        let units = units.iter().skip(1).map(|unit| order(*unit));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    match text {
        [0xfe, 0xff, ..] => utf16(u16::from_be_bytes),
        [0xff, 0xfe, ..] => utf16(u16::from_le_bytes),
        _ => String::from_utf8_lossy(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)).into_owned(),
    }
}

/// A range of characters that is bold, italic or underlined.
struct StyledSpan {
    start: usize,
    end: usize,
    faces: u8,
}

/// Reads the spans of the `styl` boxes (5.17.1.1). A box that does not parse is ignored: the text matters more than its style.
fn styled_spans(mut modifiers: &[u8]) -> Vec<StyledSpan> {
    let mut spans = Vec::new();
    while let Ok(modifier) = BoxView::parse(modifiers, 0) {
        modifiers = modifiers.get(modifier.raw.len()..).unwrap_or_default();
        if modifier.kind != b"styl" {
            continue;
        }
        let (records, _) = modifier.payload.get(2..).unwrap_or_default().as_chunks::<12>();
        for [s0, s1, e0, e1, _, _, faces, ..] in records {
            let [start, end] = [[*s0, *s1], [*e0, *e1]].map(|position| usize::from(u16::from_be_bytes(position)));
            if spans.len() < MAX_SPANS && *faces & FACES != 0 && start < end {
                spans.push(StyledSpan { start, end, faces: faces & FACES });
            }
        }
    }
    spans
}

/// Returns the text of a cue with tags around styled spans.
fn marked_up(text: &str, spans: &[StyledSpan]) -> String {
    let mut markup = CueMarkup::default();
    for (position, c) in text.chars().enumerate() {
        let here = spans.iter().filter(|span| (span.start..span.end).contains(&position));
        markup.push(c, here.fold(0, |faces, span| faces | span.faces));
    }
    markup.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(text: &[u8], modifiers: &[u8]) -> Option<String> {
        let sample = [&u16::try_from(text.len()).unwrap().to_be_bytes(), text, modifiers].concat();
        read(&sample, 0).unwrap().map(|cue| cue.text)
    }

    fn styl(records: &[(u16, u16, u8)]) -> Vec<u8> {
        let count = u16::try_from(records.len()).unwrap();
        let mut bytes = [&u32::from(10 + count * 12).to_be_bytes()[..], b"styl", &count.to_be_bytes()].concat();
        for (start, end, faces) in records {
            bytes.extend([&start.to_be_bytes()[..], &end.to_be_bytes(), &[0, 1, *faces, 16, 0, 0, 0, 255]].concat());
        }
        bytes
    }

    #[test]
    fn webvtt_markup_in_a_text_is_escaped() {
        assert_eq!(text_of(b"a < b --> c & d", b"").unwrap(), "a &lt; b --&gt; c &amp; d");
    }

    #[test]
    fn text_is_utf_8_or_utf_16_with_a_byte_order_mark() {
        assert_eq!(text_of("Grüße".as_bytes(), b"").unwrap(), "Grüße");
        let utf16 = |order: fn(u16) -> [u8; 2]| "\u{feff}Grüße 🎬".encode_utf16().flat_map(order).collect::<Vec<u8>>();
        assert_eq!(text_of(&utf16(u16::to_be_bytes), b"").unwrap(), "Grüße 🎬");
        assert_eq!(text_of(&utf16(u16::to_le_bytes), b"").unwrap(), "Grüße 🎬");
    }

    #[test]
    fn a_title_is_unicode_or_macintosh_text_on_one_line() {
        for (bytes, text) in [
            ("Grüße\r\nan alle".as_bytes(), "Grüße  an alle"),
            (b"Gr\x9f\xa7e", "Grüße"),
            (b"\xfe\xff\0G\0r\0\xfc\0\xdf\0e", "Grüße"),
            (b"\xff\xfeG\0r\0\xfc\0\xdf\0e\0", "Grüße"),
            (b"Gr\xc3\xbc\xc3", "Grü"),
        ] {
            let sample =
                [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes, b"\0\0\0\x0cencd\0\0\x01\0"].concat();
            assert_eq!(plain_text(&sample), text);
        }
        assert_eq!(plain_text(b"\0\x40cut off"), "cut off");
        assert_eq!(plain_text(b"\0"), "");
    }

    #[test]
    fn styled_spans_have_tags() {
        assert_eq!(text_of("ä bold word".as_bytes(), &styl(&[(2, 6, 1)])).unwrap(), "ä <b>bold</b> word");
        assert_eq!(text_of(b"all", &styl(&[(0, 3, 7)])).unwrap(), "<b><i><u>all</u></i></b>");
        assert_eq!(text_of(b"one two", &styl(&[(0, 3, 1), (3, 7, 2)])).unwrap(), "<b>one</b><i> two</i>");
        assert_eq!(text_of(b"plain", b"\0\0\0\x40styl").unwrap(), "plain", "a style that does not parse is ignored");
    }

    #[test]
    fn no_line_of_a_cue_is_blank() {
        assert_eq!(text_of(b"\r\none\r\n\r\n \ntwo\n", b"").unwrap(), "one\ntwo");
        assert_eq!(text_of(b" \n ", b""), None);
        assert_eq!(read(b"", 0).unwrap(), None);
        assert_eq!(read(b"\0\0", 0).unwrap(), None);
    }

    #[test]
    fn a_text_that_runs_past_its_sample_is_malformed() {
        for sample in [&b"\0"[..], b"\0\x05text"] {
            assert_eq!(read(sample, 0).unwrap_err().code(), "malformed_sample");
        }
    }
}
