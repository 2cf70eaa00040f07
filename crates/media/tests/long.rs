//! Movies of 24 hours: times are exact sums in whole units, up to the last sample.

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
use vpp_media::cmaf::{PlanOptions, Planner, Representation, SegmentPlan};
use vpp_media::time::Timescale;

const DAY: u64 = 24 * 60 * 60;

/// Frame rates whose segments do not end at a whole number of seconds, milliseconds or samples of the other track: the timescale
/// of the video, the repeated durations of its samples, and the timescale of the audio, with 1024 units per sample.
const RATES: [(u32, &[u32], u32); 4] = [
    (30_000, &[1001], 44_100),
    (24_000, &[1001], 48_000),
    (90_000, &[3003], 22_050),
    // A timescale of milliseconds, as phones have.
    (1000, &[33, 33, 34], 44_100),
];

fn video_frame(number: usize, durations: &[u32]) -> SampleSpec {
    let duration = durations[number % durations.len()];
    // GOPs of 61 frames, so that their ends move through the audio samples.
    SampleSpec { size: 40, duration, composition_offset: 0, is_sync: number.is_multiple_of(61) }
}

/// A track of one day.
fn track(video: bool, timescale: u32, sample: impl Fn(usize) -> SampleSpec) -> TrackSpec {
    let (mut time, mut samples) = (0, Vec::new());
    while time < DAY * u64::from(timescale) {
        samples.push(sample(samples.len()));
        time += u64::from(samples[samples.len() - 1].duration);
    }
    TrackSpec { video, timescale, samples, chunk: 5000, change: None, edit: None }
}

/// Checks that the segments of a track, planned and listed in the manifest, have all samples in order, at the sum of their
/// durations.
fn check(track: &Representation, segments: &[&SegmentPlan], wanted: &[SampleSpec]) {
    let (mut time, mut samples) = (0_u64, wanted.iter());
    assert_eq!(track.segments.len(), segments.len());
    for (number, (segment, listed)) in segments.iter().zip(&track.segments).enumerate() {
        assert_eq!((segment.decode_time, listed.start), (time, time), "{} segment {number}", track.id);
        for sample in &segment.samples {
            assert_eq!(samples.next().unwrap().duration, sample.duration);
            time += u64::from(sample.duration);
        }
        assert_eq!(listed.end(), time, "{} segment {number}", track.id);
    }
    assert!(samples.next().is_none(), "no sample is lost");
}

#[test]
fn times_do_not_drift_over_a_day() {
    for (timescale, durations, audio_timescale) in RATES {
        let audio_frame = SampleSpec { size: 40, duration: 1024, composition_offset: 0, is_sync: true };
        let tracks = [
            track(true, timescale, |number| video_frame(number, durations)),
            track(false, audio_timescale, |_| audio_frame),
        ];
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
        assert_eq!((video.timescale, audio.timescale), (scale(timescale), scale(audio_timescale)));
        check(video, &of_track(0), &tracks[0].samples);
        check(audio, &of_track(1), &tracks[1].samples);

        // An audio segment starts at the first sample at or after the start of the video segment, up to the last hour.
        assert!(video.segments.len() > 10_000 && video.segments.len() == audio.segments.len());
        for (video, audio) in video.segments.iter().zip(&audio.segments).skip(1) {
            let delay =
                i128::from(audio.start) * i128::from(timescale) - i128::from(video.start) * i128::from(audio_timescale);
            assert!((0..1024 * i128::from(timescale)).contains(&delay), "{delay} at {}", video.start);
        }
    }
}

fn scale(hz: u32) -> Timescale {
    Timescale::new(hz).unwrap()
}
