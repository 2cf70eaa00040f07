//! More than a hundred thousand damaged files: each is an error or a result, within bounded time and memory.
//!
//! A case damages a movie or a subtitle file and takes it through all steps: index, movie, preflight, plan, the first work unit,
//! manifests. `make fuzz` runs many more cases, on many more files.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]
#![expect(unreachable_pub, reason = "the modules are shared with an example")]
#![allow(dead_code, reason = "the example uses more of the shared modules")]

mod cases;
mod damage;
mod random;
mod sources;
mod steps;

use std::thread;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sources::Format;

const CASES: u64 = 120_000;

/// The processor time for all cases, including preparation: it ends a case that never returns.
const MAX_TOTAL_SECONDS: u64 = 15 * 60;

#[test]
fn damaged_files_are_refused_or_packaged_within_bounded_time_and_memory() {
    let limit = Rlimit { current: Some(MAX_TOTAL_SECONDS), maximum: getrlimit(Resource::Cpu).maximum };
    setrlimit(Resource::Cpu, limit).expect("the processor time of a process can be limited");
    let sources = sources::few();
    for source in &sources {
        let scheme = Some(vpp_media::cenc::Scheme::Cenc);
        assert_eq!(steps::process(&source.file, source.format, scheme), Ok(()), "{} is packaged", source.name);
    }
    assert!(sources.iter().any(|source| source.format == Format::Subtitles));
    let threads = thread::available_parallelism().map_or(2, usize::from).min(4) as u64;
    let share = CASES.div_ceil(threads);
    let outcomes: Vec<_> = thread::scope(|scope| {
        let sources = &sources;
        let worker = |number| scope.spawn(move || cases::run(sources, number * share..CASES.min((number + 1) * share)));
        let workers: Vec<_> = (0..threads).map(worker).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    let faults: Vec<_> = outcomes.iter().flat_map(|outcomes| &outcomes.faults).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    let refused: u64 = outcomes.iter().map(|outcomes| outcomes.refused).sum();
    let packaged: u64 = outcomes.iter().map(|outcomes| outcomes.packaged).sum();
    assert_eq!(refused + packaged, CASES);
    assert!(refused > CASES / 10 && packaged > CASES / 10, "{refused} refused, {packaged} packaged");
}
