//! Shards of the lists of contents and packages.
//!
//! A partition of an index takes a limited number of writes a second, and an index without capacity holds back the writes of its
//! table. So the items of a list are spread over shards, by their ids, and a list merges its shards. Items of releases without
//! shards stay in the partition that they were written to, which is one more shard to read.

/// Number of shards that items are written to. It may grow: then the larger number is read first, by one release, and written by
/// the next.
pub const SHARDS: u8 = 8;

/// The characters of an id: base32 (RFC 4648 6) in lower case.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Returns the name of the shard of `list` that holds the item with this id.
#[must_use]
pub fn shard(list: &str, id: &str) -> String {
    // An id is a hash: each of its characters stands for five evenly distributed bits.
    let first = id.bytes().next();
    let bits = BASE32.iter().zip(0_u8..).find(|(character, _)| Some(**character) == first).map_or(0, |(_, bits)| bits);
    name(list, bits % SHARDS)
}

/// Returns the names of all shards of `list`, with that of items without shards.
#[must_use]
pub fn shards(list: &str) -> Vec<String> {
    (0..SHARDS).map(|number| name(list, number)).chain([list.to_owned()]).collect()
}

fn name(list: &str, number: u8) -> String {
    format!("{list}#{number}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::id::ContentId;
    use crate::domain::object::{ETag, Location};

    #[test]
    fn ids_are_spread_evenly_over_shards_that_are_all_read() {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for number in 0..8_000 {
            let id = ContentId::of(&Location::new("uploads", format!("{number}.mp4")), &ETag::new("0123"));
            *counts.entry(shard("package", id.as_str())).or_default() += 1;
        }
        assert_eq!(counts.len(), 8);
        assert!(counts.values().all(|items| (850..1_150).contains(items)), "{counts:?}");
        let all = shards("package");
        assert!(counts.keys().all(|name| all.contains(name)));
        assert!(all.contains(&"package".to_owned()), "the items of releases without shards");
    }
}
