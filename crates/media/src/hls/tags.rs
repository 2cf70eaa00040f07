//! Tags that several playlists contain.

use std::fmt::{self, Write};

/// The tag of a playlist whose segments can each be decoded without another one (RFC 8216bis 4.4.2.1). Segments of open groups
/// of pictures cannot.
pub(super) const INDEPENDENT_SEGMENTS: &str = "#EXT-X-INDEPENDENT-SEGMENTS\n";

/// Appends a line.
pub(super) fn push_line(text: &mut String, content: fmt::Arguments<'_>) {
    // Formatting into a String cannot fail.
    let _ = writeln!(text, "{content}");
}
