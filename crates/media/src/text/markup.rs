//! The text of a WebVTT cue, written character by character.

/// Face style: bold.
pub(crate) const BOLD: u8 = 1;
/// Face style: italic.
pub(crate) const ITALIC: u8 = 2;
/// Face style: underlined.
pub(crate) const UNDERLINED: u8 = 4;

/// The face styles, each with its WebVTT tag.
const FACE_STYLES: [(u8, &str); 3] = [(BOLD, "b"), (ITALIC, "i"), (UNDERLINED, "u")];

/// Writes the text of a cue: escaped, without blank lines, which would end the cue, and with tags around styled spans.
#[derive(Debug, Default)]
pub(crate) struct CueMarkup {
    text: String,
    /// The faces whose tags are open.
    open: u8,
    /// A line break is written before the next character, so there is none at either end and no blank line.
    pending_break: bool,
}

impl CueMarkup {
    /// Adds a character with its `faces`. A line break of any kind starts a new line.
    pub(crate) fn push(&mut self, c: char, faces: u8) {
        if matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}') {
            self.pending_break = !self.text.is_empty();
            return;
        }
        if c.is_control() || (c.is_whitespace() && (self.pending_break || self.text.is_empty())) {
            return;
        }
        if faces != self.open {
            tags(&mut self.text, self.open, true);
        }
        if std::mem::take(&mut self.pending_break) {
            self.text.push('\n');
        }
        if faces != self.open {
            tags(&mut self.text, faces, false);
            self.open = faces;
        }
        match c {
            '&' => self.text.push_str("&amp;"),
            '<' => self.text.push_str("&lt;"),
            '>' => self.text.push_str("&gt;"),
            _ => self.text.push(c),
        }
    }

    /// Returns the text; empty if nothing visible was added.
    pub(crate) fn finish(mut self) -> String {
        tags(&mut self.text, self.open, true);
        self.text
    }
}

/// Writes the opening or closing tags of `faces`; the tag opened last is closed first.
fn tags(text: &mut String, faces: u8, close: bool) {
    let mut tags: Vec<_> = FACE_STYLES.iter().filter(|(face, _)| faces & face != 0).map(|(_, tag)| tag).collect();
    if close {
        tags.reverse();
    }
    for tag in tags {
        text.push_str(if close { "</" } else { "<" });
        text.push_str(tag);
        text.push('>');
    }
}
