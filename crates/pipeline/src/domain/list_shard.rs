//! Shards of the lists of contents and packages.
//!
//! A partition of an index takes a limited number of writes a second, and an index without capacity holds back the writes of its
//! table. So the items of a list are spread over shards, by their ids, and a list merges its shards. Items of releases without
//! shards stay in the partition that they were written to, which is one more shard to read.

/// Number of shards that items are written to. It may grow: then the larger number is read first, by one release, and written by
/// the next.
pub const SHARDS: u8 = 8;

/// Returns the name of the shard of `list` that holds the item with this id.
#[must_use]
pub fn shard(list: &str, id: &str) -> String {
    // Ids are base32 of a hash: the low bits of the first character are evenly distributed.
    let first = id.bytes().next().unwrap_or_default();
    name(list, first % SHARDS)
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

    #[test]
    fn ids_are_spread_evenly_over_shards_that_are_all_read() {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        // Every first character of base32 (RFC 4648 6), in lower case.
        for first in "abcdefghijklmnopqrstuvwxyz234567".chars() {
            *counts.entry(shard("package", &format!("{first}bcdefghijklmnopqrstuvwxyz"))).or_default() += 1;
        }
        assert_eq!(counts.values().copied().collect::<Vec<_>>(), [4; 8]);
        let all = shards("package");
        assert!(counts.keys().all(|name| all.contains(name)));
        assert!(all.contains(&"package".to_owned()), "the items of releases without shards");
    }
}
