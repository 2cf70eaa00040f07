//! Real video is encrypted to the same bytes in work units of any size.
//!
//! `support/pictures.mp4` was created with ffmpeg n9.0.2 (libx264, libx265): twelve frames of `testsrc2` at 128x128 in H.264 and
//! in H.265, of two slices each, with weighted prediction (`slices=2:bframes=1:keyint=3:min-keyint=3`, `weightp=2` and `1`).
//! `codecs.rs` documents how `support/codecs.mp4` was created.

#![allow(
    missing_docs,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    reason = "a test: it may panic, and its sizes are small"
)]

#[path = "support/arriving.rs"]
mod arriving;

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use vpp_media::cenc::{ContentKey, ContentKeys, KeyId, Scheme};
use vpp_media::cmaf::{
    KeyParameters, PlanOptions, Planner, ProtectedTracks, Protection, SourceBuffers, package_work_unit,
};
use vpp_media::isobmff::IndexReader;
use vpp_media::track::Movie;

const FRAMES: &[u8] = include_bytes!("support/pictures.mp4");
const CODECS: &[u8] = include_bytes!("support/codecs.mp4");

/// Returns every segment of a file, by path, and the number of work units.
fn package(file: &[u8], scheme: Option<Scheme>, work_unit_bytes: u64) -> (BTreeMap<String, Vec<u8>>, u32) {
    let (key, kid) = (ContentKey::new([7; 16]), KeyId::new([1; 16]).unwrap());
    let keys: ContentKeys = [(kid, key.clone())].into_iter().collect();
    let options = PlanOptions {
        segment_duration: Duration::from_millis(100),
        work_unit_bytes,
        protection: scheme.map(|scheme| {
            let key = KeyParameters::derive(scheme, &key, kid, b"content");
            Protection { scheme, tracks: ProtectedTracks::All, key, audio_key: None }
        }),
        ..PlanOptions::default()
    };
    let mut reader = IndexReader::new(file.len() as u64).unwrap();
    while let Some(range) = reader.want() {
        reader.supply(&file[range.start as usize..range.end as usize]).unwrap();
    }
    let index = reader.finish().unwrap();
    let movie = Movie::parse(&index).unwrap();
    let mut planner = Planner::new(&movie, &options).unwrap();
    let mut segments = BTreeMap::new();
    for work_unit in planner.by_ref().map(Result::unwrap) {
        let read = |range: &Range<u64>| file[range.start as usize..range.end as usize].to_vec();
        for (path, bytes) in arriving::segments(&work_unit, read, &keys).unwrap() {
            assert!(segments.insert(path, bytes).is_none(), "one segment per path");
        }
        let parts = work_unit.ranges.iter().map(|range| read(&range.bytes)).collect();
        let mut source = SourceBuffers::new(&work_unit, parts).unwrap();
        for segment in package_work_unit(&work_unit, &mut source, &keys).unwrap() {
            let bytes = segment.to_vec(&source);
            assert!(segments[&segment.id.path()] == bytes, "{}: streamed and whole", segment.id.path());
        }
    }
    (segments, planner.finish().unwrap().work_units)
}

#[test]
fn video_is_encrypted_to_the_same_bytes_in_work_units_of_any_size() {
    // VP9, among the codecs, has no cbcs.
    let movies = [(FRAMES, &[Some(Scheme::Cbcs), Some(Scheme::Cenc), None][..]), (CODECS, &[Some(Scheme::Cenc), None])];
    for (file, schemes) in movies {
        for scheme in schemes {
            let (whole, work_units) = package(file, *scheme, u64::MAX);
            assert_eq!(work_units, 1);
            let mut max_work_units = 1;
            for work_unit_bytes in (1..file.len() as u64).step_by(509) {
                let (segments, work_units) = package(file, *scheme, work_unit_bytes);
                assert!(segments == whole, "{scheme:?}: work units of {work_unit_bytes} bytes");
                max_work_units = max_work_units.max(work_units);
            }
            assert!(file == CODECS || max_work_units >= 4, "{max_work_units} work units at most");
        }
    }
    assert_ne!(package(FRAMES, Some(Scheme::Cbcs), 1).0, package(FRAMES, None, 1).0);
}
