//! The formats of subtitle files, recognised by their first bytes.

use serde::{Deserialize, Serialize};

use super::srt;
use crate::text::WebVttFile;

/// Bytes of a file in which its format is recognised.
const HEAD_BYTES: usize = 4096;

/// The signature of SCC files.
pub(super) const SCC_SIGNATURE: &str = "Scenarist_SCC V1.0";

/// The format of a subtitle file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubtitleFormat {
    /// WebVTT (W3C).
    WebVtt,
    /// `SubRip`: numbered cues with times such as `00:00:01,000 --> 00:00:02,000`. No standard defines it.
    Srt,
    /// TTML (W3C), of which IMSC1 is a profile.
    Ttml,
    /// Scenarist closed captions: time codes, and the byte pairs of CEA-608 as hexadecimal digits.
    Scc,
}

impl SubtitleFormat {
    /// Recognises the format of a file; `None` if it has none of these formats.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
        if WebVttFile::is_signed(head) {
            return Some(Self::WebVtt);
        }
        let text = match head {
            [0xfe, 0xff, ..] => encoding_rs::UTF_16BE.decode(head).0,
            [0xff, 0xfe, ..] => encoding_rs::UTF_16LE.decode(head).0,
            _ => String::from_utf8_lossy(head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head)),
        };
        let trimmed = text.trim_start();
        match () {
            () if WebVttFile::is_signed(text.as_bytes()) => Some(Self::WebVtt),
            () if trimmed.starts_with(SCC_SIGNATURE) => Some(Self::Scc),
            () if root_element(trimmed) == Some("tt") => Some(Self::Ttml),
            () if srt::is_start(trimmed) => Some(Self::Srt),
            () => None,
        }
    }

    /// Returns the name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::WebVtt => "WebVTT",
            Self::Srt => "SubRip (SRT)",
            Self::Ttml => "TTML",
            Self::Scc => "SCC",
        }
    }
}

/// Returns the name of the root element of an XML document, without its prefix.
fn root_element(mut text: &str) -> Option<&str> {
    loop {
        let rest = text.trim_start().strip_prefix('<')?;
        let end = match rest.as_bytes().first()? {
            b'?' => "?>",
            b'!' if rest.starts_with("!--") => "-->",
            b'!' => ">",
            _ => {
                let name = rest.split(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).next()?;
                return Some(name.rsplit_once(':').map_or(name, |(_, local)| local));
            }
        };
        text = rest.split_once(end)?.1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_recognised_by_content() {
        let utf16: Vec<u8> =
            "\u{feff}1\n00:00:01,000 --> 00:00:02,000\nA".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (bytes, format) in [
            (&b"\xef\xbb\xbfWEBVTT\n"[..], Some(SubtitleFormat::WebVtt)),
            (b"\r\n1\r\n00:00:01,000 --> 00:00:02,000\r\nA", Some(SubtitleFormat::Srt)),
            (b"00:00:01,000 --> 00:00:02,000\nA", Some(SubtitleFormat::Srt)),
            (&utf16, Some(SubtitleFormat::Srt)),
            (b"Scenarist_SCC V1.0\n\n", Some(SubtitleFormat::Scc)),
            (b"<?xml version='1.0'?>\n<!-- <a> -->\n<tt:tt xmlns:tt='u'/>", Some(SubtitleFormat::Ttml)),
            (b"<tt>", Some(SubtitleFormat::Ttml)),
            (b"<html><tt>", None),
            (b"Dear diary, 1 --> 2", None),
            (b"1\nDear diary", None),
            (b"", None),
        ] {
            assert_eq!(SubtitleFormat::of(bytes), format, "{}", String::from_utf8_lossy(bytes));
        }
    }
}
