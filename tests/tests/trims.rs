//! What an edit list hides is not published, unless a decoder needs it, and is not presented. The expected samples are those that
//! ffmpeg's demuxer presents: `ffprobe -show_packets` marks all others as discarded.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;
use vpp_tests::ffmpeg::{self, Edits, Packet};
use vpp_tests::fixtures::{corpus, fixture};
use vpp_tests::package::{Package, Representation};
use vpp_tests::{decrypt, rules, vpp};

/// A package in a temporary directory, and the output of the command.
struct Packaged {
    package: Package,
    summary: Value,
    scratch: TempDir,
}

fn packaged(movie: &Path) -> Packaged {
    let scratch = TempDir::new().unwrap();
    let directory = scratch.path().join("package");
    let output = vpp::package(movie, &directory, &["--scheme", "clear", "--segment-duration", "1", "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let package = Package::open(&directory);
    assert_eq!(rules::violations(&package), [""; 0], "{}", movie.display());
    Packaged { package, summary: serde_json::from_slice(&output.stdout).unwrap(), scratch }
}

fn samples(representation: &Representation, scratch: &TempDir) -> Vec<Packet> {
    ffmpeg::packets(&decrypt::join(representation, scratch.path()), "0:0", Edits::Ignored)
}

/// Asserts that the package has the samples of the source at these positions, unchanged except for a shift of their times.
fn assert_is_part_of(source: &[Packet], first: usize, found: &[Packet]) {
    let shift = found[0].dts - source[first].dts;
    for (index, (found, source)) in found.iter().zip(&source[first..]).enumerate() {
        let moved = Packet { dts: found.dts - shift, pts: found.pts - shift, ..found.clone() };
        assert_eq!(moved, *source, "sample {index}");
    }
}

fn codes(summary: &Value) -> Vec<(&str, u64)> {
    let warnings = summary["warnings"].as_array().unwrap().iter();
    warnings.map(|warning| (warning["code"].as_str().unwrap(), warning["track_id"].as_u64().unwrap())).collect()
}

/// 6 s at 25 frames per second with a sync sample every second, and an edit list that shows 1.5 s from 2.5 s on, by half a frame
/// later. So the second from 2 s to 3 s is needed to decode, and the seconds before 2 s and after 4 s are not.
#[test]
fn hidden_samples_that_no_shown_sample_needs_are_not_published() {
    let Some(movie) = corpus("edge/trim_both.mp4") else { return };
    let Packaged { package, summary, scratch } = packaged(&movie);
    let video = package.representation("v1");
    let source = ffmpeg::packets(&movie, "0:v:0", Edits::Ignored);
    let found = samples(video, &scratch);
    assert_eq!(found.len(), 50, "frames 50 to 99");
    assert_is_part_of(&source, 50, &found);
    let offset = i64::try_from(video.presentation_time_offset).unwrap();
    let shown = found.iter().filter(|packet| packet.pts >= offset).count();
    assert_eq!(shown, 37, "ffprobe lists 37 packets that are not discarded");
    assert_eq!(found.iter().map(|packet| packet.pts + packet.duration).max().unwrap() - offset, 12_800 * 3 / 2);

    // 48,000 Hz, 1024 samples per frame: the frame at 71 * 1024 is the last that starts before 1.5 s.
    let audio = package.representation("a1");
    let source = ffmpeg::packets(&movie, "0:a:0", Edits::Ignored);
    let found = samples(audio, &scratch);
    let offset = i64::try_from(audio.presentation_time_offset).unwrap();
    let last = found.last().unwrap();
    assert!((71_488 - 1..=71_488 + 1).contains(&(last.pts - offset)), "the last packet that ffprobe shows: {last:?}");
    let first = source.iter().position(|packet| packet.sha256 == found[0].sha256).unwrap();
    assert_is_part_of(&source, first, &found);
    // Audio starts where the video does, 0.516 s before the edit, within a sample.
    assert!((24_800 - 1024..=24_800 + 1024).contains(&(offset - found[0].pts)), "{:?}", found[0]);

    assert_eq!(codes(&summary), [("trimmed_start", 1), ("trimmed_end", 1), ("trimmed_end", 2)]);
}

/// The offset from the first decode time to the edit: half a second, half a frame, and two frames of reordering.
#[test]
fn playlists_of_a_trimmed_movie_state_where_to_start() {
    let Some(movie) = corpus("edge/trim_both.mp4") else { return };
    let Packaged { package, scratch: _scratch, .. } = packaged(&movie);
    for id in ["v1", "a1"] {
        let text = fs::read_to_string(package.directory.join(id).join("media.m3u8")).unwrap();
        let tags: Vec<_> = text.lines().filter(|line| line.starts_with("#EXT-X-START")).collect();
        assert_eq!(tags, ["#EXT-X-START:TIME-OFFSET=0.580000,PRECISE=YES"], "{id}");
    }
    let multivariant = fs::read_to_string(package.directory.join("stream.m3u8")).unwrap();
    assert!(!multivariant.contains("EXT-X-START"));
    // Priming and reordering are no trims.
    let Packaged { package, summary, scratch: _scratch } = packaged(&fixture("sample.mp4"));
    for id in ["v1", "a1"] {
        let text = fs::read_to_string(package.directory.join(id).join("media.m3u8")).unwrap();
        assert!(!text.contains("EXT-X-START"), "{id}");
    }
    assert_eq!(codes(&summary), []);
}

/// An edit list that ends after 2 of 10 seconds, on a sync sample.
#[test]
fn media_after_the_edit_list_is_not_published() {
    let movie = fixture("cut-by-edit.mp4");
    let Packaged { package, summary, scratch } = packaged(&movie);
    let found = samples(package.representation("v1"), &scratch);
    assert_eq!(found.len(), 50);
    assert_is_part_of(&ffmpeg::packets(&movie, "0:v:0", Edits::Ignored), 0, &found);
    assert!(
        fs::read_to_string(package.directory.join("stream.mpd"))
            .unwrap()
            .contains("mediaPresentationDuration=\"PT2S\"")
    );
    assert_eq!(codes(&summary), [("trimmed_end", 1)]);
    let playlist = fs::read_to_string(package.directory.join("v1/media.m3u8")).unwrap();
    let durations = playlist.lines().filter_map(|line| line.strip_prefix("#EXTINF:")?.strip_suffix(','));
    assert!((durations.map(|duration| duration.parse::<f64>().unwrap()).sum::<f64>() - 2.0).abs() < 1e-6);
}

/// One `stts` delta of -100 among 149 of 512. `ffprobe -show_packets` lists these durations: it takes the delta for 1, and makes it
/// up in the deltas that follow, so that the video lasts 5.954 s.
#[test]
fn a_negative_sample_delta_is_repaired_as_ffmpeg_does() {
    let Some(movie) = corpus("edge/stts_neg.mp4") else { return };
    let Packaged { package, scratch, .. } = packaged(&movie);
    let video = package.representation("v1");
    let durations: Vec<_> = samples(video, &scratch).iter().map(|packet| packet.duration).collect();
    assert_eq!(durations, [vec![512; 75], vec![1], vec![511; 74]].concat());
    let last = video.segments.last().unwrap();
    assert_eq!((last.start + last.duration - video.presentation_time_offset) * 1000 / 12_800, 5954);
}
