//! Several movies in one package: common segment boundaries, and tracks that are packaged once.

#![allow(
    missing_docs,
    unreachable_pub,
    unused_imports,
    dead_code,
    clippy::cast_possible_truncation,
    clippy::struct_excessive_bools,
    clippy::unwrap_used,
    reason = "a test: it may panic, and uses what it needs of the support that tests share"
)]

mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use support::{Movie, SampleSpec, TrackSpec};
use vpp_media::Error;
use vpp_media::cenc::ContentKeys;
use vpp_media::cmaf::{PlanOptions, Planner, Presentation, Representation, SourceBuffers, WorkUnit, package_work_unit};
use vpp_media::isobmff::Index;

/// Frames per second, unless a rung has another rate.
const RATE: u32 = 24;

fn options(seconds: u64) -> PlanOptions {
    PlanOptions { segment_duration: Duration::from_secs(seconds), work_unit_bytes: 4000, ..PlanOptions::default() }
}

/// A video track of `frames` frames at `rate` on `timescale`, with the sync samples of `is_sync`.
fn rung(timescale: u32, rate: u32, frames: usize, is_sync: impl Fn(usize) -> bool) -> TrackSpec {
    let video_frame = |index: usize| SampleSpec {
        size: 20 + (index as u32 * 7) % 50,
        duration: timescale / rate,
        composition_offset: 0,
        is_sync: is_sync(index),
    };
    TrackSpec {
        video: true,
        timescale,
        samples: (0..frames).map(video_frame).collect(),
        chunk: 5,
        change: None,
        edit: None,
    }
}

fn audio(sizes: impl Fn(u32) -> u32) -> TrackSpec {
    let audio_frame = |index| SampleSpec { size: sizes(index), duration: 1024, composition_offset: 0, is_sync: true };
    let samples = (0..200).map(audio_frame).collect();
    TrackSpec { video: false, timescale: 48_000, samples, chunk: 10, change: None, edit: None }
}

fn plan(movies: &[Movie], options: &PlanOptions) -> Result<(Vec<WorkUnit>, Presentation), Error> {
    let indexes: Vec<Index> = movies.iter().map(Movie::index).collect();
    let parsed: Vec<_> = indexes.iter().map(|index| vpp_media::track::Movie::parse(index).unwrap()).collect();
    let mut planner = Planner::of_movies(&parsed, options)?;
    let work_units = planner.by_ref().collect::<Result<_, _>>()?;
    Ok((work_units, planner.finish()?))
}

/// Returns the media of a representation: the concatenated payloads of its segments.
fn media(movies: &[Movie], work_units: &[WorkUnit], track: &Representation) -> Vec<u8> {
    let mut media = Vec::new();
    for work_unit in work_units {
        let part = |range: &vpp_media::cmaf::SourceRange| {
            movies[usize::from(range.input)].bytes(range.bytes.start, range.bytes.end).to_vec()
        };
        let mut source = SourceBuffers::new(work_unit, work_unit.ranges.iter().map(part).collect()).unwrap();
        for segment in package_work_unit(work_unit, &mut source, &ContentKeys::default()).unwrap() {
            if segment.id.representation == track.id {
                let bytes = segment.to_vec(&source);
                let mdat = bytes.windows(4).rposition(|window| window == b"mdat").unwrap();
                media.extend_from_slice(&bytes[mdat + 4..]);
            }
        }
    }
    media
}

/// Returns the samples of a track from its movie.
fn expected(movie: &Movie, track: usize, wanted: &TrackSpec) -> Vec<u8> {
    let samples = movie.offsets[track].iter().zip(&wanted.samples);
    samples.flat_map(|(offset, sample)| movie.bytes(*offset, offset + u64::from(sample.size)).to_vec()).collect()
}

/// Returns the starts of the segments, in 1/24 of a second.
fn starts(track: &Representation) -> Vec<u64> {
    let of = |start: u64| (start - track.presentation_time_offset) * u64::from(RATE) / u64::from(track.timescale.hz());
    track.segments.iter().map(|segment| of(segment.start)).collect()
}

