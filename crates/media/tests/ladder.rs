//! Several movies as one package: what is cut where, and what is packaged once.

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
use support::{Movie, Wanted, WantedTrack};
use vpp_media::Error;
use vpp_media::cenc::ContentKeys;
use vpp_media::cmaf::{PlanOptions, Planner, Presentation, Representation, SourceBuffers, WorkUnit, package_work_unit};
use vpp_media::isobmff::Index;

/// Pictures in a second, of the rungs that are not told otherwise.
const RATE: u32 = 24;

fn options(seconds: u64) -> PlanOptions {
    PlanOptions { segment_duration: Duration::from_secs(seconds), work_unit_bytes: 4000, ..PlanOptions::default() }
}

/// A video track of `pictures` at `rate` on `timescale`, with sync samples where `is_sync` says.
fn rung(timescale: u32, rate: u32, pictures: usize, is_sync: impl Fn(usize) -> bool) -> WantedTrack {
    let picture = |index: usize| Wanted {
        size: 20 + (index as u32 * 7) % 50,
        duration: timescale / rate,
        composition_offset: 0,
        is_sync: is_sync(index),
    };
    WantedTrack {
        video: true,
        timescale,
        samples: (0..pictures).map(picture).collect(),
        chunk: 5,
        change: None,
        edit: None,
    }
}

fn sound(sizes: impl Fn(u32) -> u32) -> WantedTrack {
    let frame = |index| Wanted { size: sizes(index), duration: 1024, composition_offset: 0, is_sync: true };
    let samples = (0..200).map(frame).collect();
    WantedTrack { video: false, timescale: 48_000, samples, chunk: 10, change: None, edit: None }
}

fn plan(movies: &[Movie], options: &PlanOptions) -> Result<(Vec<WorkUnit>, Presentation), Error> {
    let indexes: Vec<Index> = movies.iter().map(Movie::index).collect();
    let parsed: Vec<_> = indexes.iter().map(|index| vpp_media::track::Movie::parse(index).unwrap()).collect();
    let mut planner = Planner::of_movies(&parsed, options)?;
    let work_units = planner.by_ref().collect::<Result<_, _>>()?;
    Ok((work_units, planner.finish()?))
}

/// The media of each representation: the payloads of its segments, one behind the other.
fn media(movies: &[Movie], work_units: &[WorkUnit], own: &Representation) -> Vec<u8> {
    let mut media = Vec::new();
    for work_unit in work_units {
        let part = |range: &vpp_media::cmaf::SourceRange| {
            movies[usize::from(range.input)].bytes(range.bytes.start, range.bytes.end).to_vec()
        };
        let mut source = SourceBuffers::new(work_unit, work_unit.ranges.iter().map(part).collect()).unwrap();
        for segment in package_work_unit(work_unit, &mut source, &ContentKeys::default()).unwrap() {
            if segment.id.representation == own.id {
                let bytes = segment.to_vec(&source);
                let mdat = bytes.windows(4).rposition(|window| window == b"mdat").unwrap();
                media.extend_from_slice(&bytes[mdat + 4..]);
            }
        }
    }
    media
}

/// The samples of a track as they lie in its movie.
fn expected(movie: &Movie, track: usize, wanted: &WantedTrack) -> Vec<u8> {
    let samples = movie.offsets[track].iter().zip(&wanted.samples);
    samples.flat_map(|(offset, own)| movie.bytes(*offset, offset + u64::from(own.size)).to_vec()).collect()
}

/// Seconds of the segments' starts, in parts of 24.
fn starts(own: &Representation) -> Vec<u64> {
    let of = |start: u64| (start - own.presentation_time_offset) * u64::from(RATE) / u64::from(own.timescale.hz());
    own.segments.iter().map(|segment| of(segment.start)).collect()
}

proptest! {
    /// The reference model: the moments in both sets of sync samples, and the gaps between them.
    #[test]
    fn rungs_are_cut_at_moments_that_all_share_or_refused(
        shared in prop::collection::btree_set(1_usize..240, 0..8),
        own in prop::collection::btree_set(1_usize..240, 0..8),
        other in prop::collection::btree_set(1_usize..240, 0..8),
        seconds in 1_u64..4,
    ) {
        let a: BTreeSet<usize> = shared.iter().chain(&own).copied().chain([0]).collect();
        let b: BTreeSet<usize> = shared.iter().chain(&other).copied().chain([0]).collect();
        // The other rung has twice the pictures, on a timescale of its own.
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
                prop_assert!(misfit, "refused without need: {}", error);
            }
            Ok((work_units, presentation)) => {
                prop_assert!(!misfit, "not refused");
                let [first, second] = &presentation.representations[..] else { panic!("two rungs") };
                prop_assert_eq!(starts(first), starts(second));
                prop_assert!(starts(first).iter().all(|start| both.contains(&(*start as usize))));
                prop_assert_eq!((first.switching_set, second.switching_set), (0, 0));
                for (own, (movie, track)) in [first, second].into_iter().zip(movies.iter().zip(&tracks)) {
                    prop_assert!(media(&movies, &work_units, own) == expected(movie, 0, track), "every sample, once, in order");
                }
            }
        }
    }
}

