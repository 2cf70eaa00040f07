//! Fuzz targets: a movie's index, its fragments, a stored plan, samples.
//!
//! Each target applies the changes that a byte string encodes to valid input, and processes it like the platform: the outcome is
//! an error or a result, never a panic. As tests, the targets run with the same few thousand byte strings every time. With `cargo
//! bolero test` (from the crate `cargo-bolero`; `cargo bolero test --package vpp-media the_target`) a coverage-guided fuzzer
//! generates them.

#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::cast_possible_truncation,
    clippy::struct_excessive_bools,
    clippy::unwrap_used,
    reason = "a test: it may panic, and its sizes are small"
)]

#[path = "../support/arriving.rs"]
mod arriving;
mod changes;
#[path = "../support/index.rs"]
mod index;
#[path = "../support/mod.rs"]
mod support;

use std::sync::OnceLock;

use changes::{Changes, for_inputs};
use index::index;
use support::{Base, FragmentLayout, Movie, SampleSpec, TrackSpec};
use vpp_media::cenc::{ContentKey, ContentKeys, KeyId, Scheme};
use vpp_media::cmaf::{
    KeyParameters, PlanIndex, PlanOptions, PlanWriter, Planner, Presentation, ProtectedTracks, Protection,
    RepresentationId, SegmentId, SegmentSize, SegmentSizes, SourceBuffers, package_work_unit, read_presentation,
    read_work_unit,
};
use vpp_media::codec::ProtectionRule;
use vpp_media::dash::{self, MpdOptions};
use vpp_media::hls::{self, HlsOptions};

/// AV1, VP9 and five audio codecs; `tests/codecs.rs` documents how it was created.
const CODECS: &[u8] = include_bytes!("../support/codecs.mp4");

/// H.264 and H.265; `tests/splits.rs` documents how it was created.
const FRAMES: &[u8] = include_bytes!("../support/pictures.mp4");

/// Returns one key for all tracks, and the protection with it.
fn protection(scheme: Scheme) -> (ContentKeys, Protection) {
    let (key, kid) = (ContentKey::new([7; 16]), KeyId::new([1; 16]).unwrap());
    let parameters = KeyParameters::derive(scheme, &key, kid, b"content");
    let protection = Protection { scheme, tracks: ProtectedTracks::All, key: parameters, audio_key: None };
    ([(kid, key)].into_iter().collect(), protection)
}

fn keys() -> ContentKeys {
    protection(Scheme::Cbcs).0
}

fn options(scheme: Scheme) -> PlanOptions {
    PlanOptions { work_unit_bytes: 1024, protection: Some(protection(scheme).1), ..PlanOptions::default() }
}

/// Reads, plans and packages a whole file, and writes its manifests.
fn package(file: &[u8], scheme: Scheme) -> vpp_media::Result<()> {
    let index = index(file)?;
    let movie = vpp_media::track::Movie::parse(&index)?;
    let mut planner = Planner::new(&movie, &options(scheme))?;
    let mut bytes_read = 0;
    for work_unit in &mut planner {
        let work_unit = work_unit?;
        bytes_read += work_unit.source_bytes();
        // Tables may list the same bytes many times.
        if bytes_read <= 4 * file.len() as u64 {
            let part = |range: &std::ops::Range<u64>| file[range.start as usize..range.end as usize].to_vec();
            let mut source =
                SourceBuffers::new(&work_unit, work_unit.ranges.iter().map(|range| part(&range.bytes)).collect())?;
            package_work_unit(&work_unit, &mut source, &keys())?;
        }
    }
    manifests(&planner.finish()?)
}

fn manifests(presentation: &Presentation) -> vpp_media::Result<()> {
    let mut sizes = SegmentSizes::new(presentation);
    for track in &presentation.representations {
        for number in 1..=track.segments.len() as u32 {
            let size = SegmentSize { bytes: 100_000, first_sample_end: 10_000 };
            sizes.set(SegmentId { representation: track.id, number }, size)?;
        }
    }
    hls::playlists(presentation, &sizes, &HlsOptions::default())?.for_each(drop);
    dash::mpd(presentation, &sizes, &MpdOptions::default()).map(drop)
}

