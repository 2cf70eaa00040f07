//! A reader of playlists (RFC 8216bis 4): tags, attribute lists, and the segments of media playlists.

use std::collections::BTreeMap;
use std::ops::Range;

/// An attribute list (4.2), its quoted strings without their quotes.
pub(super) type AttributeList = BTreeMap<String, String>;

/// A segment of a media playlist.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// `EXTINF`, as it is written.
    pub(super) duration: String,
    pub(super) uri: String,
    pub(super) range: Option<Range<u64>>,
}

/// A playlist of either kind.
#[derive(Debug, Clone, Default)]
pub(super) struct Playlist {
    /// `EXT-X-TARGETDURATION`.
    pub(super) target: Option<u64>,
    /// `EXT-X-START`.
    pub(super) start: Option<AttributeList>,
    /// `EXT-X-MEDIA`.
    pub(super) media: Vec<AttributeList>,
    /// `EXT-X-STREAM-INF`, with the URI that follows.
    pub(super) variants: Vec<(AttributeList, String)>,
    /// `EXT-X-I-FRAME-STREAM-INF`.
    pub(super) key_frames: Vec<AttributeList>,
    /// `EXT-X-SESSION-DATA`.
    pub(super) session_data: Vec<AttributeList>,
    pub(super) entries: Vec<Entry>,
    /// The URI of `EXT-X-MAP`.
    pub(super) map: Option<String>,
}

impl Playlist {
    /// Parses a playlist.
    pub(super) fn parse(text: &str) -> Self {
        let mut playlist = Self::default();
        let (mut variant, mut duration, mut range) = (None, None, None);
        for line in text.lines().filter(|line| !line.is_empty()) {
            let (tag, value) = line.split_once(':').unwrap_or((line, ""));
            match tag {
                "#EXT-X-TARGETDURATION" => playlist.target = Some(value.parse().expect("a whole number")),
                "#EXT-X-START" => playlist.start = Some(attributes(value)),
                "#EXT-X-MEDIA" => playlist.media.push(attributes(value)),
                "#EXT-X-STREAM-INF" => variant = Some(attributes(value)),
                "#EXT-X-I-FRAME-STREAM-INF" => playlist.key_frames.push(attributes(value)),
                "#EXT-X-SESSION-DATA" => playlist.session_data.push(attributes(value)),
                "#EXT-X-MAP" => playlist.map = attributes(value).remove("URI"),
                "#EXTINF" => duration = Some(value.trim_end_matches(',').to_owned()),
                "#EXT-X-BYTERANGE" => range = Some(byte_range(value)),
                _ if line.starts_with('#') => {}
                _ => {
                    let uri = line.to_owned();
                    if let Some(attributes) = variant.take() {
                        playlist.variants.push((attributes, uri));
                    } else {
                        let duration = duration.take().expect("EXTINF before a segment");
                        playlist.entries.push(Entry { duration, uri, range: range.take() });
                    }
                }
            }
        }
        playlist
    }
}

fn byte_range(text: &str) -> Range<u64> {
    let (length, start) = text.split_once('@').expect("a length and a start");
    let start: u64 = start.parse().expect("a number");
    start..start + length.parse::<u64>().expect("a number")
}

fn attributes(text: &str) -> AttributeList {
    let (mut list, mut rest) = (BTreeMap::new(), text);
    while let Some((name, after)) = rest.split_once('=') {
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').expect("a closing quote"),
            None => after.find(',').map_or((after, ""), |comma| after.split_at(comma)),
        };
        let previous = list.insert(name.to_owned(), value.to_owned());
        assert!(previous.is_none(), "{name} occurs twice in {text}");
        rest = next.trim_start_matches(',');
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_and_equals_signs_are_part_of_a_quoted_string() {
        let list = attributes("TYPE=AUDIO,NAME=\"a,b=c\",CHANNELS=\"2\"");
        assert_eq!((list.len(), list["NAME"].as_str(), list["CHANNELS"].as_str()), (3, "a,b=c", "2"));
    }
}
