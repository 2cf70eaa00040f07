//! Segment durations, segment boundaries and presentation times.

use vpp_tests::ffmpeg::{self, Edits, Packet};
use vpp_tests::movies::for_every;
use vpp_tests::package::{Sample, Segment};
use vpp_tests::{decrypt, fixtures, rules};

use crate::packaging::{Packaged, movies, packaged, stream};

#[test]
fn segments_last_about_as_long_as_requested() {
    let movie = fixtures::fixture("film-moov-first.mp4");
    for (duration, segments) in [("2", 300), ("6", 100), ("10", 60)] {
        let packaged = packaged(&movie, &["--scheme", "clear", "--segment-duration", duration]);
        assert_eq!(packaged.package.representation("v1").segments.len(), segments, "{duration} s");
    }
}

#[test]
fn segments_start_at_the_sync_sample_nearest_to_the_requested_duration() {
    let packaged = packaged(&fixtures::fixture("irregular-groups.mp4"), &["--scheme", "clear"]);
    let representation = packaged.package.representation("v1");
    let milliseconds = |start: u64| (start - representation.presentation_time_offset) * 1000 / representation.timescale;
    let starts: Vec<_> = representation.segments.iter().map(|segment| milliseconds(segment.start)).collect();
    assert_eq!(starts, [0, 1200, 13_360, 14_000, 29_000]);
}

#[test]
fn audio_without_video_is_segmented_at_the_requested_duration() {
    for name in ["long-sound.mp4", "late-picture.mp4"] {
        let packaged = packaged(&fixtures::fixture(name), &["--scheme", "clear", "--segment-duration", "2"]);
        let representation = packaged.package.representation("a1");
        let longest = representation.segments.iter().map(|segment| segment.duration).max().unwrap();
        assert!(longest <= 3 * representation.timescale, "{name}: a segment of {longest} units");
        assert_eq!(rules::violations(&packaged.package), [""; 0], "{name}");
    }
}

/// The presentation times of the source, with ffmpeg applying the edit list, are those of the package after subtraction of
/// `@presentationTimeOffset`.
#[test]
fn samples_are_presented_at_the_times_of_the_edit_list() {
    for_every(&movies(), |movie| {
        let Packaged { package, scratch } = packaged(movie, &["--scheme", "clear"]);
        for representation in package.media() {
            // ffmpeg omits samples that are completely outside the edit, so its list is a sublist of the package's.
            let edited = ffmpeg::source_packets(movie, &stream(representation), Edits::Applied);
            let found = ffmpeg::packets(&decrypt::join(representation, scratch.path()), "0:0", Edits::Ignored);
            let from = found
                .windows(edited.len())
                .position(|window| window.iter().zip(&edited).all(|(found, edited)| found.sha256 == edited.sha256));
            let from = from.expect("the package has ffmpeg's samples");
            // An excerpt of a recording has the recording's times in the file, and starts at zero in the package.
            let start = if movie.ends_with("fragments-live.mp4") { 5400 * representation.timescale } else { 0 };
            let offset = i64::try_from(representation.presentation_time_offset - start).unwrap();
            let samples: Vec<_> = representation.segments.iter().flat_map(Segment::samples).collect();
            let difference = |(sample, edited): (&Sample, &Packet)| sample.composition_time - offset - edited.pts;
            let differences: Vec<_> = samples[from..].iter().zip(&edited).map(difference).collect();
            // The movie's timescale may be coarser than the track's: then rounding shifts the whole track by one unit.
            let is_constant = differences.iter().all(|difference| *difference == differences[0]);
            assert!(differences[0].abs() <= 1 && is_constant, "{}: {differences:?}", representation.id);
        }
    });
}
