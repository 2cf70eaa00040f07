//! Short names of long things: states are told apart by 64 bits of a hash of what they show.

use std::cell::RefCell;
use std::fmt::{Debug, Write};
use std::hash::{DefaultHasher, Hash, Hasher};

thread_local! {
    static TEXT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Of what is shown by `Debug`.
pub(crate) fn of_debug(thing: &impl Debug) -> u64 {
    TEXT.with_borrow_mut(|text| {
        text.clear();
        write!(text, "{thing:?}").expect("a string takes everything");
        of(text)
    })
}

/// Of what hashes by itself.
pub(crate) fn of(thing: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    thing.hash(&mut hasher);
    hasher.finish()
}

/// Of things whose order does not matter.
pub(crate) fn of_all(digests: impl Iterator<Item = u64>) -> u64 {
    let mut all: Vec<u64> = digests.collect();
    all.sort_unstable();
    of(&all)
}
