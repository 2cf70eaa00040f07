//! More than a hundred thousand damaged indexes of real files: each gives an error or a movie, within bounded time and memory.
//!
//! A case changes one to eight consecutive bytes of a `moov`, a `moof` or the header of another box, and takes the file through
//! all steps: index, movie, plan, the first work unit, manifests. A panic fails the test. The other bounds are on counters that
//! a busy machine does not affect:
//!
//! - *Time*: a case has one second of processor time, which the kernel counts for its thread. A case takes about fifty
//!   microseconds, so load from other processes cannot make it exceed the bound. The process has a limit on its total
//!   processor time, which ends a case that never returns.
//! - *Memory*: the allocator counts over all threads, so the bound holds for each case too.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{fs, thread};

use peak_alloc::PeakAlloc;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use vpp_media::cenc::{ContentKey, ContentKeys, KeyId, Scheme};
use vpp_media::cmaf::{
    KeyParameters, PlanOptions, Planner, ProtectedTracks, Protection, SegmentId, SegmentSize, SegmentSizes,
    SourceBuffers, package_work_unit,
};
use vpp_media::dash::{self, MpdOptions};
use vpp_media::hls::{self, HlsOptions};
use vpp_media::isobmff::IndexReader;
use vpp_tests::fixtures;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// H.264; H.265; AV1, VP9 and five audio codecs; fragments with an index each; an edit list with an empty edit; QuickTime.
const MOVIES: [&str; 6] =
    ["still.mp4", "hevc.mp4", "codecs.mp4", "fragments-dash.mp4", "late-audio.mp4", "quicktime.mov"];

const MUTATIONS_PER_MOVIE: u64 = 20_000;

/// The processor time for one case.
const MAX_CASE_TIME: Duration = Duration::from_secs(1);

/// The processor time for all cases, including preparation.
const MAX_TOTAL_TIME: Duration = Duration::from_mins(15);

/// The memory of all threads, in addition to four times the largest `moov`.
const MAX_MEMORY: usize = 64 << 20;

/// Work units with more source bytes than this are not packaged.
const MAX_WORK_UNIT_BYTES: u64 = 128 * 1024;

struct Movie {
    file: Vec<u8>,
    /// The offsets of the bytes of indexes and box headers.
    offsets: Vec<usize>,
    moov_bytes: usize,
}

impl Movie {
    fn read(name: &str) -> Self {
        // The movie with every codec is a fixture of the engine's unit tests.
        let engine = fixtures::root().join("crates/media/tests/support").join(name);
        let file = fs::read(if engine.exists() { engine } else { fixtures::fixture(name) }).unwrap();
        let (mut offsets, mut moov_bytes, mut at) = (Vec::new(), 0, 0);
        while at < file.len() {
            let size = u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize;
            let is_index = matches!(&file[at + 4..at + 8], b"moov" | b"moof" | b"sidx");
            if &file[at + 4..at + 8] == b"moov" {
                moov_bytes = size;
            }
            offsets.extend(at..if is_index { at + size } else { at + 8 });
            at += size;
        }
        Self { file, offsets, moov_bytes }
    }
}

/// A file with some bytes changed, without copying it.
struct Damaged<'m> {
    file: &'m [u8],
    changes: Vec<(usize, u8)>,
}

impl Damaged<'_> {
    fn bytes(&self, range: &Range<u64>) -> Vec<u8> {
        let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
        let mut bytes = self.file[range.clone()].to_vec();
        for (offset, value) in self.changes.iter().filter(|(offset, _)| range.contains(offset)) {
            bytes[offset - range.start] = *value;
        }
        bytes
    }

    /// Takes the file through all steps, up to the first error.
    fn package(&self, scheme: Option<Scheme>) -> vpp_media::Result<()> {
        let mut reader = IndexReader::new(self.file.len() as u64)?;
        while let Some(range) = reader.want() {
            reader.supply(&self.bytes(&range))?;
        }
        let index = reader.finish()?;
        let movie = vpp_media::track::Movie::parse(&index)?;
        let (key, kid) = (ContentKey::new([7; 16]), KeyId::new([1; 16]).unwrap());
        let keys: ContentKeys = [(kid, key.clone())].into_iter().collect();
        let protection = scheme.map(|scheme| {
            let key = KeyParameters::derive(scheme, &key, kid, b"content");
            Protection { scheme, tracks: ProtectedTracks::All, key, audio_key: None }
        });
        let options = PlanOptions {
            segment_duration: Duration::from_secs(1),
            work_unit_bytes: MAX_WORK_UNIT_BYTES / 2,
            protection,
            ..PlanOptions::default()
        };
        let mut planner = Planner::new(&movie, &options)?;
        let mut packaged = Ok(());
        for work_unit in &mut planner {
            let work_unit = work_unit?;
            if work_unit.index == 0 && work_unit.source_bytes() <= MAX_WORK_UNIT_BYTES {
                let parts = work_unit.ranges.iter().map(|range| self.bytes(&range.bytes)).collect();
                let mut source = SourceBuffers::new(&work_unit, parts)?;
                packaged = package_work_unit(&work_unit, &mut source, &keys).map(drop);
            }
        }
        let presentation = planner.finish()?;
        let mut sizes = SegmentSizes::new(&presentation);
        for representation in &presentation.representations {
            for number in 1..=u32::try_from(representation.segments.len()).unwrap() {
                let size = SegmentSize { bytes: 100_000, first_sample_end: 10_000 };
                sizes.set(SegmentId { representation: representation.id, number }, size)?;
            }
        }
        hls::playlists(&presentation, &sizes, &HlsOptions::default())?;
        dash::mpd(&presentation, &sizes, &MpdOptions::default())?;
        packaged
    }
}