#[test]
fn the_table_shows_where_key_pictures_do_not_match() {
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
fn groups_that_are_long_in_one_rung_make_long_segments_and_are_no_fault() {
    let every = |distance: usize| Movie::new(&[rung(12_288, RATE, 480, move |index| index.is_multiple_of(distance))]);
    let (_, presentation) = plan(&[every(24), every(240)], &options(2)).unwrap();
    assert!(presentation.representations.iter().all(|own| starts(own) == [0, 240]));
}

#[test]
fn a_rung_that_ends_early_does_not_hinder_the_others() {
    let rung = |pictures| rung(12_288, RATE, pictures, |index| index.is_multiple_of(24));
    for lengths in [[241, 480], [480, 241], [479, 480]] {
        let (_, presentation) = plan(&lengths.map(|pictures| Movie::new(&[rung(pictures)])), &options(2)).unwrap();
        let [first, second] = &presentation.representations[..] else { panic!("two rungs") };
        let together = first.segments.len().min(second.segments.len());
        assert_eq!(starts(first)[..together], starts(second)[..together], "{lengths:?}");
        assert_eq!(first.segments.len().max(second.segments.len()), 10, "{lengths:?}");
    }
}

#[test]
fn times_that_rounding_moved_are_the_same_moment() {
    // 30,000/1001 pictures a second: exact in one rung, and in thousandths of a second in the other.
    let exact = rung(30_000, 30, 300, |index| index.is_multiple_of(30));
    let mut exact = WantedTrack {
        samples: exact.samples.into_iter().map(|own| Wanted { duration: 1001, ..own }).collect(),
        ..exact
    };
    exact.timescale = 30_000;
    let at = |index: u64| (index * 1001 / 30) as u32;
    let mut rounded = rung(1000, 25, 300, |index| index.is_multiple_of(30));
    for (index, own) in (0..).zip(&mut rounded.samples) {
        own.duration = at(index + 1) - at(index);
    }
    let (work_units, presentation) = plan(&[Movie::new(&[exact]), Movie::new(&[rounded])], &options(2)).unwrap();
    let [first, second] = &presentation.representations[..] else { panic!("two rungs") };
    assert_eq!((first.segments.len(), second.segments.len()), (5, 5));
    let samples = |track: u16| {
        let of_track = |work_unit: &WorkUnit| {
            work_unit
                .segments
                .iter()
                .filter(move |own| own.track == track)
                .map(|own| own.samples.len())
                .collect::<Vec<_>>()
        };
        work_units.iter().flat_map(of_track).collect::<Vec<_>>()
    };
    assert_eq!(samples(0), [60; 5]);
    assert_eq!(samples(1), samples(0), "rounding moves no picture into another segment");
}

#[test]
fn the_same_sound_is_packaged_once_and_what_may_differ_is_kept() {
    let picture = || rung(12_288, RATE, 96, |index| index.is_multiple_of(24));
    let varying = || sound(|index| 20 + index * 37 % 61);
    let names = |movies: &[Movie]| -> Vec<(String, u32, u16)> {
        let (_, presentation) = plan(movies, &options(2)).unwrap();
        presentation
            .representations
            .into_iter()
            .map(|own| (own.id.to_string(), own.track_id, own.switching_set))
            .collect()
    };
    let own = |name: &str, id, set| (name.to_owned(), id, set);
    let movie = |sound| Movie::new(&[picture(), sound]);
    assert_eq!(names(&[movie(varying())]), [own("v1", 1, 0), own("a1", 2, 1)]);
    // Rungs differ in their pictures, or they would be one.
    let rung = |first: u32, sound| {
        let mut picture = picture();
        picture.samples[0].size = first;
        Movie::new(&[picture, sound])
    };
    assert_eq!(
        names(&[rung(30, varying()), rung(40, varying())]),
        [own("v1", 1, 0), own("a1", 2, 1), own("v2", 3, 0)],
        "and an ID that is taken is given once"
    );
    let other = sound(|index| 21 + index * 37 % 61);
    assert_eq!(
        names(&[rung(30, varying()), rung(40, other)]),
        [own("v1", 1, 0), own("a1", 2, 1), own("v2", 3, 0), own("a2", 4, 1)],
        "another rate of the same sound"
    );
    let constant = || sound(|_| 40);
    assert_eq!(
        names(&[rung(30, constant()), rung(40, constant())]).len(),
        4,
        "sizes that are all the same say nothing of the sound"
    );
    assert_eq!(names(&[movie(varying()), Movie::new(&[varying()])]).len(), 2, "sound alone, the same");
}

#[test]
fn a_package_of_sound_and_no_picture_is_refused_and_so_are_too_many_movies() {
    let alone = || Movie::new(&[sound(|_| 40)]);
    assert_eq!(plan(&[alone(), alone()], &options(2)).unwrap_err().code(), "no_video");
    let many: Vec<Movie> = (0..17).map(|_| alone()).collect();
    assert_eq!(plan(&many, &options(2)).unwrap_err().code(), "limit_exceeded");
}
