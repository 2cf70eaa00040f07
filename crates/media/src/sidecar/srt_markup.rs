//! The markup of `SubRip` files: the HTML tags that its inventor allowed, and overrides of Advanced `SubStation` Alpha (ASS), which
//! players accept as well.

use super::loss::{Loss, Losses};
use crate::text::{BOLD, CueMarkup, ITALIC, UNDERLINED};

/// Maximum number of characters of a tag or an override.
const MAX_TAG: usize = 256;

/// Converts the lines of a cue to WebVTT: returns its text and its settings.
pub(super) fn marked_up(lines: &[&str], losses: &mut Losses) -> (String, &'static str) {
    let mut markup = CueMarkup::default();
    let mut faces = Faces::default();
    let mut settings = "";
    for line in lines {
        let mut rest = *line;
        while let Some(c) = rest.chars().next() {
            let after = rest.get(c.len_utf8()..).unwrap_or_default();
            let span = match c {
                '<' => enclosed(after, '>').and_then(|(tag, after)| faces.tag(tag, losses).then_some(after)),
                '{' => enclosed(after, '}').filter(|(code, _)| code.starts_with('\\')).map(|(code, after)| {
                    for code in code.split('\\').skip(1) {
                        settings = position(code).unwrap_or_else(|| {
                            faces.code(code, losses);
                            settings
                        });
                    }
                    after
                }),
                _ => None,
            };
            rest = span.unwrap_or_else(|| {
                let (c, after) = entity(rest).unwrap_or((c, after));
                markup.push(c, faces.bits());
                after
            });
        }
        markup.push('\n', 0);
    }
    (markup.finish(), settings)
}

/// Returns the text before `end` and the text after it.
fn enclosed(text: &str, end: char) -> Option<(&str, &str)> {
    let (at, _) = text.char_indices().take(MAX_TAG).find(|(_, c)| *c == end)?;
    Some((text.get(..at)?, text.get(at.checked_add(end.len_utf8())?..)?))
}

/// Returns the character of an entity at the start of the text, and the text after it.
fn entity(text: &str) -> Option<(char, &str)> {
    const ENTITIES: [(&str, char); 6] = [
        ("&amp;", '&'),
        ("&lt;", '<'),
        ("&gt;", '>'),
        ("&nbsp;", '\u{a0}'),
        ("&lrm;", '\u{200e}'),
        ("&rlm;", '\u{200f}'),
    ];
    ENTITIES.iter().find_map(|(entity, c)| Some((*c, text.strip_prefix(entity)?)))
}

/// The open tags of each face style.
#[derive(Default)]
struct Faces {
    bold: u32,
    italic: u32,
    underlined: u32,
}

impl Faces {
    fn bits(&self) -> u8 {
        let bit = |open: u32, face| if open > 0 { face } else { 0 };
        bit(self.bold, BOLD) | bit(self.italic, ITALIC) | bit(self.underlined, UNDERLINED)
    }

    /// Applies a tag; returns `false` if it is none, but text.
    fn tag(&mut self, tag: &str, losses: &mut Losses) -> bool {
        let (is_end, name) = tag.strip_prefix('/').map_or((false, tag), |name| (true, name));
        // A space after `<` makes it text.
        let name = name.split(char::is_whitespace).next().unwrap_or_default();
        let count = match name.to_ascii_lowercase().as_str() {
            "b" => &mut self.bold,
            "i" => &mut self.italic,
            "u" => &mut self.underlined,
            "font" => {
                if tag.to_ascii_lowercase().contains("color") {
                    losses.add(Loss::Colours);
                } else if !is_end {
                    losses.add(Loss::Fonts);
                }
                return true;
            }
            "s" | "strike" | "span" | "br" => {
                if !is_end {
                    losses.add(Loss::Fonts);
                }
                return true;
            }
            _ => return false,
        };
        *count = if is_end { count.saturating_sub(1) } else { count.saturating_add(1) };
        true
    }

    /// Applies an override code of ASS, such as `i1`.
    fn code(&mut self, code: &str, losses: &mut Losses) {
        match code.trim() {
            "b1" => self.bold = 1,
            "b0" => self.bold = 0,
            "i1" => self.italic = 1,
            "i0" => self.italic = 0,
            "u1" => self.underlined = 1,
            "u0" => self.underlined = 0,
            code if code.starts_with("pos") || code.starts_with("move") => losses.add(Loss::Positions),
            code if code.starts_with('c') || code.starts_with("1c") => losses.add(Loss::Colours),
            _ => losses.add(Loss::Fonts),
        }
    }
}

/// Returns the cue settings of an alignment override: `an` with the digit at that position of a numeric keypad.
fn position(code: &str) -> Option<&'static str> {
    Some(match code.trim() {
        "an1" => "align:left",
        "an2" => "",
        "an3" => "align:right",
        "an4" => "line:50% align:left",
        "an5" => "line:50%",
        "an6" => "line:50% align:right",
        "an7" => "line:0 align:left",
        "an8" => "line:0",
        "an9" => "line:0 align:right",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(line: &str) -> (String, &'static str, Option<String>) {
        let mut losses = Losses::default();
        let (text, settings) = marked_up(&line.split('\n').collect::<Vec<_>>(), &mut losses);
        (text, settings, losses.description())
    }

    #[test]
    fn tags_become_webvtt_tags_however_they_nest() {
        for (line, text) in [
            ("<I>a</I> <b><i>b</b></i> c", "<i>a</i> <b><i>b</i></b> c"),
            ("<u>open\nstill", "<u>open\nstill</u>"),
            ("</i>a < b & c <3 &amp; d&nbsp;e <unknown>", "a &lt; b &amp; c &lt;3 &amp; d\u{a0}e &lt;unknown&gt;"),
            (r"{\i1}a{\i0} {b}", "<i>a</i> {b}"),
        ] {
            assert_eq!(converted(line).0, text, "{line}");
        }
    }

    #[test]
    fn an_alignment_override_positions_the_cue() {
        assert_eq!(converted(r"{\an8}top"), ("top".into(), "line:0", None));
        assert_eq!(converted(r"{\an1\i1}left"), ("<i>left</i>".into(), "align:left", None));
    }

    #[test]
    fn colours_and_fonts_are_counted() {
        let (text, _, losses) =
            converted(r##"<font color="#f00">red</font> <font face="x">f</font> {\pos(1,2)}{\fs12}p"##);
        assert_eq!(text, "red f p");
        assert_eq!(losses.unwrap(), "colours (1), fonts (2), exact positions (1)");
    }
}
