//! Languages: BCP 47 tags (RFC 5646) from the codes in files, and the names that speakers give their languages.

use isolang::Language;

use super::macintosh_language::macintosh_language;
use crate::isobmff::BoxView;

/// ISO 639-2 has two codes for some languages: the bibliographic code, and the terminological code that ISO 639-3 has as well.
const BIBLIOGRAPHIC: [(&str, &str); 20] = [
    ("alb", "sqi"),
    ("arm", "hye"),
    ("baq", "eus"),
    ("bur", "mya"),
    ("chi", "zho"),
    ("cze", "ces"),
    ("dut", "nld"),
    ("fre", "fra"),
    ("geo", "kat"),
    ("ger", "deu"),
    ("gre", "ell"),
    ("ice", "isl"),
    ("mac", "mkd"),
    ("mao", "mri"),
    ("may", "msa"),
    ("per", "fas"),
    ("rum", "ron"),
    ("slo", "slk"),
    ("tib", "bod"),
    ("wel", "cym"),
];

/// Returns the shortest tag of a three-letter language code (RFC 5646 2.2.1: two letters, if the language has such a code);
/// `None` for `und`.
pub(super) fn bcp47(three_letters: &str) -> Option<String> {
    let terminological = BIBLIOGRAPHIC.iter().find(|(code, _)| *code == three_letters).map(|(_, code)| *code);
    let code = terminological.unwrap_or(three_letters);
    let known = code != "und";
    known.then(|| Language::from_639_3(code).and_then(|language| language.to_639_1()).unwrap_or(code).to_owned())
}

/// Returns a BCP 47 tag with the shortest code of its language (RFC 5646 2.2.1): `en-GB` for `eng-GB`.
pub(crate) fn shortest_tag(tag: &str) -> String {
    let (language, rest) = tag.split_at(tag.find('-').unwrap_or(tag.len()));
    let shortest = Some(language.to_ascii_lowercase()).filter(|code| code.len() == 3).and_then(|code| bcp47(&code));
    shortest.map_or_else(|| tag.to_owned(), |shortest| format!("{shortest}{rest}"))
}

/// Returns whether a text has the form of a BCP 47 tag (RFC 5646 2.1): subtags of at most eight letters and digits, the
/// language first.
#[must_use]
pub fn is_tag(text: &str) -> bool {
    let mut subtags = text.split('-');
    let language = subtags.next().unwrap_or_default();
    text.len() <= 35
        && (2..=8).contains(&language.len())
        && language.bytes().all(|byte| byte.is_ascii_alphabetic())
        && subtags.all(|tag| (1..=8).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Returns the name that speakers give the language of a tag.
pub(crate) fn autonym(tag: &str) -> Option<&'static str> {
    find(tag).and_then(|language| language.to_autonym())
}

/// Returns the ISO 639-2/T code of the language of a tag, for `mdhd`.
pub(crate) fn three_letters(tag: &str) -> Option<&'static str> {
    find(tag).map(|language| language.to_639_3())
}

/// Returns the language of a tag.
fn find(tag: &str) -> Option<Language> {
    let code = tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    if code.len() == 2 { Language::from_639_1(&code) } else { Language::from_639_3(&code) }
}

/// The lowest language field of `mdhd` that is three packed letters. Lower values are Macintosh language codes.
const LOWEST_PACKED: u16 = 0x400;

/// Returns the tag of the language field of `mdhd`; `None` if the language is undetermined.
///
/// ISO/IEC 14496-12 8.4.2.3 has three letters of five bits each. QuickTime has Macintosh language codes as well. In an ISO file
/// such a code is a field that the muxer has not set.
pub(super) fn media_language(code: u16, is_quicktime: bool) -> Option<String> {
    if code < LOWEST_PACKED {
        return macintosh_language(code).filter(|_| is_quicktime).map(str::to_owned);
    }
    packed_language(code).as_deref().and_then(bcp47)
}

/// Decodes three letters of five bits each. `und`, spaces and QuickTime's "unspecified" (0x7fff) count as undetermined.
fn packed_language(packed: u16) -> Option<String> {
    let letter = |shift: u32| {
        let five = packed.checked_shr(shift).unwrap_or(0) & 31;
        u8::try_from(five).ok().and_then(|five| five.checked_add(0x60))
    };
    let letters = [letter(10)?, letter(5)?, letter(0)?];
    let is_known = letters.iter().all(u8::is_ascii_lowercase) && letters != *b"und";
    is_known.then(|| letters.iter().copied().map(char::from).collect())
}

/// Reads `elng` (ISO/IEC 14496-12 8.4.6): a BCP 47 tag, which is returned with the shortest code of its language.
pub(super) fn extended_language(elng: &BoxView<'_>) -> Option<String> {
    let (_, _, reader) = elng.full().ok()?;
    let tag: String = reader.rest().iter().take_while(|byte| **byte != 0).copied().map(char::from).collect();
    let is_valid = !tag.is_empty() && tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') && tag != "und";
    is_valid.then(|| shortest_tag(&tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_languages_are_three_letters_or_nothing() {
        let language = |code| media_language(code, false);
        assert_eq!(language(0x15c7).as_deref(), Some("en"));
        assert_eq!(language(0x55c4), None, "und");
        assert_eq!(language(0), None, "an ISO file has no Macintosh codes");
        assert_eq!(language(0x7fff), None, "unspecified");
    }

    #[test]
    fn quicktime_has_macintosh_codes_as_well() {
        let languages = [0, 1, 11, 19, 0x15c7, 0x7fff, 0x3ff].map(|code| media_language(code, true));
        let languages = languages.each_ref().map(Option::as_deref);
        assert_eq!(languages, [Some("en"), Some("fr"), Some("ja"), Some("zh-Hant"), Some("en"), None, None]);
    }

    #[test]
    fn a_tag_keeps_its_other_subtags_when_its_language_is_shortened() {
        let tags = ["eng", "ENG", "ger-AT", "zho-Hant", "en-GB", "gsw", "de", "und", "x-klingon"].map(shortest_tag);
        assert_eq!(tags, ["en", "en", "de-AT", "zh-Hant", "en-GB", "gsw", "de", "und", "x-klingon"]);
    }

    #[test]
    fn a_tag_has_two_letters_if_the_language_has_such_a_code() {
        let tags = ["eng", "deu", "ger", "fre", "chi", "gsw", "zxx", "und"].map(bcp47);
        let expected = ["en", "de", "de", "fr", "zh", "gsw", "zxx"].map(|tag| Some(tag.to_owned()));
        assert_eq!(tags[..7], expected);
        assert_eq!(tags[7], None);
    }

    #[test]
    fn a_language_has_the_name_that_its_speakers_give_it() {
        assert_eq!(
            ["en", "de-AT", "fra", "xx"].map(autonym),
            [Some("English"), Some("Deutsch"), Some("français"), None]
        );
        assert_eq!(["en-GB", "gsw", "xx"].map(three_letters), [Some("eng"), Some("gsw"), None]);
    }
}
