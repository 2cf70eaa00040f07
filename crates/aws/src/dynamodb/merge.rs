//! Merges the shards of a list, newest first.
//!
//! Items are ordered by their time, then by their id, both descending. A query reads the items of a shard by time only: items of
//! one time come in any order, and a page may end between them. So what a shard has delivered is complete down to the time at
//! which its last page ended, and not at that time. The *horizon* is the newest of those times: newer items are in order, older
//! ones wait until every shard is complete beyond them.

use std::cmp::Reverse;

use super::attributes::{Item, Malformed, Reader};

/// The position of an item in a list: its time, and its partition key in the table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub(super) created_at: String,
    pub(super) pk: String,
}

impl Position {
    /// Returns the position of an item, or of its key.
    pub(super) fn of(item: &Item) -> Result<Self, Malformed> {
        let item = Reader(item);
        Ok(Self { created_at: item.text("created_at")?.to_owned(), pk: item.text("pk")?.to_owned() })
    }

    /// Returns the position before the first item of a time.
    fn before(created_at: &str, list: &str) -> Self {
        Self { created_at: created_at.to_owned(), pk: format!("{list}#{}", char::MAX) }
    }
}

/// A shard, as far as it was read.
#[derive(Debug)]
pub(super) struct Shard {
    /// The value of the partition key.
    pub(super) name: String,
    /// The key at which the next page starts; `None` when the shard is read completely.
    pub(super) next: Option<Item>,
    /// Whether a page was read.
    is_started: bool,
}

impl Shard {
    pub(super) fn new(name: String) -> Self {
        Self { name, next: None, is_started: false }
    }

    /// Whether the shard may have more items.
    pub(super) fn is_open(&self) -> bool {
        !self.is_started || self.next.is_some()
    }
}

/// The shards of a list, and the items that they delivered.
#[derive(Debug)]
pub(super) struct Merge {
    list: &'static str,
    after: Option<Position>,
    shards: Vec<Shard>,
    items: Vec<(Position, Item)>,
}

impl Merge {
    /// Merges `shards`, from the position `after`. `list` is the start of every partition key in the table.
    pub(super) fn new(list: &'static str, shards: Vec<String>, after: Option<Position>) -> Self {
        Self { list, after, shards: shards.into_iter().map(Shard::new).collect(), items: Vec::new() }
    }

    /// Returns the time from which on, inclusive, shards are read; `None` to read from their newest items.
    pub(super) fn from(&self) -> Option<&str> {
        self.after.as_ref().map(|after| after.created_at.as_str())
    }

    /// Returns the shards that may have more items, each with its index.
    pub(super) fn open(&self) -> impl Iterator<Item = (usize, &Shard)> {
        self.shards.iter().enumerate().filter(|(_, shard)| shard.is_open())
    }

    /// Adds the next page of a shard.
    pub(super) fn add(&mut self, shard: usize, items: Vec<Item>, next: Option<Item>) -> Result<(), Malformed> {
        for item in items {
            let position = Position::of(&item)?;
            if self.after.as_ref().is_none_or(|after| position < *after) {
                self.items.push((position, item));
            }
        }
        if let Some(shard) = self.shards.get_mut(shard) {
            shard.next = next.filter(|key| !key.is_empty());
            shard.is_started = true;
        }
        Ok(())
    }

    /// Returns the time beyond which the list is not complete; `None` when every shard is read completely.
    fn horizon(&self) -> Result<Option<String>, Malformed> {
        let ends = self.shards.iter().filter_map(|shard| shard.next.as_ref());
        let ends = ends.map(|key| Ok(Position::of(key)?.created_at)).collect::<Result<Vec<_>, Malformed>>()?;
        Ok(ends.into_iter().max())
    }

    /// Returns whether `limit` items are known, or all that there are.
    pub(super) fn has(&self, limit: usize) -> Result<bool, Malformed> {
        let Some(horizon) = self.horizon()? else { return Ok(true) };
        Ok(self.items.iter().filter(|(position, _)| position.created_at > horizon).count() >= limit)
    }

