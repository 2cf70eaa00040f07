//! The character encoding of subtitle files.
//!
//! A byte order mark or the declaration of an XML document states the encoding. A file with neither is UTF-8, except that old
//! `SubRip` files have the encoding of the computer on which they were written. Western European ones (Windows-1252) are decoded,
//! with a warning, if the detector of Firefox finds no other encoding as likely. A file in any other encoding is refused: a wrong
//! guess would show wrong letters to every viewer.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use super::format::SubtitleFormat;
use crate::number::u64_of;
use crate::{Error, Result};

/// Bytes in which the declaration of an XML document is searched.
const DECLARATION_BYTES: usize = 256;

/// The text of a file.
pub(super) struct DecodedText {
    /// The text, without a byte order mark.
    pub(super) text: String,
    /// The encoding, if it was guessed.
    pub(super) guessed: Option<&'static str>,
}

/// Decodes a file.
///
/// # Errors
/// [`Error::MalformedSubtitles`] with the first line that the encoding does not allow.
pub(super) fn decode(bytes: &[u8], format: SubtitleFormat) -> Result<DecodedText> {
    let stated = Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
    let stated = stated.or_else(|| declared(bytes).filter(|_| format == SubtitleFormat::Ttml));
    let encoding = stated.unwrap_or(UTF_8);
    let (text, _, has_errors) = encoding.decode(bytes);
    if !has_errors {
        return Ok(DecodedText { text: text.into_owned(), guessed: None });
    }
    if stated.is_none() && format == SubtitleFormat::Srt && is_western(bytes) {
        let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
        return Ok(DecodedText { text: text.into_owned(), guessed: Some(WINDOWS_1252.name()) });
    }
    let line = text.split(char::REPLACEMENT_CHARACTER).next().unwrap_or_default().split('\n').count();
    Err(Error::MalformedSubtitles { line: u64_of(line), reason: NOT_UTF_8 })
}

const NOT_UTF_8: &str = "it is not UTF-8, and its encoding is not certain: save it as UTF-8";

/// Returns the encoding that the declaration of an XML document names.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.get(..DECLARATION_BYTES).unwrap_or(bytes);
    let head = String::from_utf8_lossy(head);
    let declaration = head.trim_start().strip_prefix("<?xml")?.split_once("?>")?.0;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    Encoding::for_label(value.get(1..)?.split(quote).next()?.as_bytes())
}

/// Returns whether the text is in Windows-1252 with certainty: every byte is a character of that encoding, and the detector finds no
/// other encoding as likely.
fn is_western(bytes: &[u8]) -> bool {
    let has = |wanted: &[u8]| bytes.iter().any(|byte| wanted.contains(byte));
    if has(&[0, 0x81, 0x8d, 0x8f, 0x90, 0x9d]) {
        return false;
    }
    // The detector takes Hungarian for Windows-1252. Its ő is an õ there, which Portuguese never has without ã.
    if has(&[0xd5, 0xf5]) && !has(&[0xc3, 0xe3]) {
        return false;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Allow) == WINDOWS_1252
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(encoding: &'static Encoding, text: &str) -> Option<&'static str> {
        let text = format!("1\n00:00:01,000 --> 00:00:02,000\n{text}\n");
        let (bytes, _, has_errors) = encoding.encode(&text);
        assert!(!has_errors, "{text}");
        match decode(&bytes, SubtitleFormat::Srt) {
            Ok(decoded) => {
                assert_eq!(decoded.text, text);
                decoded.guessed
            }
            Err(error) => {
                assert!(error.to_string().contains("line 3: it is not UTF-8"), "{error}");
                Some("refused")
            }
        }
    }

    #[test]
    fn western_european_files_are_decoded_with_a_warning() {
        for text in [
            "Où êtes-vous allé ? C’est déjà l’été, n’est-ce pas ?",
            "Schöne Grüße aus Köln – für Sie natürlich übermäßig.",
            "¿Qué pasó mañana? ¡Señor, está aquí!",
            "Não é possível, as situações são sérias.",
            "På gården är det en ö. Hej då!",
            "It’s “fine” – really…",
        ] {
            assert_eq!(guessed(WINDOWS_1252, text), Some("windows-1252"), "{text}");
        }
    }

    #[test]
    fn files_of_other_encodings_are_refused() {
        for (encoding, text) in [
            (encoding_rs::WINDOWS_1250, "Zażółć gęślą jaźń. Dziękuję, proszę bardzo, źle się czuję."),
            (encoding_rs::WINDOWS_1250, "Příliš žluťoučký kůň úpěl ďábelské ódy."),
            (encoding_rs::WINDOWS_1250, "Köszönöm szépen, jó éjszakát! Őrült nagy öröm, hogy itt vagy, hősöm."),
            (encoding_rs::WINDOWS_1251, "Привет, как дела? Всё хорошо, спасибо."),
            (encoding_rs::WINDOWS_1253, "Καλημέρα, πώς είσαι σήμερα;"),
            (encoding_rs::WINDOWS_1254, "Şimdi gidiyorum, görüşürüz. Çok teşekkür ederim, değil mi?"),
            (encoding_rs::SHIFT_JIS, "こんにちは、お元気ですか。"),
            (encoding_rs::GBK, "你好，你今天怎么样？"),
        ] {
            assert_eq!(guessed(encoding, text), Some("refused"), "{text}");
        }
    }

    #[test]
    fn a_stated_encoding_is_used() {
        assert_eq!(guessed(UTF_8, "Grüße"), None);
        let utf16: Vec<u8> = "\u{feff}Grüße".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decode(&utf16, SubtitleFormat::WebVtt).unwrap().text, "Grüße");
        let xml = b"<?xml version=\"1.0\" encoding='ISO-8859-1'?><tt>\xe9</tt>";
        assert!(decode(xml, SubtitleFormat::Ttml).unwrap().text.ends_with("<tt>é</tt>"));
        assert!(decode(b"WEBVTT\n\xe9", SubtitleFormat::WebVtt).is_err());
    }
}
