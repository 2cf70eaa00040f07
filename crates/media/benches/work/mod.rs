//! What the engine spends its time on, in pieces that can be measured by themselves.
//!
//! Every piece does the same however often it is run: what is encrypted in place again has its headers in the clear as before,
//! and its work units are as long.

#[path = "../../tests/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::ops::Range;
use std::time::Duration;

use support::{Movie, Wanted, WantedTrack};
use vpp_media::cenc::{
    ConstantIv, ContentKey, ContentKeys, KeyId, Mode, Pattern, SampleCipher, Scheme, TrackEncryption,
};
use vpp_media::cmaf::{
    KeyParameters, PlanOptions, Planner, ProtectedTracks, Protection, SourceBuffers, WorkUnit, package_work_unit,
};
use vpp_media::isobmff::{Index, IndexReader};
use vpp_media::track::{Movie as Parsed, TrackKind};

/// Twelve pictures of two slices each, in H.264 and in H.265: see `tests/splits.rs`.
const PICTURES: &[u8] = include_bytes!("../../tests/support/pictures.mp4");

/// Nine pictures in AV1, of four tiles each, among others: see `tests/codecs.rs`.
const CODECS: &[u8] = include_bytes!("../../tests/support/codecs.mp4");

/// A piece of work.
pub struct Work {
    /// Bytes it goes through: of index, or of media.
    pub bytes: u64,
    pub run: Box<dyn FnMut()>,
}

/// What makes a piece of work ready.
pub type Make = fn() -> Work;

/// All there is to measure, by name.
pub const ALL: [(&str, Make); 9] = [
    ("parse", parse),
    ("plan", plan),
    ("cipher, cbcs, pictures of 33 kB", || cipher(Scheme::Cbcs, Pattern::VIDEO, 33_000)),
    ("cipher, cbcs, sound of 341 B", || cipher(Scheme::Cbcs, Pattern::FULL_SAMPLE, 341)),
    ("cipher, cenc, pictures of 33 kB", || cipher(Scheme::Cenc, Pattern::VIDEO, 33_000)),
    ("segments of H.264", || segments(PICTURES, "avc1")),
    ("segments of H.265", || segments(PICTURES, "hvc1")),
    ("segments of AV1", || segments(CODECS, "av01")),
    ("segments of sound", || segments(CODECS, "Opus")),
];

/// A movie of pictures in groups of 50 and sound, a sample of each in turn, as `ffmpeg` interleaves.
fn movie() -> Movie {
    let picture = |number: usize| Wanted {
        size: 30,
        duration: 512,
        composition_offset: if number.is_multiple_of(3) { 1024 } else { 0 },
        is_sync: number.is_multiple_of(50),
    };
    let frame = Wanted { size: 10, duration: 1024, composition_offset: 0, is_sync: true };
    let track =
        |video, timescale, samples| WantedTrack { video, timescale, samples, chunk: 1, change: None, edit: None };
    Movie::new(&[
        track(true, 25_600, (0..20_000).map(picture).collect()),
        track(false, 48_000, (0..18_750).map(|_| frame).collect()),
    ])
}

fn index(file: &[u8]) -> Index {
    let mut reader = IndexReader::new(file.len() as u64).unwrap();
    while let Some(range) = reader.want() {
        reader.supply(&file[range.start as usize..range.end as usize]).unwrap();
    }
    reader.finish().unwrap()
}

/// A parsed movie that stays to the end, for work borrows it: with the tracks whose codec begins with `codec`.
fn parsed(file: &[u8], codec: &str) -> &'static Parsed<'static> {
    let index: &'static Index = Box::leak(Box::new(index(file)));
    let mut movie = Parsed::parse(index).unwrap();
    movie.tracks.retain(|track| track.descriptions.codecs().starts_with(codec));
    Box::leak(Box::new(movie))
}

fn parse() -> Work {
    let file = movie().file;
    let moov = index(&file).moov_range();
    let run = move || {
        black_box(Parsed::parse(&index(&file)).unwrap());
    };
    Work { bytes: moov.end - moov.start, run: Box::new(run) }
}

fn plan() -> Work {
    let file = movie().file;
    let moov = index(&file).moov_range();
    let movie = parsed(&file, "");
    let options = options();
    let run = move || {
        let mut planner = Planner::new(movie, &options).unwrap();
        planner.by_ref().for_each(|work_unit| drop(black_box(work_unit.unwrap())));
        black_box(planner.finish().unwrap());
    };
    Work { bytes: moov.end - moov.start, run: Box::new(run) }
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

/// Ranges of `length` bytes, a megabyte of them.
fn cipher(scheme: Scheme, pattern: Pattern, length: usize) -> Work {
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
    Work { bytes: 1 << 20, run: Box::new(run) }
}

/// The segments of the track of `file` whose samples are coded as `codec`, a hundred times over.
fn segments(file: &'static [u8], codec: &str) -> Work {
    const TIMES: u64 = 100;
    let movie = parsed(file, codec);
    let audio_only = movie.tracks.iter().all(|track| track.kind == TrackKind::Audio);
    let planner = Planner::new(movie, &PlanOptions { audio_only, ..options() }).unwrap();
    let mut work_units: Vec<(WorkUnit, SourceBuffers)> = planner
        .map(|work_unit| {
            let work_unit = work_unit.unwrap();
            let part = |range: &Range<u64>| file[range.start as usize..range.end as usize].to_vec();
            let parts = work_unit.ranges.iter().map(|range| part(&range.bytes)).collect();
            let source = SourceBuffers::new(&work_unit, parts).unwrap();
            (work_unit, source)
        })
        .collect();
    let bytes = work_units.iter().map(|(work_unit, _)| work_unit.source_bytes()).sum::<u64>() * TIMES;
    let keys: ContentKeys = [(kid(), key())].into_iter().collect();
    let run = move || {
        for _ in 0..TIMES {
            for (work_unit, source) in &mut work_units {
                black_box(package_work_unit(work_unit, source, &keys).unwrap());
            }
        }
    };
    Work { bytes, run: Box::new(run) }
}