    /// Returns whether the list is complete down to a time that no earlier page has reached: a page that ends here makes progress.
    pub(super) fn has_advanced(&self) -> Result<bool, Malformed> {
        let horizon = self.horizon()?;
        Ok(horizon.is_none_or(|horizon| self.after.as_ref().is_none_or(|after| horizon < after.created_at)))
    }

    /// Returns at most `limit` items in order, and the position at which the next page starts, if there may be one.
    pub(super) fn page(self, limit: usize) -> Result<(Vec<Item>, Option<Position>), Malformed> {
        let horizon = self.horizon()?;
        let mut items = self.items;
        items.retain(|(position, _)| horizon.as_ref().is_none_or(|horizon| position.created_at > *horizon));
        items.sort_by(|(one, _), (other, _)| Reverse(one).cmp(&Reverse(other)));
        let next = if items.len() > limit {
            items.truncate(limit);
            items.last().map(|(position, _)| position.clone())
        } else {
            // Everything newer than the horizon is on this page.
            horizon.map(|horizon| Position::before(&horizon, self.list))
        };
        Ok((items.into_iter().map(|(_, item)| item).collect(), next))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::attributes::{Writer, string};
    use super::*;

    fn item((time, id): (u32, u32)) -> Item {
        let key = Writer::default().set("pk", string(format!("package#{id:026}")));
        key.set("created_at", string(format!("{time:04}"))).finish()
    }

    /// Reads a page of `size` items of a shard, as a query of the index does: newest first, and in any order at one time.
    fn query(shard: &[Item], from: Option<&str>, start: Option<&Item>, size: usize) -> (Vec<Item>, Option<Item>) {
        let mut shard: Vec<Item> = shard.to_vec();
        shard.sort_by_key(|item| Reverse(Position::of(item).unwrap().created_at));
        let skipped = start.map_or(0, |start| shard.iter().position(|item| item == start).unwrap() + 1);
        let rest = shard.into_iter().skip(skipped);
        let rest = rest.filter(|item| from.is_none_or(|from| Position::of(item).unwrap().created_at.as_str() <= from));
        let page: Vec<Item> = rest.take(size).collect();
        let next = page.last().filter(|_| page.len() == size).cloned();
        (page, next)
    }

    proptest! {
        /// The reference model is the sorted list. Few times, so that many items share one.
        #[test]
        fn pages_of_shards_are_the_sorted_list(
            items in prop::collection::btree_set((0..6_u32, 0..1000_u32), 0..60),
            spread in prop::collection::vec(0..3_usize, 60),
            (limit, size, rounds) in (1..9_usize, 1..6_usize, 1..9_usize),
        ) {
            let mut shards = [vec![], vec![], vec![]];
            for (each, shard) in items.iter().zip(&spread) {
                shards[*shard].push(item(*each));
            }
            let mut expected: Vec<Item> = items.iter().copied().map(item).collect();
            expected.reverse();
            let (mut found, mut after, mut pages) = (Vec::new(), None, 0);
            loop {
                let mut merge = Merge::new("package", vec!["0".into(), "1".into(), "2".into()], after.clone());
                let mut round = 0;
                while round == 0 || !merge.has(limit).unwrap() && (round < rounds || !merge.has_advanced().unwrap()) {
                    let open: Vec<usize> = merge.open().map(|(index, _)| index).collect();
                    for index in open {
                        let (page, next) = query(&shards[index], merge.from(), merge.shards[index].next.as_ref(), size);
                        merge.add(index, page, next).unwrap();
                    }
                    round += 1;
                }
                let (page, next) = merge.page(limit).unwrap();
                prop_assert!(page.len() <= limit);
                found.extend(page);
                pages += 1;
                prop_assert!(pages < 1000, "the list ends");
                let Some(next) = next else { break };
                after = Some(next);
            }
            prop_assert_eq!(found, expected);
        }
    }
}
