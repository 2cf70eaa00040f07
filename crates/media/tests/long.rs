//! Twenty-four hours: times are those of a naive sum in whole units, to the last sample.

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

use support::{Movie, Wanted, WantedTrack};
use vpp_media::cmaf::{PlanOptions, Planner, Representation, SegmentPlan};
use vpp_media::time::Timescale;

const DAY: u64 = 24 * 60 * 60;

/// Rates whose segments end at no whole number of seconds, milliseconds or samples of the other track: the timescale of the
/// picture, the durations of its samples in turn, and the timescale of the sound, of 1024 units a sample.
const RATES: [(u32, &[u32], u32); 4] = [
    (30_000, &[1001], 44_100),
    (24_000, &[1001], 48_000),
    (90_000, &[3003], 22_050),
    // A clock in milliseconds, as of a phone.
    (1000, &[33, 33, 34], 44_100),
];

fn picture(number: usize, durations: &[u32]) -> Wanted {
    let duration = durations[number % durations.len()];
    // Groups of 61 pictures, so that their ends wander through the sound's samples.
    Wanted { size: 5, duration, composition_offset: 0, is_sync: number.is_multiple_of(61) }
}

/// A sample track of a day.
fn track(video: bool, timescale: u32, sample: impl Fn(usize) -> Wanted) -> WantedTrack {
    let (mut time, mut samples) = (0, Vec::new());
    while time < DAY * u64::from(timescale) {
        samples.push(sample(samples.len()));
        time += u64::from(samples[samples.len() - 1].duration);
    }
    WantedTrack { video, timescale, samples, chunk: 5000, change: None, edit: None }
}

/// The segments of a track and what the manifest says of them are the samples in turn, at the sum of their durations.
fn check(own: &Representation, segments: &[&SegmentPlan], wanted: &[Wanted]) {
    let (mut time, mut samples) = (0_u64, wanted.iter());
    assert_eq!(own.segments.len(), segments.len());
    for (number, (segment, listed)) in segments.iter().zip(&own.segments).enumerate() {
        assert_eq!((segment.decode_time, listed.start), (time, time), "{} segment {number}", own.id);
        for sample in &segment.samples {
            assert_eq!(samples.next().unwrap().duration, sample.duration);
            time += u64::from(sample.duration);
        }
        assert_eq!(listed.end(), time, "{} segment {number}", own.id);
    }
    assert!(samples.next().is_none(), "no sample is lost");
}

#[test]
fn times_do_not_drift_over_a_day() {
    for (timescale, durations, sound_timescale) in RATES {
        let frame = Wanted { size: 1, duration: 1024, composition_offset: 0, is_sync: true };
        let tracks =
            [track(true, timescale, |number| picture(number, durations)), track(false, sound_timescale, |_| frame)];
        let index = Movie::new(&tracks).index();
        let movie = vpp_media::track::Movie::parse(&index).unwrap();
        let mut planner = Planner::new(&movie, &PlanOptions::default()).unwrap();
        let work_units: Vec<_> = planner.by_ref().map(Result::unwrap).collect();
        let presentation = planner.finish().unwrap();
        let of_track = |track: u16| -> Vec<&SegmentPlan> {
            work_units
                .iter()
                .flat_map(|work_unit| &work_unit.segments)
                .filter(|segment| segment.track == track)
                .collect()
        };
        let [video, audio] = &presentation.representations[..] else { panic!("two tracks") };
        assert_eq!((video.timescale, audio.timescale), (scale(timescale), scale(sound_timescale)));
        check(video, &of_track(0), &tracks[0].samples);
        check(audio, &of_track(1), &tracks[1].samples);

        // Sound is cut at its first sample that begins with or after the picture: to the last hour, never a sample late.
        assert!(video.segments.len() > 10_000 && video.segments.len() == audio.segments.len());
        for (picture, sound) in video.segments.iter().zip(&audio.segments).skip(1) {
            let behind = i128::from(sound.start) * i128::from(timescale)
                - i128::from(picture.start) * i128::from(sound_timescale);
            assert!((0..1024 * i128::from(timescale)).contains(&behind), "{behind} at {}", picture.start);
        }
    }
}

fn scale(hz: u32) -> Timescale {
    Timescale::new(hz).unwrap()
}
