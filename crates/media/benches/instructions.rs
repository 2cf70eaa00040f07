//! One piece of the engine's work, once, for who counts its instructions: `instructions NAME`; without a name, lists them.
//!
//! What is to be counted is all in [`counted`], which Callgrind is told by name: making the input is not the engine's work.

#![allow(
    missing_docs,
    dead_code,
    unreachable_pub,
    unused_imports,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::struct_excessive_bools,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark: it may panic, and its sizes are small"
)]

mod work;

use work::Work;

fn main() {
    // Cargo adds --bench where it runs this itself.
    let asked = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    for (name, make) in work::ALL {
        match &asked {
            None => println!("{name}"),
            Some(asked) if asked == name => counted(&mut make()),
            Some(_) => {}
        }
    }
}

#[inline(never)]
fn counted(work: &mut Work) {
    (work.run)();
}