fn tracks() -> Vec<TrackSpec> {
    let video_frame = |index: usize| SampleSpec {
        size: 20,
        duration: 512,
        composition_offset: if index.is_multiple_of(8) { 0 } else { 512 },
        is_sync: index.is_multiple_of(8),
    };
    let audio_frame = SampleSpec { size: 9, duration: 1024, composition_offset: 0, is_sync: true };
    let (samples, edit) = ((0..48).map(video_frame).collect(), Some((0, 512)));
    let video = TrackSpec { video: true, timescale: 12_288, samples, chunk: 8, change: Some(3), edit };
    let (samples, edit) = (vec![audio_frame; 90], Some((20, 0)));
    vec![video, TrackSpec { video: false, timescale: 48_000, samples, chunk: 15, change: None, edit }]
}

fn fragmented(how: u8) -> Vec<u8> {
    let how = FragmentLayout {
        base: [Base::Moof, Base::File, Base::Implicit][usize::from(how % 3)],
        separate: how & 4 != 0,
        tfdt: how & 8 == 0,
        begins: 0,
        defaults: how & 16 != 0,
        runs: 1 + usize::from(how >> 5 & 1),
        rounds_in_moov: usize::from(how >> 6 & 1) * 2,
        moov_last: false,
        indexed: how & 128 != 0,
    };
    Movie::fragmented(&tracks(), how).file
}

/// Returns the offsets of all bytes of the boxes of a type.
fn boxes(file: &[u8], kind: &[u8; 4]) -> Vec<usize> {
    let (mut places, mut at) = (Vec::new(), 0);
    while at < file.len() {
        let size = u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize;
        places.extend((at..at + size).filter(|_| &file[at + 4..at + 8] == kind));
        at += size;
    }
    places
}

#[test]
fn a_movie_box_is_an_error_or_a_movie() {
    static WHOLE: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    let whole = WHOLE.get_or_init(|| vec![Movie::new(&tracks()).file, FRAMES.to_vec(), CODECS.to_vec()]);
    for_inputs(4_000, |input| {
        let mut changes = Changes::of(input);
        let mut file = whole[changes.below(whole.len())].clone();
        let places = boxes(&file, b"moov");
        changes.apply(&mut file, &places);
        drop(package(&file, Scheme::Cenc));
    });
}

#[test]
fn movie_fragments_are_an_error_or_a_movie() {
    for_inputs(4_000, |input| {
        let mut changes = Changes::of(input);
        let mut file = fragmented(changes.below(256) as u8);
        let places = [boxes(&file, b"moof"), boxes(&file, b"sidx")].concat();
        changes.apply(&mut file, &places);
        drop(package(&file, Scheme::Cbcs));
    });
}

