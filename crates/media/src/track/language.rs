//! Languages: BCP 47 tags (RFC 5646) of what files say, and what speakers call them.

use isolang::Language;

/// ISO 639-2 has two codes for some languages; these are the bibliographic ones, each with the terminological one, which
/// ISO 639-3 has too.
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

/// The shortest tag of a language of three letters (RFC 5646 2.2.1: two letters where there are two); `None` for one that is
/// not known.
pub(super) fn bcp47(three_letters: &str) -> Option<String> {
    let terminological = BIBLIOGRAPHIC.iter().find(|(code, _)| *code == three_letters).map(|(_, code)| *code);
    let code = terminological.unwrap_or(three_letters);
    let known = code != "und";
    known.then(|| Language::from_639_3(code).and_then(|language| language.to_639_1()).unwrap_or(code).to_owned())
}

/// Whether a text has the form of a BCP 47 tag (RFC 5646 2.1): letters and digits in parts of at most eight, a language first.
#[must_use]
pub fn is_tag(text: &str) -> bool {
    let mut parts = text.split('-');
    let language = parts.next().unwrap_or_default();
    text.len() <= 35
        && (2..=8).contains(&language.len())
        && language.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// The language of a tag, by the name its speakers give it.
pub(crate) fn autonym(tag: &str) -> Option<&'static str> {
    find(tag).and_then(|language| language.to_autonym())
}

/// The language of a tag as ISO 639-2/T has it: what `mdhd` carries.
pub(crate) fn three_letters(tag: &str) -> Option<&'static str> {
    find(tag).map(|language| language.to_639_3())
}

/// The language that a tag begins with.
fn find(tag: &str) -> Option<Language> {
    let code = tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    if code.len() == 2 { Language::from_639_1(&code) } else { Language::from_639_3(&code) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_has_two_letters_where_there_are_two() {
        let tags = ["eng", "deu", "ger", "fre", "chi", "gsw", "zxx", "und"].map(bcp47);
        let expected = ["en", "de", "de", "fr", "zh", "gsw", "zxx"].map(|tag| Some(tag.to_owned()));
        assert_eq!(tags[..7], expected);
        assert_eq!(tags[7], None);
    }

    #[test]
    fn a_language_is_called_as_its_speakers_call_it() {
        assert_eq!(
            ["en", "de-AT", "fra", "xx"].map(autonym),
            [Some("English"), Some("Deutsch"), Some("français"), None]
        );
        assert_eq!(["en-GB", "gsw", "xx"].map(three_letters), [Some("eng"), Some("gsw"), None]);
    }
}
