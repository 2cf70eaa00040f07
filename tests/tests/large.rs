//! Movies of a day, of a tebibyte, and with the largest index there may be: sparse files that have all of their index and
//! none of their media.
//!
//! What is bounded is counted, so that a busy machine makes no difference: memory by the allocator, or, where a process is
//! run, by the kernel, which gives it no more (`RLIMIT_DATA`); the processor's time by the kernel for this thread. The
//! allocator counts for the whole process, so all of it is one test.

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

/// What ingest and fragment hold beside four times the index: docs/performance-and-cost.md.
const BESIDE: u64 = 48 * MIB;

/// The processor's time of a stage: a tenth of what its function may run (`Timeout` of ingest and fragment).
const MOST_TIME: Duration = Duration::from_secs(30);

/// Bytes and seconds of a source.
const A_DAY: (u64, u32) = (40 << 30, DAY);
const A_TEBIBYTE: (u64, u32) = (1 << 40, DAY);
/// Forty-five million samples, thirty of them in one track, which may have 33: hardly fewer than there may be.
const A_WEEK: (u64, u32) = (1 << 40, DAY * 7);

fn movie((bytes, seconds): (u64, u32)) -> Movie {
    Movie::new(bytes, seconds, 1)
}

/// The file of `movie`, which takes no more room than its index.
fn sparse(movie: &Movie, folder: &TempDir) -> PathBuf {
    let path = folder.path().join("movie.mp4");
    let mut file = File::create(&path).unwrap();
    file.write_all(&movie.read(0..movie.header_len())).unwrap();
    file.set_len(movie.len()).unwrap();
    path
}

/// `command`, whose heap the kernel keeps within `bytes`.
fn within(bytes: u64, command: &Command) -> Output {
    let limited = format!("ulimit -d {} && exec \"$@\"", bytes / 1024);
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(limited).arg("sh").arg(command.get_program()).args(command.get_args());
    shell.output().unwrap()
}

/// The processor's time that this thread has taken.
fn time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap(), u32::try_from(time.tv_nsec).unwrap())
}

/// What `stage` gives, and the most memory it held, in bytes.
fn held<T>(stage: impl FnOnce() -> T) -> (T, u64) {
    MEMORY.reset_peak_usage();
    let (before, began) = (MEMORY.current_usage(), time());
    let result = stage();
    let took = time().saturating_sub(began);
    assert!(took <= MOST_TIME, "{took:?}");
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
    a_sparse_tebibyte_is_inspected_within_the_bound();
    for source in [A_DAY, A_TEBIBYTE, A_WEEK] {
        let movie = movie(source);
        let bound = BESIDE + 4 * movie.header_len();
        assert!(movie.header_len() <= MAX_MOOV_BYTES);

        // As ingest does.
        let (predicted, held_by_ingest) = held(|| {
            let index = index(&movie);
            preflight(&index, &vpp_media::track::Movie::parse(&index).unwrap(), &PlanOptions::default())
                .unwrap()
                .segments
        });
        assert!(held_by_ingest <= bound, "ingest held {held_by_ingest} of {bound} bytes");

        // As fragment does.
        let (segments, held_by_fragment) = held(|| {
            let index = index(&movie);
            let movie = vpp_media::track::Movie::parse(&index).unwrap();
            let mut planner = Planner::new(&movie, &PlanOptions::default()).unwrap();
            let mut writer = PlanWriter::new();
            let mut segments = 0_u64;
            for work_unit in &mut planner {
                let work_unit = work_unit.unwrap();
                segments += work_unit.segments.len() as u64;
                writer.push(&work_unit);
            }
            (segments, writer.finish(&planner.finish().unwrap())).0
        });
        assert!(held_by_fragment <= bound, "fragment held {held_by_fragment} of {bound} bytes");
        assert_eq!(segments, predicted);
    }
}

/// The file itself, sparse, through the command.
fn a_sparse_tebibyte_is_inspected_within_the_bound() {
    let folder = TempDir::new().unwrap();
    let movie = movie(A_TEBIBYTE);
    let file = sparse(&movie, &folder);
    let mut inspect = vpp::command();
    inspect.arg("inspect").arg(&file).arg("--json");
    let output = within(BESIDE + 4 * movie.header_len(), &inspect);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&told["verdict"], &told["work_units"]), (&json!("accepted"), &json!(14_400)));
    let output = within(16 * MIB, &inspect);
    assert!(!output.status.success(), "the limit is in force");
}
