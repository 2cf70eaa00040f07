//! Runs one benchmark of the engine once, under a counter of instructions: `instructions NAME`. Without a name, it lists the
//! benchmarks.
//!
//! Callgrind counts the instructions of the function [`counted`], by its name. The preparation of the input is outside it.

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
    reason = "a benchmark may panic, and its sizes are small"
)]

mod work;

use work::Benchmark;

fn main() {
    // Cargo adds --bench if it runs this program itself.
    let requested = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    for (name, prepare) in work::BENCHMARKS {
        match &requested {
            None => println!("{name}"),
            Some(requested) if requested == name => counted(&mut prepare()),
            Some(_) => {}
        }
    }
}

#[inline(never)]
fn counted(benchmark: &mut Benchmark) {
    (benchmark.run)();
}
