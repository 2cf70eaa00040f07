//! Movies whose numbers claim more than the file has: refused by those numbers, or packaged into little more than the file.

#![allow(
    missing_docs,
    unreachable_pub,
    unused_imports,
    dead_code,
    clippy::cast_possible_truncation,
    clippy::struct_excessive_bools,
    clippy::unwrap_used,
    reason = "a test: it may panic, and its sizes are small"
)]

mod support;

use support::{Movie, SampleSpec, TrackSpec};
use vpp_media::cenc::{ContentKey, ContentKeys, KeyId, Scheme};
use vpp_media::cmaf::{
    KeyParameters, PlanOptions, Planner, ProtectedTracks, Protection, SourceBuffers, package_work_unit,
};
use vpp_media::isobmff::IndexReader;

/// Bytes written for each byte of the smallest possible samples: boxes, encryption information and the byte itself.
const MAX_AMPLIFICATION: usize = 32;

/// Audio with samples of these sizes.
fn audio(sizes: &[u32]) -> Movie {
    let samples = sizes.iter().map(|&size| SampleSpec { size, duration: 1024, composition_offset: 0, is_sync: true });
    let samples = samples.collect();
    Movie::new(&[TrackSpec { video: false, timescale: 48_000, samples, chunk: 100, change: None, edit: None }])
}

fn audio_only() -> PlanOptions {
    PlanOptions { audio_only: true, ..PlanOptions::default() }
}

/// Plans a file, and returns the number of work units or the error code.
fn planned(file: &[u8]) -> Result<usize, &'static str> {
    let plan = || {
        let mut reader = IndexReader::new(file.len() as u64)?;
        while let Some(range) = reader.want() {
            reader.supply(&file[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()])?;
        }
        let index = reader.finish()?;
        let movie = vpp_media::track::Movie::parse(&index)?;
        let mut planner = Planner::new(&movie, &audio_only())?;
        let work_units = planner.by_ref().collect::<vpp_media::Result<Vec<_>>>()?;
        planner.finish()?;
        Ok(work_units.len())
    };
    plan().map_err(|error: vpp_media::Error| error.code())
}

/// Returns the offsets of the first boxes along a path of types.
fn find(file: &[u8], path: &[&[u8; 4]]) -> Vec<usize> {
    let (mut at, mut end, mut found) = (0, file.len(), Vec::new());
    for kind in path {
        while &file[at + 4..at + 8] != *kind {
            at += size(file, at);
            assert!(at < end, "no {kind:?}");
        }
        found.push(at);
        end = at + size(file, at);
        at += 8;
    }
    found
}

fn size(file: &[u8], at: usize) -> usize {
    u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize
}

fn put(file: &mut [u8], at: usize, value: u32) {
    file[at..at + 4].copy_from_slice(&value.to_be_bytes());
}

/// Inserts a box into the box at the end of `path`. The index follows the media, so no offset changes.
fn with_box(mut file: Vec<u8>, path: &[&[u8; 4]], kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    let parents = find(&file, path);
    let mut new = u32::try_from(payload.len() + 8).unwrap().to_be_bytes().to_vec();
    new.extend_from_slice(kind);
    new.extend_from_slice(payload);
    for at in &parents {
        let grown = u32::try_from(size(&file, *at) + new.len()).unwrap();
        put(&mut file, *at, grown);
    }
    let inside = parents.last().unwrap() + 8;
    file.splice(inside..inside, new);
    file
}

/// An `edts` with `entries` edits of one millisecond each, without gaps, and an entry count of `claimed`.
fn edits(entries: u32, claimed: u32) -> Vec<u8> {
    let mut elst = vec![0; 4];
    elst.extend(claimed.to_be_bytes());
    for number in 0..entries {
        elst.extend(1_u32.to_be_bytes());
        elst.extend((48 * number).to_be_bytes());
        elst.extend(0x0001_0000_u32.to_be_bytes());
    }
    let mut edts = u32::try_from(elst.len() + 8).unwrap().to_be_bytes().to_vec();
    edts.extend_from_slice(b"elst");
    edts.extend(elst);
    edts
}

const TABLES: [&[u8; 4]; 5] = [b"moov", b"trak", b"mdia", b"minf", b"stbl"];

#[test]
fn billions_of_samples_are_refused_by_their_count() {
    let movie = audio(&[100; 500]);
    assert_eq!(planned(&movie.file), Ok(1));
    for (constant, code) in [(0, "malformed"), (1, "limit_exceeded"), (u32::MAX, "limit_exceeded")] {
        for count in [u32::MAX, 1 << 31] {
            let mut file = movie.file.clone();
            let sizes = *find(&file, &[&TABLES[..], &[b"stsz"]].concat()).last().unwrap();
            put(&mut file, sizes + 12, constant);
            put(&mut file, sizes + 16, count);
            let refused = planned(&file).unwrap_err();
            assert!([code, "limit_exceeded"].contains(&refused), "{count} of {constant}: {refused}");
        }
    }
}

#[test]
fn samples_beyond_the_file_are_refused() {
    let movie = audio(&[100; 500]);
    for offset in [u32::MAX, u32::try_from(movie.file.len()).unwrap()] {
        let mut file = movie.file.clone();
        let chunks = *find(&file, &[&TABLES[..], &[b"stco"]].concat()).last().unwrap();
        put(&mut file, chunks + 16, offset);
        assert_eq!(planned(&file), Err("truncated_media"), "a chunk at {offset}");
    }
    let mut file = movie.file.clone();
    let sizes = *find(&file, &[&TABLES[..], &[b"stsz"]].concat()).last().unwrap();
    put(&mut file, sizes + 20, u32::MAX);
    assert_eq!(planned(&file), Err("truncated_media"));
}

