//! A hundred thousand damaged indexes of real files: each is an error or a movie, soon, and for little memory.
//!
//! One to eight bytes in a row of a `moov`, a `moof` or the head of another box are changed, and the file goes the whole way:
//! index, movie, plan, the first work unit packaged, manifests. Zero panics: one would fail the test. The other bounds are held
//! by counters that a busy machine does not move:
//!
//! - *A second for each case* is a second of the processor's time, counted by the kernel for the thread that works on the
//!   case. A case takes some fifty microseconds, so what else the machine does cannot make the difference. A case that never
//!   ended would end the process, whose processor time is limited as a whole.
//! - *Memory* is counted by the allocator, over all threads, so the bound holds for each case all the more.

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
    KeyParameters, PlanOptions, Planner, ProtectedTracks, Protection, SegmentSize, SegmentSizes, SourceBuffers,
    package_work_unit,
};
use vpp_media::dash::{self, MpdOptions};
use vpp_media::hls::{self, HlsOptions};
use vpp_media::isobmff::IndexReader;
use vpp_tests::fixtures;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// H.264; H.265; AV1, VP9 and five codecs of sound; fragments with an index each; an edit list with an empty edit, QuickTime.
const MOVIES: [&str; 6] =
    ["still.mp4", "hevc.mp4", "codecs.mp4", "fragments-dash.mp4", "late-audio.mp4", "quicktime.mov"];

const MUTATIONS_PER_MOVIE: u64 = 20_000;

/// The processor's time for one case.
const MOST_TIME: Duration = Duration::from_secs(1);

/// The processor's time for all of them, set-up included.
const MOST_TIME_ALTOGETHER: Duration = Duration::from_mins(15);

/// What all threads together may hold beyond four times the largest `moov`.
const MOST_MEMORY: usize = 64 << 20;

/// Sources of work units larger than this are not read.
const MOST_WORK_UNIT_BYTES: u64 = 128 * 1024;

struct Movie {
    file: Vec<u8>,
    /// The places of the bytes of indexes.
    places: Vec<usize>,
    moov_bytes: usize,
}

impl Movie {
    fn read(name: &str) -> Self {
        // The movie of every codec lies with the engine's own tests.
        let engine = fixtures::root().join("crates/media/tests/support").join(name);
        let file = fs::read(if engine.exists() { engine } else { fixtures::fixture(name) }).unwrap();
        let (mut places, mut moov_bytes, mut at) = (Vec::new(), 0, 0);
        while at < file.len() {
            let size = u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize;
            let is_index = matches!(&file[at + 4..at + 8], b"moov" | b"moof" | b"sidx");
            if &file[at + 4..at + 8] == b"moov" {
                moov_bytes = size;
            }
            places.extend(at..if is_index { at + size } else { at + 8 });
            at += size;
        }
        Self { file, places, moov_bytes }
    }
}

/// A file with some bytes changed, without a copy of it.
struct Damaged<'m> {
    file: &'m [u8],
    changes: Vec<(usize, u8)>,
}

impl Damaged<'_> {
    fn bytes(&self, range: &Range<u64>) -> Vec<u8> {
        let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
        let mut bytes = self.file[range.clone()].to_vec();
        for (place, value) in self.changes.iter().filter(|(place, _)| range.contains(place)) {
            bytes[place - range.start] = *value;
        }
        bytes
    }

    /// The whole way of a file, as far as it goes.
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
            work_unit_bytes: MOST_WORK_UNIT_BYTES / 2,
            protection,
            ..PlanOptions::default()
        };
        let mut planner = Planner::new(&movie, &options)?;
        let mut packaged = Ok(());
        for work_unit in &mut planner {
            let work_unit = work_unit?;
            if work_unit.index == 0 && work_unit.source_bytes() <= MOST_WORK_UNIT_BYTES {
                let parts = work_unit.ranges.iter().map(|range| self.bytes(&range.bytes)).collect();
                let mut source = SourceBuffers::new(&work_unit, parts)?;
                packaged = package_work_unit(&work_unit, &mut source, &keys).map(drop);
            }
        }
        let presentation = planner.finish()?;
        let mut sizes = SegmentSizes::new(&presentation);
        for own in &presentation.representations {
            for number in 1..=u32::try_from(own.segments.len()).unwrap() {
                let size = SegmentSize { bytes: 100_000, entry_bytes: 10_000 };
                sizes.set(&presentation, &own.name, number, size)?;
            }
        }
        hls::playlists(&presentation, &sizes, &HlsOptions::default())?;
        dash::mpd(&presentation, &sizes, &MpdOptions::default())?;
        packaged
    }
}

