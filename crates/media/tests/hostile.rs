//! Indexes with randomly changed bytes: each is an error or a movie, never a panic, and takes no more memory than its file.

#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::cast_possible_truncation,
    clippy::struct_excessive_bools,
    clippy::unwrap_used,
    reason = "a test: it may panic, and its sizes are small"
)]

#[path = "support/index.rs"]
mod index;
mod support;

use index::index;
use support::{Base, FragmentLayout, Movie, SampleSpec, TrackSpec};
use vpp_media::cmaf::PlanOptions;
use vpp_media::preflight::preflight;

const MUTATIONS_PER_MOVIE: u32 = 15_000;

/// Memory for reading a file of a few kilobytes a hundred thousand times.
const MAX_MEMORY_KIB: u64 = 64 * 1024;

fn tracks() -> Vec<TrackSpec> {
    let video_frame = |index: usize| SampleSpec {
        size: 20,
        duration: 512,
        composition_offset: if index.is_multiple_of(8) { 0 } else { 512 },
        is_sync: index.is_multiple_of(8),
    };
    let audio_frame = SampleSpec { size: 9, duration: 1024, composition_offset: 0, is_sync: true };
    let video = TrackSpec {
        video: true,
        timescale: 12_288,
        samples: (0..48).map(video_frame).collect(),
        chunk: 8,
        change: Some(3),
        edit: Some((0, 512)),
    };
    let audio = TrackSpec {
        video: false,
        timescale: 48_000,
        samples: vec![audio_frame; 90],
        chunk: 15,
        change: None,
        edit: Some((20, 0)),
    };
    vec![video, audio]
}

fn movies() -> Vec<Vec<u8>> {
    let plain = FragmentLayout {
        base: Base::Moof,
        separate: false,
        tfdt: true,
        begins: 0,
        defaults: true,
        runs: 1,
        rounds_in_moov: 0,
        moov_last: false,
        indexed: true,
    };
    let fragmented = [
        plain,
        FragmentLayout { base: Base::File, separate: true, defaults: false, ..plain },
        FragmentLayout { base: Base::Implicit, runs: 3, indexed: false, ..plain },
        FragmentLayout { tfdt: false, rounds_in_moov: 2, ..plain },
        FragmentLayout { moov_last: true, separate: true, ..plain },
    ];
    let tracks = tracks();
    let fragmented = fragmented.into_iter().map(|how| Movie::fragmented(&tracks, how));
    [Movie::new(&tracks)].into_iter().chain(fragmented).map(|movie| movie.file).collect()
}

/// Returns the offsets of all bytes of `moov` and `moof` boxes, and of the headers of other boxes.
fn index_bytes(file: &[u8]) -> Vec<usize> {
    let mut places = Vec::new();
    let mut at = 0;
    while at < file.len() {
        let size = u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize;
        let is_index = [b"moov", b"moof"].iter().any(|kind| file[at + 4..at + 8] == **kind);
        places.extend(at..if is_index { at + size } else { at + 8 });
        at += size;
    }
    places
}

/// Reads a file and runs preflight; returns the number of samples if it is a movie.
fn read(file: &[u8]) -> vpp_media::Result<u64> {
    let index = index(file)?;
    let movie = vpp_media::track::Movie::parse(&index)?;
    preflight(&index, &movie, &PlanOptions::default())?;
    Ok(movie.tracks.iter().map(|track| u64::from(track.samples.len())).sum())
}

/// Returns the peak memory of this process, in KiB; 0 where the system does not report it.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

#[test]
fn changed_indexes_are_errors_or_movies_and_take_no_memory() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 11) as usize % below
    };
    let movies = movies();
    let before = peak_memory();
    let (mut errors, mut packaged) = (0, 0);
    for file in &movies {
        assert_eq!(read(file), Ok(138));
        let places = index_bytes(file);
        for _ in 0..MUTATIONS_PER_MOVIE {
            let mut changed = file.clone();
            let first = random(places.len());
            for place in places.iter().skip(first).take(1 + random(8)) {
                changed[*place] = [0, 1, 0x7f, 0x80, 0xff, random(256) as u8][random(6)];
            }
            match read(&changed) {
                Ok(samples) => {
                    assert!(samples <= file.len() as u64);
                    packaged += 1;
                }
                Err(_) => errors += 1,
            }
        }
    }
    let grown = peak_memory() - before;
    assert!(grown < MAX_MEMORY_KIB, "{grown} KiB");
    assert!(errors > 10_000 && packaged > 10_000, "{errors} errors, {packaged} movies");
}
