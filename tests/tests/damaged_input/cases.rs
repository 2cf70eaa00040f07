//! Runs cases, and checks the bounds on each.
//!
//! The bounds are on counters that a busy machine does not affect:
//!
//! - *Time*: the kernel counts the processor time of the thread. A case takes about fifty microseconds, so load from other
//!   processes cannot make it exceed the bound.
//! - *Memory*: the allocator counts over all threads, so the bound holds for each case too.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use peak_alloc::PeakAlloc;
use rustix::time::{ClockId, clock_gettime};
use vpp_media::cenc::Scheme;

use super::damage::damaged;
use super::sources::Source;
use super::steps::process;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The processor time for one case.
const MAX_CASE_TIME: Duration = Duration::from_secs(1);

/// The memory for one case, in addition to four times its file.
const MAX_MEMORY: usize = 64 << 20;

/// The outcomes of cases.
#[derive(Debug, Default)]
pub struct Outcomes {
    pub refused: u64,
    pub packaged: u64,
    /// A description of each case that panicked or exceeded a bound.
    pub faults: Vec<String>,
}

/// Runs the cases with these numbers. Consecutive numbers are cases of different sources.
pub fn run(sources: &[Source], numbers: Range<u64>) -> Outcomes {
    let mut outcomes = Outcomes::default();
    for number in numbers {
        let source = &sources[usize::try_from(number % sources.len() as u64).unwrap()];
        let scheme = [Some(Scheme::Cbcs), Some(Scheme::Cenc), None][usize::try_from(number / 7 % 3).unwrap()];
        let file = damaged(source, number);
        MEMORY.reset_peak_usage();
        let (before, start) = (MEMORY.current_usage(), processor_time());
        let outcome = catch_unwind(AssertUnwindSafe(|| process(&file, source.format, scheme)));
        let took = processor_time().saturating_sub(start);
        let memory = MEMORY.peak_usage().saturating_sub(before);
        let fault = match outcome {
            Err(_) => Some("it panicked".to_owned()),
            Ok(_) if took > MAX_CASE_TIME => Some(format!("it took {took:?}")),
            Ok(_) if memory > MAX_MEMORY + 4 * file.len() => Some(format!("it took {memory} bytes of memory")),
            Ok(Ok(())) => {
                outcomes.packaged += 1;
                None
            }
            Ok(Err(_)) => {
                outcomes.refused += 1;
                None
            }
        };
        outcomes.faults.extend(fault.map(|fault| format!("case {number} ({}, {scheme:?}): {fault}", source.name)));
    }
    outcomes
}

/// Returns the processor time that this thread has used.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap(), u32::try_from(time.tv_nsec).unwrap())
}