/// A deterministic pseudorandom number generator (xorshift).
struct PseudoRandom(u64);

impl PseudoRandom {
    fn from_seed(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, bound: usize) -> usize {
        for (left, amount) in [(true, 13), (false, 7), (true, 17)] {
            self.0 ^= if left { self.0 << amount } else { self.0 >> amount };
        }
        usize::try_from(self.0 >> 11).unwrap() % bound
    }
}

/// Returns case `number` of the movie at `movie_index`.
fn damaged(movie: &Movie, number: u64, movie_index: u64) -> (Damaged<'_>, Option<Scheme>) {
    let mut numbers = PseudoRandom::from_seed(number * 31 + movie_index + 1);
    // Adjacent seeds give similar first numbers: skip them.
    (0..8).for_each(|_| {
        numbers.below(1);
    });
    let (first, count) = (numbers.below(movie.offsets.len()), 1 + numbers.below(8));
    let change = |offset: &usize| {
        let any = u8::try_from(numbers.below(256)).unwrap();
        (*offset, [0, 1, 0x7f, 0x80, 0xff, any, any, any][numbers.below(8)])
    };
    let changes = movie.offsets.iter().skip(first).take(count).map(change).collect();
    let scheme = [Some(Scheme::Cbcs), Some(Scheme::Cenc), None][usize::try_from(number % 3).unwrap()];
    (Damaged { file: &movie.file, changes }, scheme)
}

/// Returns the processor time that this thread has used.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap(), u32::try_from(time.tv_nsec).unwrap())
}

#[test]
fn damaged_indexes_are_refused_or_packaged_within_bounded_time_and_memory() {
    let limit = Rlimit { current: Some(MAX_TOTAL_TIME.as_secs()), maximum: getrlimit(Resource::Cpu).maximum };
    setrlimit(Resource::Cpu, limit).expect("the processor time of a process can be limited");
    let movies = MOVIES.map(Movie::read);
    let threads = thread::available_parallelism().map_or(2, usize::from).min(4) as u64;
    let (errors, packaged) = (AtomicU64::new(0), AtomicU64::new(0));
    let largest_moov = movies.iter().map(|movie| movie.moov_bytes).max().unwrap();
    for movie in &movies {
        let undamaged = Damaged { file: &movie.file, changes: Vec::new() };
        assert_eq!(undamaged.package(Some(Scheme::Cenc)), Ok(()), "the undamaged movies are packaged");
    }
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let work = &|first: u64| {
        for (movie_index, movie) in (0..).zip(&movies) {
            for number in (first..MUTATIONS_PER_MOVIE).step_by(usize::try_from(threads).unwrap()) {
                let (damaged, scheme) = damaged(movie, number, movie_index);
                let start = processor_time();
                let outcome = damaged.package(scheme);
                let took = processor_time().saturating_sub(start);
                assert!(
                    took < MAX_CASE_TIME,
                    "{}, case {number}: {took:?}",
                    MOVIES[usize::try_from(movie_index).unwrap()]
                );
                let counter = if outcome.is_ok() { &packaged } else { &errors };
                counter.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|first| scope.spawn(move || work(first))).collect();
        workers.into_iter().for_each(|worker| worker.join().expect("no case panics"));
    });
    let grown = MEMORY.peak_usage() - before;
    assert!(grown <= MAX_MEMORY + 4 * largest_moov, "{grown} bytes");
    let (errors, packaged) = (errors.into_inner(), packaged.into_inner());
    assert_eq!(errors + packaged, MUTATIONS_PER_MOVIE * MOVIES.len() as u64);
    assert!(errors > 10_000 && packaged > 10_000, "{errors} errors, {packaged} packaged");
}