#[test]
fn a_stored_plan_is_an_error_or_a_plan() {
    /// The first section, the presentation, everything before the sections, and the representations.
    type Stored = (Vec<u8>, Vec<u8>, Vec<u8>, Vec<RepresentationId>);
    static STORED: OnceLock<Vec<Stored>> = OnceLock::new();
    let stored = STORED.get_or_init(|| {
        let plan = |file: &[u8], scheme| {
            let index = index(file).unwrap();
            let movie = vpp_media::track::Movie::parse(&index).unwrap();
            let mut planner = Planner::new(&movie, &options(scheme)).unwrap();
            let mut writer = PlanWriter::new();
            planner.by_ref().for_each(|work_unit| writer.push(&work_unit.unwrap()).unwrap());
            let planned = planner.finish().unwrap();
            let ids = planned.representations.iter().map(|representation| representation.id).collect();
            let plan = writer.finish(&planned).unwrap();
            let (section, bytes) = (&plan.sections[0], plan.chunks.concat());
            let presentation = vpp_media::cmaf::presentation_range(&bytes[..16]).unwrap();
            let part = |range: &std::ops::Range<u64>| bytes[range.start as usize..range.end as usize].to_vec();
            (part(section), part(&presentation), part(&(0..section.start)), ids)
        };
        vec![
            plan(&Movie::new(&tracks()).file, Scheme::Cbcs),
            plan(&fragmented(0), Scheme::Cenc),
            plan(FRAMES, Scheme::Cbcs),
        ]
    });
    for_inputs(10_000, |input| {
        let mut changes = Changes::of(input);
        let (mut section, mut presentation, mut front, ids) = stored[changes.below(stored.len())].clone();
        let places: Vec<_> = (0..section.len()).collect();
        changes.clone().apply(&mut section, &places);
        if let Ok(work_unit) = read_work_unit(&section)
            && work_unit.source_bytes() < 1 << 16
        {
            let part = |range: &std::ops::Range<u64>| vec![0x65; range.end.saturating_sub(range.start) as usize];
            let source =
                SourceBuffers::new(&work_unit, work_unit.ranges.iter().map(|range| part(&range.bytes)).collect());
            let packaged = source.and_then(|mut source| package_work_unit(&work_unit, &mut source, &keys()).map(drop));
            drop((packaged, arriving::segments(&work_unit, part, &keys())));
        }
        let places: Vec<_> = (0..presentation.len()).collect();
        changes.clone().apply(&mut presentation, &places);
        drop(read_presentation(&presentation).and_then(|presentation| manifests(&presentation)));
        let places: Vec<_> = (0..front.len()).collect();
        changes.apply(&mut front, &places);
        if let Ok(found) = PlanIndex::read(&front) {
            let numbers = [0, 1, 2, u32::MAX];
            ids.into_iter()
                .flat_map(|representation| numbers.map(|number| SegmentId { representation, number }))
                .for_each(|segment| drop(found.section_of(segment)));
        }
    });
}

/// The protection rule of a track, and its samples.
type Coded = (ProtectionRule, Vec<Vec<u8>>);

#[test]
fn a_sample_is_an_error_or_has_ranges_in_order() {
    static CODED: OnceLock<Vec<Coded>> = OnceLock::new();
    let coded = CODED.get_or_init(|| {
        let of = |file: &[u8]| {
            let index = index(file).unwrap();
            let movie = vpp_media::track::Movie::parse(&index).unwrap();
            let video_tracks = movie.tracks.iter().filter(|track| track.video().is_some());
            let coded = video_tracks.map(|track| {
                let bytes = track
                    .samples
                    .samples()
                    .map(|sample| file[sample.offset as usize..][..sample.size as usize].to_vec());
                (track.descriptions.rules()[0].clone(), bytes.collect())
            });
            coded.collect::<Vec<Coded>>()
        };
        [of(FRAMES), of(CODECS)].concat()
    });
    assert_eq!(coded.len(), 4);
    for_inputs(20_000, |input| {
        let mut changes = Changes::of(input);
        let (rule, samples) = &coded[changes.below(coded.len())];
        let mut parser = rule.parser().unwrap();
        let changed = changes.below(samples.len());
        for (number, sample) in samples.iter().enumerate() {
            let mut sample = sample.clone();
            if number == changed {
                let places: Vec<_> = (0..sample.len()).collect();
                changes.apply(&mut sample, &places);
            }
            let mut ranges = Vec::new();
            let parsed = parser.protected_ranges(&sample, 0, &mut ranges);
            let mut end = 0;
            for range in &ranges {
                assert!(end <= range.start && range.start < range.end && range.end <= sample.len(), "{ranges:?}");
                end = range.end;
            }
            if parsed.is_err() {
                return;
            }
        }
    });
}
