//! Macintosh language codes (QuickTime File Format, "Language code values"), as BCP 47 tags.

/// The tags of the codes from 0.
const FROM_0: [&str; 95] = [
    "en", "fr", "de", "it", "nl", "sv", "es", "da", "pt", "no", "he", "ja", "ar", "fi", "el", "is", "mt", "tr", "hr",
    "zh-Hant", "ur", "hi", "th", "ko", "lt", "pl", "hu", "et", "lv", "se", "fo", "fa", "ru", "zh-Hans", "nl-BE", "ga",
    "sq", "ro", "cs", "sk", "sl", "yi", "sr", "mk", "bg", "uk", "be", "uz", "kk", "az-Cyrl", "az-Arab", "hy", "ka",
    "ro-MD", "ky", "tg", "tk", "mn-Mong", "mn-Cyrl", "ps", "ku", "ks", "sd", "bo", "ne", "sa", "mr", "bn", "as", "gu",
    "pa", "or", "ml", "kn", "ta", "te", "si", "my", "km", "lo", "vi", "id", "tl", "ms", "ms-Arab", "am", "ti", "om",
    "so", "sw", "rw", "rn", "ny", "mg", "eo",
];

/// The tags of the codes from 128.
const FROM_128: [&str; 24] = [
    "cy", "eu", "ca", "la", "qu", "gn", "ay", "tt", "ug", "dz", "jv", "su", "gl", "af", "br", "iu", "gd", "gv", "ga",
    "to", "grc", "kl", "az-Latn", "nn",
];

/// Returns the tag of a Macintosh language code; `None` for an unassigned code.
pub(super) fn macintosh_language(code: u16) -> Option<&'static str> {
    let code = usize::from(code);
    FROM_0.get(code).or_else(|| FROM_128.get(code.checked_sub(128)?)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_quicktime_file_format() {
        let tags = [0, 1, 2, 11, 19, 33, 49, 94, 95, 127, 128, 147, 151, 152].map(macintosh_language);
        let listed = ["en", "fr", "de", "ja", "zh-Hant", "zh-Hans", "az-Cyrl", "eo"].map(Some);
        assert_eq!(tags[..8], listed);
        assert_eq!(tags[8..], [None, None, Some("cy"), Some("to"), Some("nn"), None]);
    }
}
