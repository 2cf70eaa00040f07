//! `make fuzz`: runs millions of damaged files in processes of their own, and continues where an earlier run stopped.
//!
//! `fuzz CASES STATE` runs all cases below `CASES` that the file STATE does not list as done, in blocks. A process runs a block. If
//! it crashes or exceeds its limit on processor time, the block is divided until the case is found. `fuzz --block FROM TO` runs
//! one block, and prints a line for each fault.

#![expect(clippy::unwrap_used, reason = "a panic is how this program fails")]
#![expect(clippy::print_stdout, reason = "a program prints its result")]
#![expect(unreachable_pub, reason = "the modules are shared with a test")]
#![allow(dead_code, reason = "the test uses more of the shared modules")]

#[path = "../tests/damaged_input/cases.rs"]
mod cases;
#[path = "../tests/damaged_input/damage.rs"]
mod damage;
#[path = "../tests/damaged_input/random.rs"]
mod random;
#[path = "../tests/damaged_input/sources.rs"]
mod sources;
#[path = "../tests/damaged_input/steps.rs"]
mod steps;

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Cases of a block. The preparation of a process takes as long as about a thousand cases.
const BLOCK: u64 = 50_000;

/// Processor time of a block in seconds, of which it normally needs a twentieth: it ends a case that never returns.
const MAX_BLOCK_SECONDS: u64 = 120;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--block", from, to] => {
            run_block(from.parse().unwrap()..to.parse().unwrap());
            ExitCode::SUCCESS
        }
        [cases, state] => run_all(cases.parse().unwrap(), Path::new(state)),
        _ => panic!("usage: fuzz CASES STATE"),
    }
}

fn run_block(numbers: Range<u64>) {
    let limit = Rlimit { current: Some(MAX_BLOCK_SECONDS), maximum: getrlimit(Resource::Cpu).maximum };
    setrlimit(Resource::Cpu, limit).unwrap();
    let outcomes = cases::run(&sources::all(), numbers);
    outcomes.faults.iter().for_each(|fault| println!("{fault}"));
    println!("{} refused, {} packaged", outcomes.refused, outcomes.packaged);
}

/// Runs all blocks that are not done. STATE has the number of the first case of each finished block, and the faults.
fn run_all(cases: u64, state: &Path) -> ExitCode {
    let text = fs::read_to_string(state).unwrap_or_default();
    let done: BTreeSet<u64> = text.lines().filter_map(|line| line.parse().ok()).collect();
    let faults: Mutex<Vec<String>> =
        Mutex::new(text.lines().filter(|line| line.starts_with("case ")).map(str::to_owned).collect());
    let file = Mutex::new(OpenOptions::new().create(true).append(true).open(state).unwrap());
    let next = AtomicU64::new(0);
    let threads = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let from = next.fetch_add(BLOCK, Ordering::Relaxed);
                    if from >= cases {
                        break;
                    }
                    if done.contains(&from) {
                        continue;
                    }
                    let found = faults_of(from..cases.min(from + BLOCK));
                    write_state(&file, &found, from);
                    found.iter().for_each(|fault| println!("{fault}"));
                    faults.lock().unwrap().extend(found);
                    println!("{} cases", from + BLOCK);
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap();
    println!("{cases} cases, {} faults", faults.len());
    faults.iter().for_each(|fault| println!("{fault}"));
    ExitCode::from(u8::from(!faults.is_empty()))
}

fn write_state(file: &Mutex<File>, faults: &[String], from: u64) {
    let from = from.to_string();
    let lines: Vec<&str> = faults.iter().map(String::as_str).chain([from.as_str(), ""]).collect();
    file.lock().unwrap().write_all(lines.join("\n").as_bytes()).unwrap();
}

/// Runs cases in a process and returns its faults. Divides the cases of a process that did not end well.
fn faults_of(numbers: Range<u64>) -> Vec<String> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--block", &numbers.start.to_string(), &numbers.end.to_string()]).stderr(Stdio::null());
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    if output.status.success() {
        return text.lines().filter(|line| line.starts_with("case ")).map(str::to_owned).collect();
    }
    if numbers.end - numbers.start == 1 {
        return vec![format!("case {}: {}", numbers.start, output.status)];
    }
    let middle = numbers.start.midpoint(numbers.end);
    [faults_of(numbers.start..middle), faults_of(middle..numbers.end)].concat()
}