/// A row of numbers that looks random and is the same every time.
struct Numbers(u64);

impl Numbers {
    fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, bound: usize) -> usize {
        for (left, amount) in [(true, 13), (false, 7), (true, 17)] {
            self.0 ^= if left { self.0 << amount } else { self.0 >> amount };
        }
        usize::try_from(self.0 >> 11).unwrap() % bound
    }
}

/// Case `number` of a movie.
fn damaged(movie: &Movie, number: u64, of_movie: u64) -> (Damaged<'_>, Option<Scheme>) {
    let mut numbers = Numbers::of(number * 31 + of_movie + 1);
    // Seeds that are near to each other part after a few numbers.
    (0..8).for_each(|_| {
        numbers.below(1);
    });
    let (first, count) = (numbers.below(movie.places.len()), 1 + numbers.below(8));
    let change = |place: &usize| {
        let any = u8::try_from(numbers.below(256)).unwrap();
        (*place, [0, 1, 0x7f, 0x80, 0xff, any, any, any][numbers.below(8)])
    };
    let changes = movie.places.iter().skip(first).take(count).map(change).collect();
    let scheme = [Some(Scheme::Cbcs), Some(Scheme::Cenc), None][usize::try_from(number % 3).unwrap()];
    (Damaged { file: &movie.file, changes }, scheme)
}

/// The processor's time that this thread has taken.
fn time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap(), u32::try_from(time.tv_nsec).unwrap())
}

#[test]
fn damaged_indexes_are_refused_or_packaged_within_bounded_time_and_memory() {
    let limit = Rlimit { current: Some(MOST_TIME_ALTOGETHER.as_secs()), maximum: getrlimit(Resource::Cpu).maximum };
    setrlimit(Resource::Cpu, limit).expect("the time of a process can be limited");
    let movies = MOVIES.map(Movie::read);
    let threads = thread::available_parallelism().map_or(2, usize::from).min(4) as u64;
    let (errors, packaged) = (AtomicU64::new(0), AtomicU64::new(0));
    let largest_moov = movies.iter().map(|movie| movie.moov_bytes).max().unwrap();
    for movie in &movies {
        let whole = Damaged { file: &movie.file, changes: Vec::new() };
        assert_eq!(whole.package(Some(Scheme::Cenc)), Ok(()), "the movies are whole");
    }
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let work = &|own: u64| {
        for (of_movie, movie) in (0..).zip(&movies) {
            for number in (own..MUTATIONS_PER_MOVIE).step_by(usize::try_from(threads).unwrap()) {
                let (damaged, scheme) = damaged(movie, number, of_movie);
                let began = time();
                let outcome = damaged.package(scheme);
                let took = time().saturating_sub(began);
                assert!(took < MOST_TIME, "{}, case {number}: {took:?}", MOVIES[usize::try_from(of_movie).unwrap()]);
                let counter = if outcome.is_ok() { &packaged } else { &errors };
                counter.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|own| scope.spawn(move || work(own))).collect();
        workers.into_iter().for_each(|worker| worker.join().expect("no case panics"));
    });
    let grown = MEMORY.peak_usage() - before;
    assert!(grown <= MOST_MEMORY + 4 * largest_moov, "{grown} bytes");
    let (errors, packaged) = (errors.into_inner(), packaged.into_inner());
    assert_eq!(errors + packaged, MUTATIONS_PER_MOVIE * MOVIES.len() as u64);
    assert!(errors > 10_000 && packaged > 10_000, "{errors} errors, {packaged} packaged");
}
