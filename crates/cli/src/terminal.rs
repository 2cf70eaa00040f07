//! Text for a terminal.

use vpp_media::plain_text::escaped;

/// Returns the lines of a text, each with a line break. Characters that a terminal would interpret are escaped: names and messages
/// are those of whoever made the file, or of a service.
pub(crate) fn escaped_lines(text: &str) -> String {
    text.lines().flat_map(|line| [escaped(line).into_owned(), "\n".to_owned()]).collect()
}
