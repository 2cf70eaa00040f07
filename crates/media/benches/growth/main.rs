//! Runs the engine once on an input of a chosen size, under a counter of instructions: `growth NAME FACTOR`. Without a name, it
//! lists the inputs.
//!
//! Every input has one quantity that is a multiple of `FACTOR`: slices of a frame, edits of a track, cues of a file. If the
//! processor time grows in proportion to that quantity, four times the factor takes four times the instructions.
//! `infra/growth.py` compares them.

#![allow(
    missing_docs,
    dead_code,
    unreachable_pub,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::struct_excessive_bools,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark may panic, and its sizes are small"
)]

mod boxes;
#[path = "../../tests/support/index.rs"]
mod index;
mod inputs;
#[path = "../../tests/support/mod.rs"]
mod support;

use inputs::{INPUTS, Run};

fn main() {
    // Cargo adds --bench if it runs this program itself.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let [requested, factor] = arguments.as_slice() else {
        INPUTS.iter().for_each(|(name, _)| println!("{name}"));
        return;
    };
    let (_, prepare) = INPUTS.iter().find(|(name, _)| name == requested).unwrap();
    counted(&mut prepare(factor.parse().unwrap()));
}

/// Callgrind counts the instructions of this function, by its name.
#[inline(never)]
fn counted(run: &mut Run) {
    run();
}