proptest! {
    /// The reference model: the times in both sets of sync samples, and the gaps between them.
    #[test]
    fn rungs_have_common_segment_boundaries_or_are_refused(
        shared in prop::collection::btree_set(1_usize..240, 0..8),
        only_first in prop::collection::btree_set(1_usize..240, 0..8),
        only_second in prop::collection::btree_set(1_usize..240, 0..8),
        seconds in 1_u64..4,
    ) {
        let a: BTreeSet<usize> = shared.iter().chain(&only_first).copied().chain([0]).collect();
        let b: BTreeSet<usize> = shared.iter().chain(&only_second).copied().chain([0]).collect();
        // The other rung has twice the frame rate and another timescale.
        let tracks = [
            rung(12_288, RATE, 240, |index| a.contains(&index)),
            rung(90_000, 2 * RATE, 480, |index| index.is_multiple_of(2) && b.contains(&(index / 2))),
        ];
        let movies = tracks.clone().map(|track| Movie::new(&[track]));
        let both: Vec<usize> = a.intersection(&b).copied().collect();
        let ends = both.iter().skip(1).copied().chain([240]);
        let has = |set: &BTreeSet<usize>, from: usize, to: usize| set.range(from + 1..to).next().is_some();
        let misfit = both.iter().zip(ends).any(|(from, to)| {
            (to - from) * 2 > seconds as usize * RATE as usize * 3 && has(&a, *from, to) && has(&b, *from, to)
        });
        match plan(&movies, &options(seconds)) {
            Err(error) => {
                prop_assert_eq!(error.code(), "inputs_misaligned");
                prop_assert!(misfit, "refused without reason: {}", error);
            }
            Ok((work_units, presentation)) => {
                prop_assert!(!misfit, "not refused");
                let [first, second] = &presentation.representations[..] else { panic!("two rungs") };
                prop_assert_eq!(starts(first), starts(second));
                prop_assert!(starts(first).iter().all(|start| both.contains(&(*start as usize))));
                prop_assert_eq!((first.switching_set, second.switching_set), (0, 0));
                for (representation, (movie, track)) in [first, second].into_iter().zip(movies.iter().zip(&tracks)) {
                    prop_assert!(media(&movies, &work_units, representation) == expected(movie, 0, track), "every sample, once, in order");
                }
            }
        }
    }
}

#[test]
fn the_table_shows_where_key_frames_do_not_match() {
    let every = |distance: usize| Movie::new(&[rung(12_288, RATE, 480, move |index| index.is_multiple_of(distance))]);
    let error = plan(&[every(48), every(60)], &options(4)).unwrap_err().to_string();
    let table = "movie 1 track 1 | movie 2 track 1; 2.000000 s | 2.500000 s; 4.000000 s | 5.000000 s; \
                 6.000000 s | 7.500000 s; 8.000000 s | 10.000000 s";
    assert!(error.contains(table), "{error}");
}

#[test]
fn movies_that_do_not_begin_together_are_refused() {
    let mut late = rung(12_288, RATE, 240, |index| index.is_multiple_of(24));
    late.edit = Some((500, 0));
    let on_time = rung(12_288, RATE, 240, |index| index.is_multiple_of(24));
    let error = plan(&[Movie::new(&[on_time]), Movie::new(&[late])], &options(2)).unwrap_err();
    assert!(error.to_string().contains("0.000000 s | 0.500000 s"), "{error}");
}

#[test]
fn long_gops_in_one_rung_make_long_segments_and_are_no_error() {
    let every = |distance: usize| Movie::new(&[rung(12_288, RATE, 480, move |index| index.is_multiple_of(distance))]);
    let (_, presentation) = plan(&[every(24), every(240)], &options(2)).unwrap();
    assert!(presentation.representations.iter().all(|track| starts(track) == [0, 240]));
}

