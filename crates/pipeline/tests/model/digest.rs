//! Digests of states: 64 bits of a hash of their `Debug` text.

use std::cell::RefCell;
use std::fmt::{Debug, Write};
use std::hash::{DefaultHasher, Hash, Hasher};

thread_local! {
    static TEXT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Returns the digest of the `Debug` text.
pub(crate) fn of_debug(value: &impl Debug) -> u64 {
    TEXT.with_borrow_mut(|text| {
        text.clear();
        write!(text, "{value:?}").expect("writing to a string succeeds");
        of(text)
    })
}

/// Returns the digest of a hashable value.
pub(crate) fn of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Returns the digest of a set of digests.
pub(crate) fn of_all(digests: impl Iterator<Item = u64>) -> u64 {
    let mut all: Vec<u64> = digests.collect();
    all.sort_unstable();
    of(&all)
}
