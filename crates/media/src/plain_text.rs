//! Text that enters manifests, file names and terminals: one rule for what a character may be.
//!
//! A character must be one that XML allows (XML 1.0 2.2, production `Char`): no control character other than those that no name
//! needs either, and neither U+FFFE nor U+FFFF. A manifest with one of them is read by no parser. Characters that reorder what
//! follows (the embeddings, overrides and isolates of UAX #9) are excluded as well, because a name could then look like another.

use std::borrow::Cow;
use std::fmt::Write;

/// Returns whether a character may be in a name or label.
#[must_use]
pub fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Returns whether a text consists of characters that may be in a name or label.
#[must_use]
pub fn is_plain_text(text: &str) -> bool {
    text.chars().all(is_plain)
}

/// Escapes every other character of a text that is shown on a terminal: `\u{1b}`.
#[must_use]
pub fn escaped(text: &str) -> Cow<'_, str> {
    if is_plain_text(text) {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if is_plain(c) {
            escaped.push(c);
        } else {
            // A string accepts all text.
            let _ = write!(escaped, "{}", c.escape_unicode());
        }
    }
    escaped.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_languages_are_plain_and_what_xml_or_a_terminal_does_not_take_is_not() {
        for text in ["Director's cut", "Português (Brasil)", "日本語", "עברית", "العربية", "🎬", "\u{200f}Hebrew mark"]
        {
            assert!(is_plain_text(text), "{text}");
        }
        for c in
            ['\0', '\t', '\n', '\u{1b}', '\u{7f}', '\u{9b}', '\u{fffe}', '\u{ffff}', '\u{202e}', '\u{2066}', '\u{2028}']
        {
            assert!(!is_plain(c), "{c:?}");
        }
    }

    #[test]
    fn what_is_not_plain_is_escaped() {
        assert_eq!(escaped("film.mp4"), "film.mp4");
        assert_eq!(escaped("a\u{1b}[2J\nb\u{202e}4pm"), "a\\u{1b}[2J\\u{a}b\\u{202e}4pm");
    }
}