#[test]
fn a_rung_that_ends_early_does_not_affect_the_others() {
    let rung = |frames| rung(12_288, RATE, frames, |index| index.is_multiple_of(24));
    for lengths in [[241, 480], [480, 241], [479, 480]] {
        let (_, presentation) = plan(&lengths.map(|frames| Movie::new(&[rung(frames)])), &options(2)).unwrap();
        let [first, second] = &presentation.representations[..] else { panic!("two rungs") };
        let together = first.segments.len().min(second.segments.len());
        assert_eq!(starts(first)[..together], starts(second)[..together], "{lengths:?}");
        assert_eq!(first.segments.len().max(second.segments.len()), 10, "{lengths:?}");
    }
}

#[test]
fn times_that_differ_by_rounding_are_the_same() {
    // 30,000/1001 frames per second: exact in one rung, in milliseconds in the other.
    let exact = rung(30_000, 30, 300, |index| index.is_multiple_of(30));
    let mut exact = TrackSpec {
        samples: exact.samples.into_iter().map(|sample| SampleSpec { duration: 1001, ..sample }).collect(),
        ..exact
    };
    exact.timescale = 30_000;
    let at = |index: u64| (index * 1001 / 30) as u32;
    let mut rounded = rung(1000, 25, 300, |index| index.is_multiple_of(30));
    for (index, sample) in (0..).zip(&mut rounded.samples) {
        sample.duration = at(index + 1) - at(index);
    }
    let (work_units, presentation) = plan(&[Movie::new(&[exact]), Movie::new(&[rounded])], &options(2)).unwrap();
    let [first, second] = &presentation.representations[..] else { panic!("two rungs") };
    assert_eq!((first.segments.len(), second.segments.len()), (5, 5));
    let samples = |track: u16| {
        let of_track = |work_unit: &WorkUnit| {
            work_unit
                .segments
                .iter()
                .filter(move |segment| segment.track == track)
                .map(|segment| segment.samples.len())
                .collect::<Vec<_>>()
        };
        work_units.iter().flat_map(of_track).collect::<Vec<_>>()
    };
    assert_eq!(samples(0), [60; 5]);
    assert_eq!(samples(1), samples(0), "rounding moves no frame to another segment");
}

#[test]
fn the_same_audio_is_packaged_once_and_different_audio_separately() {
    let video = || rung(12_288, RATE, 96, |index| index.is_multiple_of(24));
    let varying = || audio(|index| 20 + index * 37 % 61);
    let names = |movies: &[Movie]| -> Vec<(String, u32, u16)> {
        let (_, presentation) = plan(movies, &options(2)).unwrap();
        presentation
            .representations
            .into_iter()
            .map(|track| (track.id.to_string(), track.track_id, track.switching_set))
            .collect()
    };
    let track = |name: &str, id, set| (name.to_owned(), id, set);
    let movie = |audio| Movie::new(&[video(), audio]);
    assert_eq!(names(&[movie(varying())]), [track("v1", 1, 0), track("a1", 2, 1)]);
    // Rungs differ in their frames, or they would be one.
    let rung = |first: u32, audio| {
        let mut video = video();
        video.samples[0].size = first;
        Movie::new(&[video, audio])
    };
    assert_eq!(
        names(&[rung(30, varying()), rung(40, varying())]),
        [track("v1", 1, 0), track("a1", 2, 1), track("v2", 3, 0)],
        "an ID is used once"
    );
    let other = audio(|index| 21 + index * 37 % 61);
    assert_eq!(
        names(&[rung(30, varying()), rung(40, other)]),
        [track("v1", 1, 0), track("a1", 2, 1), track("v2", 3, 0), track("a2", 4, 2)],
        "audio without a language may be any other audio"
    );
    let constant = || audio(|_| 40);
    assert_eq!(names(&[rung(30, constant()), rung(40, constant())]).len(), 4, "equal sizes do not identify the audio");
    assert_eq!(names(&[movie(varying()), Movie::new(&[varying()])]).len(), 2, "the same audio, without video");
}

#[test]
fn several_movies_without_video_and_too_many_movies_are_refused() {
    let alone = || Movie::new(&[audio(|_| 40)]);
    assert_eq!(plan(&[alone(), alone()], &options(2)).unwrap_err().code(), "no_video");
    let many: Vec<Movie> = (0..17).map(|_| alone()).collect();
    assert_eq!(plan(&many, &options(2)).unwrap_err().code(), "limit_exceeded");
}
