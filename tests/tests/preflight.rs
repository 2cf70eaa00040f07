//! Compares the report of `vpp inspect` with ffmpeg's list of the movie's packets, and with the package of the movie.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;
use vpp_tests::ffmpeg::{self, Edits, Packet};
use vpp_tests::fixtures::fixture;
use vpp_tests::package::Package;
use vpp_tests::vpp;

fn inspected(movie: &Path) -> Value {
    serde_json::from_str(&vpp::inspect(movie, &[])).unwrap()
}

fn codes(report: &Value) -> Vec<&str> {
    report["warnings"].as_array().unwrap().iter().map(|warning| warning["code"].as_str().unwrap()).collect()
}

#[test]
fn every_warning_is_given_to_the_file_that_has_it_and_to_no_other() {
    for (name, expected) in [
        ("sample.mp4", &[][..]),
        ("film-moov-first.mp4", &[]),
        ("film-moov-last.mp4", &["no_faststart"]),
        ("two-languages.mp4", &["no_faststart"]),
        ("metadata.mp4", &["no_faststart", "poor_interleaving", "track_skipped"]),
        ("late-audio.mp4", &["no_faststart", "track_timing_mismatch"]),
        ("long-sound.mp4", &["no_faststart", "track_timing_mismatch"]),
        ("irregular-groups.mp4", &["no_faststart", "long_gops"]),
        ("open-groups.mp4", &["no_faststart", "open_gops"]),
        ("hevc-open-groups.mp4", &["no_faststart", "open_gops"]),
        ("variable-rate.mp4", &["no_faststart", "variable_frame_rate"]),
        ("jitter.mp4", &["no_faststart"]),
        ("interlaced.mp4", &["no_faststart", "interlaced"]),
        ("hevc-fields.mp4", &["no_faststart", "interlaced"]),
        ("trimmed.mp4", &["no_faststart", "trimmed_start"]),
        ("cut-by-edit.mp4", &["no_faststart", "trimmed_end"]),
        ("hevc-in-band.mp4", &["no_faststart", "in_band_parameter_sets"]),
        ("hevc-complete.mp4", &["no_faststart"]),
        ("two-settings.mp4", &["no_faststart", "codec_parameters_change"]),
        ("vp9.mp4", &["no_faststart", "cbcs_undefined"]),
        ("silence.mp4", &["no_faststart", "nothing_to_encrypt"]),
        ("second-video-enabled.mp4", &["no_faststart", "alternative_video"]),
        ("last-audio-enabled.mp4", &["no_faststart"]),
        ("fragments.mp4", &[]),
        ("fragment-cut.mp4", &["recording_cut_short"]),
        ("fragments-late.mp4", &["track_timing_mismatch"]),
    ] {
        let report = inspected(&fixture(name));
        assert_eq!(codes(&report), expected, "{name}");
        let verdict = if expected.is_empty() { "accepted" } else { "accepted_with_warnings" };
        assert_eq!(report["verdict"], verdict, "{name}");
        for warning in report["warnings"].as_array().unwrap() {
            assert!(
                !warning["message"].as_str().unwrap().is_empty() && !warning["action"].as_str().unwrap().is_empty()
            );
        }
    }
}

#[test]
fn groups_are_long_when_segments_cannot_be_near_the_requested_duration() {
    // Groups of two seconds allow segments of six seconds, near the requested 5.5, and never of one.
    let movie = fixture("film-moov-first.mp4");
    for (duration, longest, expected) in [("5.5", 6000, &[][..]), ("1", 2000, &["long_gops"])] {
        let report: Value = serde_json::from_str(&vpp::inspect(&movie, &["--segment-duration", duration])).unwrap();
        assert_eq!(report["tracks"][0]["segments"]["longest_ms"], longest);
        assert_eq!(codes(&report), expected, "{duration} s");
    }
}

/// Converts to milliseconds, rounded to the nearest.
fn milliseconds(units: i64, timescale: i64) -> i64 {
    (units * 1000 + timescale / 2).div_euclid(timescale)
}

/// Returns the bits of the busiest second, of those that start at a multiple of a tenth of a second after the first packet.
fn busiest_second(packets: &[Packet], timescale: i64) -> u64 {
    let first = packets[0].dts;
    let tenth = move |packet: &Packet| (packet.dts - first) * 10 / timescale;
    let last = tenth(packets.last().unwrap());
    let second = |from: i64| {
        packets.iter().filter(move |packet| (from..from + 10).contains(&tenth(packet))).map(|packet| packet.size)
    };
    (-9..=last).map(|from| second(from).sum::<u64>() * 8).max().unwrap()
}

