//! The benchmarks of the engine.
//!
//! Every run of a benchmark does the same work: media that is encrypted in place a second time still has clear headers, and its
//! work units have the same length.

#[path = "../../tests/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::ops::Range;
use std::time::Duration;

use support::{Movie, SampleSpec, TrackSpec};
use vpp_media::cenc::{
    ConstantIv, ContentKey, ContentKeys, KeyId, Mode, Pattern, SampleCipher, Scheme, TrackEncryption,
};
use vpp_media::cmaf::{
    KeyParameters, PlanOptions, Planner, ProtectedTracks, Protection, SourceBuffers, WorkUnit, package_work_unit,
};
use vpp_media::isobmff::{Index, IndexReader};
use vpp_media::track::{Movie as Parsed, TrackKind};

/// Twelve frames of two slices each, in H.264 and in H.265: see `tests/splits.rs`.
const FRAMES: &[u8] = include_bytes!("../../tests/support/pictures.mp4");

/// Tracks of several codecs, such as AV1 with nine frames of four tiles each: see `tests/codecs.rs`.
const CODECS: &[u8] = include_bytes!("../../tests/support/codecs.mp4");

/// A benchmark.
pub struct Benchmark {
    /// Bytes that one run processes: of index, or of media.
    pub bytes: u64,
    pub run: Box<dyn FnMut()>,
}

/// Prepares the input of a benchmark.
pub type Prepare = fn() -> Benchmark;

/// All benchmarks, by name.
pub const BENCHMARKS: [(&str, Prepare); 9] = [
    ("parse", parse),
    ("plan", plan),
    ("cipher, cbcs, frames of 33 kB", || cipher(Scheme::Cbcs, Pattern::VIDEO, 33_000)),
    ("cipher, cbcs, audio frames of 341 B", || cipher(Scheme::Cbcs, Pattern::FULL_SAMPLE, 341)),
    ("cipher, cenc, frames of 33 kB", || cipher(Scheme::Cenc, Pattern::VIDEO, 33_000)),
    ("segments of H.264", || segments(FRAMES, "avc1")),
    ("segments of H.265", || segments(FRAMES, "hvc1")),
    ("segments of AV1", || segments(CODECS, "av01")),
    ("segments of Opus", || segments(CODECS, "Opus")),
];

/// A movie of video, in groups of 50 frames, and audio. Their samples alternate, as `ffmpeg` interleaves them.
fn movie() -> Movie {
    let video_frame = |number: usize| SampleSpec {
        size: 30,
        duration: 512,
        composition_offset: if number.is_multiple_of(3) { 1024 } else { 0 },
        is_sync: number.is_multiple_of(50),
    };
    let audio_frame = SampleSpec { size: 10, duration: 1024, composition_offset: 0, is_sync: true };
    let track = |video, timescale, samples| TrackSpec { video, timescale, samples, chunk: 1, change: None, edit: None };
    Movie::new(&[
        track(true, 25_600, (0..20_000).map(video_frame).collect()),
        track(false, 48_000, (0..18_750).map(|_| audio_frame).collect()),
    ])
}

fn index(file: &[u8]) -> Index {
    let mut reader = IndexReader::new(file.len() as u64).unwrap();
    while let Some(range) = reader.want() {
        reader.supply(&file[range.start as usize..range.end as usize]).unwrap();
    }
    reader.finish().unwrap()
}

/// Parses a movie, with only the tracks whose `codecs` string starts with `codec`. It is never freed, so benchmarks can borrow it.
fn parsed(file: &[u8], codec: &str) -> &'static Parsed<'static> {
    let index: &'static Index = Box::leak(Box::new(index(file)));
    let mut movie = Parsed::parse(index).unwrap();
    movie.tracks.retain(|track| track.descriptions.codecs().starts_with(codec));
    Box::leak(Box::new(movie))
}

fn parse() -> Benchmark {
    let file = movie().file;
    let moov = index(&file).moov_range();
    let run = move || {
        black_box(Parsed::parse(&index(&file)).unwrap());
    };
    Benchmark { bytes: moov.end - moov.start, run: Box::new(run) }
}

fn plan() -> Benchmark {
    let file = movie().file;
    let moov = index(&file).moov_range();
    let movie = parsed(&file, "");
    let options = options();
    let run = move || {
        let mut planner = Planner::new(movie, &options).unwrap();
        planner.by_ref().for_each(|work_unit| drop(black_box(work_unit.unwrap())));
        black_box(planner.finish().unwrap());
    };
    Benchmark { bytes: moov.end - moov.start, run: Box::new(run) }
}

fn key() -> ContentKey {
    ContentKey::new([7; 16])
}

fn kid() -> KeyId {
    KeyId::new([1; 16]).unwrap()
}

fn options() -> PlanOptions {
    let key = KeyParameters::derive(Scheme::Cbcs, &key(), kid(), b"content");
    let protection = Some(Protection { scheme: Scheme::Cbcs, tracks: ProtectedTracks::All, key, audio_key: None });
    PlanOptions { segment_duration: Duration::from_secs(4), protection, ..PlanOptions::default() }
}

/// Encrypts one MiB, in ranges of `length` bytes.
fn cipher(scheme: Scheme, pattern: Pattern, length: usize) -> Benchmark {
    let mode = match scheme {
        Scheme::Cbcs => Mode::Cbcs { iv: ConstantIv::new([3; 16]), pattern },
        Scheme::Cenc => Mode::Cenc { first_iv: 3 },
    };
    let cipher = SampleCipher::new(&key(), &TrackEncryption { kid: kid(), mode });
    let mut media = vec![5; 1 << 20];
    let run = move || {
        cipher.encrypt((0..).zip(media.chunks_mut(length)));
        black_box(&mut media);
    };
    Benchmark { bytes: 1 << 20, run: Box::new(run) }
}

/// Packages the segments of the track of `file` whose `codecs` string starts with `codec`, a hundred times.
fn segments(file: &'static [u8], codec: &str) -> Benchmark {
    const REPETITIONS: u64 = 100;
    let movie = parsed(file, codec);
    let audio_only = movie.tracks.iter().all(|track| track.kind == TrackKind::Audio);
    let planner = Planner::new(movie, &PlanOptions { audio_only, ..options() }).unwrap();
    let mut work_units: Vec<(WorkUnit, SourceBuffers)> = planner
        .map(|work_unit| {
            let work_unit = work_unit.unwrap();
            let read = |range: &Range<u64>| file[range.start as usize..range.end as usize].to_vec();
            let buffers = work_unit.ranges.iter().map(|range| read(&range.bytes)).collect();
            let source = SourceBuffers::new(&work_unit, buffers).unwrap();
            (work_unit, source)
        })
        .collect();
    let bytes = work_units.iter().map(|(work_unit, _)| work_unit.source_bytes()).sum::<u64>() * REPETITIONS;
    let keys: ContentKeys = [(kid(), key())].into_iter().collect();
    let run = move || {
        for _ in 0..REPETITIONS {
            for (work_unit, source) in &mut work_units {
                black_box(package_work_unit(work_unit, source, &keys).unwrap());
            }
        }
    };
    Benchmark { bytes, run: Box::new(run) }
}
