//! Movies of a day, of a tebibyte, and with nearly the largest index that is allowed: sparse files with a complete index and no
//! media.
//!
//! The bounds are on counters, so a busy machine does not affect them: the allocator counts memory, or the kernel limits it for
//! a process (`RLIMIT_DATA`); the kernel counts the processor time of this thread. The allocator counts for the whole process,
//! so there is one test only.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use peak_alloc::PeakAlloc;
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use tempfile::TempDir;
use vpp_media::cmaf::{PlanOptions, PlanWriter, Planner};
use vpp_media::isobmff::{Index, IndexReader, MAX_MOOV_BYTES};
use vpp_media::preflight::preflight;
use vpp_scale::movie::Movie;
use vpp_tests::vpp;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const MIB: u64 = 1 << 20;
const DAY: u32 = 24 * 60 * 60;

/// Memory that ingest and fragment use in addition to four times the index: docs/performance-and-cost.md.
const BASE_MEMORY: u64 = 48 * MIB;

/// The processor time of a stage: a tenth of the `Timeout` of ingest and fragment.
const MAX_TIME: Duration = Duration::from_secs(30);

/// Bytes and seconds of a source.
const A_DAY: (u64, u32) = (40 << 30, DAY);
const A_TEBIBYTE: (u64, u32) = (1 << 40, DAY);
/// Forty-five million samples, thirty million of them in one track: close to the limit of 33 million for a track.
const A_WEEK: (u64, u32) = (1 << 40, DAY * 7);

fn movie((bytes, seconds): (u64, u32)) -> Movie {
    Movie::new(bytes, seconds, 1)
}

/// Writes `movie` as a sparse file that occupies no more space than its index.
fn sparse(movie: &Movie, folder: &TempDir) -> PathBuf {
    let path = folder.path().join("movie.mp4");
    let mut file = File::create(&path).unwrap();
    file.write_all(&movie.read(0..movie.header_len())).unwrap();
    file.set_len(movie.len()).unwrap();
    path
}

/// Runs `command` with a heap that the kernel limits to `bytes`.
fn within(bytes: u64, command: &Command) -> Output {
    let limited = format!("ulimit -d {} && exec \"$@\"", bytes / 1024);
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(limited).arg("sh").arg(command.get_program()).args(command.get_args());
    shell.output().unwrap()
}

/// Returns the processor time that this thread has used.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap(), u32::try_from(time.tv_nsec).unwrap())
}

/// Runs `stage`. Returns its result and its peak memory in bytes.
fn peak_memory<T>(stage: impl FnOnce() -> T) -> (T, u64) {
    MEMORY.reset_peak_usage();
    let (before, start) = (MEMORY.current_usage(), processor_time());
    let result = stage();
    let took = processor_time().saturating_sub(start);
    assert!(took <= MAX_TIME, "{took:?}");
    (result, u64::try_from(MEMORY.peak_usage() - before).unwrap())
}

fn index(movie: &Movie) -> Index {
    let mut reader = IndexReader::new(movie.len()).unwrap();
    while let Some(range) = reader.want() {
        reader.supply(&movie.read(range)).unwrap();
    }
    reader.finish().unwrap()
}

#[test]
fn large_movies_are_validated_and_planned_within_the_documented_memory() {
    inspect_a_sparse_tebibyte_within_the_bound();
    for source in [A_DAY, A_TEBIBYTE, A_WEEK] {
        let movie = movie(source);
        let bound = BASE_MEMORY + 4 * movie.header_len();
        assert!(movie.header_len() <= MAX_MOOV_BYTES);

        // The steps of ingest.
        let (predicted, ingest_memory) = peak_memory(|| {
            let index = index(&movie);
            preflight(&index, &vpp_media::track::Movie::parse(&index).unwrap(), &PlanOptions::default())
                .unwrap()
                .segments
        });
        assert!(ingest_memory <= bound, "ingest held {ingest_memory} of {bound} bytes");

        // The steps of fragment.
        let (segments, fragment_memory) = peak_memory(|| {
            let index = index(&movie);
            let movie = vpp_media::track::Movie::parse(&index).unwrap();
            let mut planner = Planner::new(&movie, &PlanOptions::default()).unwrap();
            let mut writer = PlanWriter::new();
            let mut segments = 0_u64;
            for work_unit in &mut planner {
                let work_unit = work_unit.unwrap();
                segments += work_unit.segments.len() as u64;
                writer.push(&work_unit).unwrap();
            }
            (segments, writer.finish(&planner.finish().unwrap()).unwrap()).0
        });
        assert!(fragment_memory <= bound, "fragment held {fragment_memory} of {bound} bytes");
        assert_eq!(segments, predicted);
    }
}

/// Inspects the sparse file with the command.
fn inspect_a_sparse_tebibyte_within_the_bound() {
    let folder = TempDir::new().unwrap();
    let movie = movie(A_TEBIBYTE);
    let file = sparse(&movie, &folder);
    let mut inspect = vpp::command();
    inspect.arg("inspect").arg(&file).arg("--json");
    let output = within(BASE_MEMORY + 4 * movie.header_len(), &inspect);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["verdict"], &report["work_units"]), (&json!("accepted"), &json!(14_400)));
    let output = within(16 * MIB, &inspect);
    assert!(!output.status.success(), "the limit is in force");
}
