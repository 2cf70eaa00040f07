//! Samples of `tx3g` (3GPP TS 26.245 5.17): a text with its length before it, and boxes that say how stretches of it look.

use super::Cue;
use crate::isobmff::BoxView;
use crate::{Error, Result};

/// Stretches of other looks that are heeded; a cue is a line or two.
const MAX_STRETCHES: usize = 256;

/// Faces (TS 26.245 5.16.1.2), each with the tag of WebVTT that means the same.
const FACES: [(u8, &str); 3] = [(1, "b"), (2, "i"), (4, "u")];

/// Reads a sample: the cue it shows, or `None` when it shows nothing.
pub(super) fn read(sample: &[u8], offset: u64) -> Result<Option<Cue>> {
    let Some((length, rest)) = sample.split_first_chunk() else {
        return if sample.is_empty() { Ok(None) } else { Err(cut_off(offset)) };
    };
    let length = usize::from(u16::from_be_bytes(*length));
    let (text, modifiers) = rest.split_at_checked(length).ok_or(cut_off(offset))?;
    let text = marked_up(&decoded(text), &stretches(modifiers));
    Ok((!text.is_empty()).then(|| Cue { text, ..Cue::default() }))
}

fn cut_off(offset: u64) -> Error {
    Error::MalformedSample { offset, reason: "its text is longer than the sample" }
}

/// UTF-8, or UTF-16 behind a byte order mark (5.1).
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

/// Characters of a face other than plain.
struct Stretch {
    start: usize,
    end: usize,
    faces: u8,
}

/// The stretches of the `styl` boxes (5.17.1.1). What does not parse is no style: text without it is still the text.
fn stretches(mut modifiers: &[u8]) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    while let Ok(own) = BoxView::parse(modifiers, 0) {
        modifiers = modifiers.get(own.raw.len()..).unwrap_or_default();
        if own.kind != b"styl" {
            continue;
        }
        let (records, _) = own.payload.get(2..).unwrap_or_default().as_chunks::<12>();
        for [s0, s1, e0, e1, _, _, faces, ..] in records {
            let [start, end] = [[*s0, *s1], [*e0, *e1]].map(|place| usize::from(u16::from_be_bytes(place)));
            if stretches.len() < MAX_STRETCHES && *faces & 7 != 0 && start < end {
                stretches.push(Stretch { start, end, faces: faces & 7 });
            }
        }
    }
    stretches
}

/// The text of a cue: escaped, without blank lines, which would end it, and with tags around stretches.
fn marked_up(text: &str, stretches: &[Stretch]) -> String {
    let mut marked = String::new();
    let mut open = 0;
    // A line break is written when there is more to come, so that there is none at either end and no blank line.
    let mut pending_break = false;
    for (place, c) in text.chars().enumerate() {
        if matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}') {
            pending_break = !marked.is_empty();
            continue;
        }
        if c.is_control() || (c.is_whitespace() && (pending_break || marked.is_empty())) {
            continue;
        }
        let here = stretches.iter().filter(|stretch| (stretch.start..stretch.end).contains(&place));
        let faces = here.fold(0, |faces, stretch| faces | stretch.faces);
        if faces != open {
            tags(&mut marked, open, true);
        }
        if std::mem::take(&mut pending_break) {
            marked.push('\n');
        }
        if faces != open {
            tags(&mut marked, faces, false);
            open = faces;
        }
        match c {
            '&' => marked.push_str("&amp;"),
            '<' => marked.push_str("&lt;"),
            '>' => marked.push_str("&gt;"),
            _ => marked.push(c),
        }
    }
    tags(&mut marked, open, true);
    marked
}

/// Opens or closes the tags of faces, the last opened first.
fn tags(marked: &mut String, faces: u8, close: bool) {
    let mut own: Vec<_> = FACES.iter().filter(|(face, _)| faces & face != 0).map(|(_, tag)| tag).collect();
    if close {
        own.reverse();
    }
    for tag in own {
        marked.push_str(if close { "</" } else { "<" });
        marked.push_str(tag);
        marked.push('>');
    }
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
    fn what_webvtt_would_take_for_markup_is_escaped() {
        assert_eq!(text_of(b"a < b --> c & d", b"").unwrap(), "a &lt; b --&gt; c &amp; d");
    }

    #[test]
    fn text_is_utf_8_or_utf_16_with_a_mark() {
        assert_eq!(text_of("Grüße".as_bytes(), b"").unwrap(), "Grüße");
        let utf16 = |order: fn(u16) -> [u8; 2]| "\u{feff}Grüße 🎬".encode_utf16().flat_map(order).collect::<Vec<u8>>();
        assert_eq!(text_of(&utf16(u16::to_be_bytes), b"").unwrap(), "Grüße 🎬");
        assert_eq!(text_of(&utf16(u16::to_le_bytes), b"").unwrap(), "Grüße 🎬");
    }

    #[test]
    fn stretches_of_a_face_are_tagged() {
        assert_eq!(text_of("ä bold word".as_bytes(), &styl(&[(2, 6, 1)])).unwrap(), "ä <b>bold</b> word");
        assert_eq!(text_of(b"all", &styl(&[(0, 3, 7)])).unwrap(), "<b><i><u>all</u></i></b>");
        assert_eq!(text_of(b"one two", &styl(&[(0, 3, 1), (3, 7, 2)])).unwrap(), "<b>one</b><i> two</i>");
        assert_eq!(text_of(b"plain", b"\0\0\0\x40styl").unwrap(), "plain", "a style that does not parse is none");
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