/// Returns the durations of the groups of pictures, and the number of open ones.
fn groups(packets: &[Packet]) -> (Vec<i64>, usize) {
    let starts: Vec<usize> = (0..packets.len()).filter(|index| packets[*index].sync).collect();
    let ends = starts.iter().skip(1).copied().chain([packets.len()]);
    let of = |(start, end): (&usize, usize)| &packets[*start..end];
    let groups: Vec<&[Packet]> = starts.iter().zip(ends).map(of).collect();
    let open = groups.iter().filter(|group| group.iter().any(|packet| packet.pts < group[0].pts)).count();
    (groups.iter().map(|group| group.iter().map(|packet| packet.duration).sum()).collect(), open)
}

#[test]
fn the_figures_are_those_of_ffmpegs_listing() {
    for name in ["sample.mp4", "irregular-groups.mp4", "open-groups.mp4", "hevc-open-groups.mp4", "variable-rate.mp4"] {
        let movie = fixture(name);
        let report = inspected(&movie);
        for track in report["tracks"].as_array().unwrap() {
            let (kind, _) = track["name"].as_str().unwrap().split_at(1);
            let packets = ffmpeg::packets(&movie, &format!("0:{kind}:0"), Edits::Ignored);
            let timescale = ffmpeg::timescale(&movie, &format!("0:{kind}:0"));
            let (bytes, units) =
                packets.iter().fold((0, 0), |(bytes, units), packet| (bytes + packet.size, units + packet.duration));
            let bits = u128::from(bytes) * 8 * u128::from(timescale.unsigned_abs());
            let average = bits.div_ceil(u128::from(units.unsigned_abs()));
            assert_eq!(u128::from(track["average_bitrate"].as_u64().unwrap()), average, "{name} {kind}");
            let peak = u128::from(busiest_second(&packets, timescale)).max(average);
            assert_eq!(u128::from(track["peak_bitrate"].as_u64().unwrap()), peak, "{name} {kind}");
            if kind == "v" {
                let (durations, open) = groups(&packets);
                let figures = &track["gops"];
                assert_eq!(figures["count"], durations.len(), "{name}");
                assert_eq!(figures["shortest_ms"], milliseconds(*durations.iter().min().unwrap(), timescale), "{name}");
                assert_eq!(figures["longest_ms"], milliseconds(*durations.iter().max().unwrap(), timescale), "{name}");
                let mean = milliseconds(durations.iter().sum(), timescale) / i64::try_from(durations.len()).unwrap();
                assert_eq!(figures["mean_ms"], mean, "{name}");
                assert_eq!(track["open_gops"], open, "{name}");
            }
        }
    }
}

#[test]
fn tracks_start_and_end_where_ffmpeg_presents_them() {
    for name in ["sample.mp4", "late-audio.mp4", "late-video.mp4", "long-sound.mp4"] {
        let movie = fixture(name);
        let report = inspected(&movie);
        for track in report["tracks"].as_array().unwrap() {
            let (kind, _) = track["name"].as_str().unwrap().split_at(1);
            let stream = format!("0:{kind}:0");
            let packets = ffmpeg::packets(&movie, &stream, Edits::Applied);
            let timescale = ffmpeg::timescale(&movie, &stream);
            let start = packets.iter().map(|packet| packet.pts).min().unwrap();
            let end = packets.iter().map(|packet| packet.pts + packet.duration).max().unwrap();
            assert_eq!(track["start_ms"], milliseconds(start, timescale), "{name} {kind}");
            // An edit list may remove the padding of the last audio frame, which is packaged nevertheless.
            let stated = track["end_ms"].as_i64().unwrap();
            assert!((0..=50).contains(&(stated - milliseconds(end, timescale))), "{name} {kind}: {stated}");
            if kind == "a" {
                // This encoder's priming is one frame; if the audio starts late, the edit list includes the delay.
                let priming = if name == "late-audio.mp4" { 0 } else { 1024 };
                assert_eq!(track["priming_samples"], priming, "{name}");
            }
        }
    }
}

#[test]
fn the_predicted_number_of_segments_is_written() {
    for name in ["irregular-groups.mp4", "long-sound.mp4", "late-picture.mp4", "two-settings.mp4"] {
        let movie = fixture(name);
        let report = inspected(&movie);
        let scratch = TempDir::new().unwrap();
        assert!(vpp::package(&movie, scratch.path(), &[]).status.success());
        let package = Package::open(scratch.path());
        let mut total = 0;
        for (track, representation) in report["tracks"].as_array().unwrap().iter().zip(&package.representations) {
            assert_eq!(track["segments"]["count"], representation.segments.len(), "{name} {}", representation.id);
            let longest = representation.segments.iter().map(|segment| segment.duration).max().unwrap();
            let longest_ms = (longest * 1000 + representation.timescale / 2) / representation.timescale;
            assert_eq!(track["segments"]["longest_ms"], longest_ms, "{name} {}", representation.id);
            total += representation.segments.len();
        }
        assert_eq!(report["segments"], total, "{name}");
    }
}