#[test]
fn samples_that_overlap_to_more_than_the_file_are_refused() {
    let movie = audio(&[100; 500]);
    let mut file = movie.file.clone();
    let chunks = *find(&file, &[&TABLES[..], &[b"stco"]].concat()).last().unwrap();
    for number in 0..5 {
        put(&mut file, chunks + 16 + 4 * number, 24);
    }
    assert_eq!(planned(&file), Ok(1), "all chunks are the same: together they are no longer than the file");
    let sizes = *find(&file, &[&TABLES[..], &[b"stsz"]].concat()).last().unwrap();
    (0..500).for_each(|number| put(&mut file, sizes + 20 + 4 * number, 400));
    assert_eq!(planned(&file), Err("malformed"), "and now they are");
}

#[test]
fn huge_edit_lists_are_read_up_to_their_last_entry() {
    let track: [&[u8; 4]; 2] = [b"moov", b"trak"];
    let movie = audio(&[100; 500]);
    let many = with_box(movie.file.clone(), &track, b"edts", &edits(300_000, 300_000));
    assert!(matches!(planned(&many), Ok(1) | Err("unsupported_feature" | "malformed")), "{:?}", planned(&many));
    let claimed = with_box(movie.file.clone(), &track, b"edts", &edits(1, u32::MAX));
    assert_eq!(planned(&claimed), Err("malformed"));
}

/// Audio of `count` samples of `size` bytes, each of six seconds: each is a segment.
fn long_samples(count: usize, size: u32) -> Movie {
    let sample = SampleSpec { size, duration: 6 * 48_000, composition_offset: 0, is_sync: true };
    let samples = vec![sample; count];
    Movie::new(&[TrackSpec { video: false, timescale: 48_000, samples, chunk: 100, change: None, edit: None }])
}

#[test]
fn many_segments_of_few_bytes_are_refused_by_their_number() {
    assert_eq!(planned(&long_samples(3_000, 24).file), Err("limit_exceeded"));
    assert!(planned(&long_samples(1_000, 24).file).is_ok(), "any package may have a thousand");
    assert!(planned(&long_samples(3_000, 1_500).file).is_ok(), "few bytes, but enough");
    // A sample of one byte takes more bytes of boxes than it has.
    assert_eq!(planned(&audio(&vec![1; 450_000]).file), Err("limit_exceeded"));
}

#[test]
fn a_movie_with_too_many_tracks_is_refused_by_their_number() {
    let track = || TrackSpec {
        video: false,
        timescale: 48_000,
        samples: vec![SampleSpec { size: 100, duration: 1024, composition_offset: 0, is_sync: true }],
        chunk: 1,
        change: None,
        edit: None,
    };
    let movie = Movie::new(&std::iter::repeat_with(track).take(300).collect::<Vec<_>>());
    let index = movie.index();
    let error = vpp_media::track::Movie::parse(&index).unwrap_err();
    assert_eq!(error.code(), "limit_exceeded");
    assert!(error.to_string().starts_with("the number of tracks is 300, more than the limit of 128"), "{error}");
}

#[test]
fn deeply_nested_boxes_take_no_stack() {
    let movie = audio(&[100; 500]);
    for kind in [b"udta", b"trak", b"meta", b"moov"] {
        let mut nested: Vec<u8> = Vec::new();
        // Only headers: each box contains all that follow.
        let depth = 100_000_u32;
        for number in 0..depth {
            nested.extend((8 * (depth - number)).to_be_bytes());
            nested.extend_from_slice(kind);
        }
        let file = with_box(movie.file.clone(), &[b"moov"], b"udta", &nested);
        assert_eq!(planned(&file), Ok(1), "boxes that are not needed are not parsed");
        let file = with_box(movie.file.clone(), &[b"moov", b"trak", b"mdia"], kind, &nested);
        assert!(planned(&file).is_ok_and(|work_units| work_units == 1) || planned(&file).is_err());
    }
}

#[test]
fn output_is_bounded_by_input() {
    // The smallest possible samples, for which the boxes are largest in proportion, without gaps.
    let movie = audio(&vec![1; 60_000]);
    let media: usize = 60_000;
    let index = movie.index();
    let parsed = vpp_media::track::Movie::parse(&index).unwrap();
    let (key, kid) = (ContentKey::new([7; 16]), KeyId::new([1; 16]).unwrap());
    let keys: ContentKeys = [(kid, key.clone())].into_iter().collect();
    for scheme in [Scheme::Cbcs, Scheme::Cenc] {
        let key = KeyParameters::derive(scheme, &key, kid, b"content");
        let protection = Some(Protection { scheme, tracks: ProtectedTracks::All, key, audio_key: None });
        let mut planner = Planner::new(&parsed, &PlanOptions { protection, ..audio_only() }).unwrap();
        let mut written = 0;
        for work_unit in &mut planner {
            let work_unit = work_unit.unwrap();
            let parts = work_unit.ranges.iter().map(|range| movie.bytes(range.bytes.start, range.bytes.end).to_vec());
            let mut source = SourceBuffers::new(&work_unit, parts.collect()).unwrap();
            let segments = package_work_unit(&work_unit, &mut source, &keys).unwrap();
            written += segments.iter().map(|segment| segment.to_vec(&source).len()).sum::<usize>();
        }
        assert!(written <= MAX_AMPLIFICATION * media, "{written} bytes of {media}");
    }
}
