//! Tags of playlists with attribute lists (RFC 8216bis 4.2).

use std::collections::BTreeMap;

/// The attributes of a tag.
pub(super) type Attributes = BTreeMap<String, String>;

/// Returns the attributes of each tag of a kind.
pub(super) fn tags(text: &str, tag: &str) -> Vec<Attributes> {
    text.lines().filter_map(|line| line.strip_prefix(tag)).map(attributes).collect()
}

/// Parses a list of attributes, whose values may be in quotation marks.
pub(super) fn attributes(mut list: &str) -> Attributes {
    let mut found = Attributes::new();
    while let Some((name, rest)) = list.split_once('=') {
        let (value, rest) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').expect("a closing quotation mark"),
            None => rest.split_at(rest.find(',').unwrap_or(rest.len())),
        };
        found.insert(name.to_owned(), value.to_owned());
        list = rest.trim_start_matches(',');
    }
    found
}
