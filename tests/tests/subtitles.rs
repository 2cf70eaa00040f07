//! Subtitles: ffmpeg reads the same text and times from the package as from the source.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use vpp_tests::ffmpeg::{self, Edits, Packet};
use vpp_tests::package::{Package, Representation};
use vpp_tests::{decrypt::KEY, fixtures, vpp};

/// A package of a movie with segments of about two seconds, and with every track encrypted that can be.
struct Packaged {
    movie: PathBuf,
    package: Package,
    scratch: TempDir,
}

fn packaged(fixture: &str) -> Packaged {
    let scratch = TempDir::new().unwrap();
    let directory = scratch.path().join("package");
    let movie = fixtures::fixture(fixture);
    let arguments = ["--segment-duration", "2", "--encrypt", "all", "--key", KEY.key, "--kid", KEY.kid];
    let output = vpp::package(&movie, &directory, &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Packaged { movie, package: Package::open(&directory), scratch }
}

impl Packaged {
    fn texts(&self) -> impl Iterator<Item = (usize, &Representation)> {
        self.package
            .representations
            .iter()
            .enumerate()
            .filter(|(_, representation)| representation.content_type == "text")
    }

    /// Lists the samples of a representation with ffmpeg, on the presentation timeline.
    fn samples(&self, representation: &Representation) -> Vec<Packet> {
        let joined = self.scratch.path().join("joined.mp4");
        let files =
            std::iter::once(&representation.init).chain(representation.segments.iter().map(|segment| &segment.path));
        fs::write(&joined, files.flat_map(|file| fs::read(file).unwrap()).collect::<Vec<u8>>()).unwrap();
        let mut packets = ffmpeg::packets(&joined, "0:0", Edits::Ignored);
        let origin = i64::try_from(representation.presentation_time_offset).unwrap();
        for packet in &mut packets {
            (packet.dts, packet.pts) = (packet.dts - origin, packet.pts - origin);
        }
        packets
    }
}

/// Returns the paths of a representation's WebVTT text files, in order.
fn text_files(representation: &Representation) -> Vec<PathBuf> {
    representation.segments.iter().map(|segment| segment.path.with_extension("vtt")).collect()
}

/// Reads the cues of a stream with ffmpeg: times and text, in the same notation for all formats.
fn cues(file: &Path, stream: &str) -> Vec<String> {
    let output = ffmpeg::ffmpeg().arg("-i").arg(file).args(["-map", stream, "-f", "srt", "-"]).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    // Each starts with a number, which counts per file and is not part of the cue.
    text.split("\n\n").filter_map(|cue| cue.trim().split_once('\n')).map(|(_, cue)| cue.trim().to_owned()).collect()
}

#[test]
fn timed_text_becomes_webvtt_with_the_same_text_and_times() {
    let movie = packaged("timed-text.mp4");
    assert_eq!(movie.texts().count(), 2);
    for (number, (stream, representation)) in movie.texts().enumerate() {
        assert_eq!((representation.codecs.as_str(), &representation.protection), ("wvtt", &None));
        let expected = cues(&movie.movie, &format!("0:{stream}"));
        let found: Vec<_> = text_files(representation).iter().flat_map(|file| cues(file, "0:0")).collect();
        assert_eq!(expected.len(), [2, 3][number], "{expected:?}");
        assert_eq!(found, expected);
    }
}

#[test]
fn every_timed_text_sample_becomes_a_webvtt_sample_with_the_same_times() {
    let movie = packaged("timed-text.mp4");
    for (stream, representation) in movie.texts() {
        let times =
            |packets: Vec<Packet>| packets.into_iter().map(|packet| (packet.dts, packet.duration)).collect::<Vec<_>>();
        let expected = times(ffmpeg::packets(&movie.movie, &format!("0:{stream}"), Edits::Ignored));
        let found = times(movie.samples(representation));
        // ffmpeg ends every text track that it writes with an empty sample without a duration. It is never shown, so it is not
        // packaged. ffmpeg reads it back as none, or with a duration up to the end of the movie.
        assert!(found.len() > 3 && (found.len()..=found.len() + 1).contains(&expected.len()));
        assert_eq!(found, expected[..found.len()]);
    }
}

#[test]
fn webvtt_and_ttml_are_carried_byte_for_byte() {
    for (fixture, codecs) in [("webvtt.mp4", "wvtt"), ("ttml.mp4", "stpp.ttml.im1t")] {
        let movie = packaged(fixture);
        let (stream, representation) = movie.texts().next().unwrap();
        assert_eq!((representation.codecs.as_str(), &representation.protection), (codecs, &None));
        let source = ffmpeg::packets(&movie.movie, &format!("0:{stream}"), Edits::Ignored);
        assert!(source.len() > 2 && representation.segments.len() > 2);
        assert_eq!(movie.samples(representation), source, "{fixture}");
    }
}

#[test]
fn times_inside_ttml_documents_stay_correct() {
    // The video frames are reordered, so the timelines of the other tracks are shifted. Times inside documents cannot be.
    let movie = packaged("ttml.mp4");
    let origins: Vec<_> = movie
        .package
        .representations
        .iter()
        .map(|representation| representation.presentation_time_offset > 0)
        .collect();
    assert_eq!(origins, [true, true, false]);
}

#[test]
fn text_files_hold_each_cue_once_per_segment_with_its_settings() {
    let movie = packaged("webvtt.mp4");
    let (_, representation) = movie.texts().next().unwrap();
    let found: Vec<_> = text_files(representation).iter().flat_map(|file| cues(file, "0:0")).collect();
    let starts: Vec<_> = found.iter().map(|cue| cue.split(" --> ").next().unwrap()).collect();
    // A segment's text file has the text of its samples, so the long cue is split where another cue starts a segment.
    let expected = ["01,500", "02,500", "02,500", "03,000", "04,000", "04,000", "09,400"];
    assert_eq!(starts, expected.map(|start| format!("00:00:{start}")));
    let text: String = text_files(representation).iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    assert!(text.contains("00:00:03.000 --> 00:00:04.000 line:0 align:start\nA long\n<i>cue</i>\n"), "{text}");
    assert!(text.contains("STYLE\n::cue { color: yellow }\n"));
    // 80 ms of reordering: the header maps the text's zero to the media time.
    assert_eq!(
        text.matches("WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:7200\n").count(),
        representation.segments.len()
    );
}

#[test]
fn a_long_cue_is_not_split_and_its_segment_lasts_as_long() {
    let movie = packaged("timed-text.mp4");
    let (_, representation) = movie.texts().next().unwrap();
    // Two seconds are requested, but no cue starts between 2.5 and 9.2 s.
    let durations: Vec<_> = representation.segments.iter().map(|segment| segment.duration).collect();
    assert_eq!(durations, [2_500_000, 6_700_000]);
    let playlist = fs::read_to_string(movie.package.directory.join("t1/media.m3u8")).unwrap();
    assert!(playlist.contains("#EXT-X-TARGETDURATION:7\n") && playlist.contains("#EXTINF:6.700000,\n2.vtt\n"));
    assert!(!playlist.contains("#EXT-X-MAP"), "text files have no init segment");
}

/// Packages a movie with a separate caption file.
fn package_with_captions(fixture: &str, text: &str, scratch: &Path) -> std::process::Output {
    let file = scratch.join("captions.vtt");
    fs::write(&file, text).unwrap();
    let captions = format!("pt-BR={}:Português", file.display());
    vpp::package(&fixtures::fixture(fixture), &scratch.join("package"), &["--captions", &captions])
}

#[test]
fn a_subtitle_file_is_delivered_unchanged_and_in_sync() {
    let scratch = TempDir::new().unwrap();
    let text =
        "WEBVTT\n\nNOTE a note\n\n1\n00:01.000 --> 00:02.500 line:0\nOlá\n\n00:00:03.000 --> 00:00:04.000\nTchau\n";
    let output = package_with_captions("timed-text.mp4", text, scratch.path());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read = |path: &str| fs::read_to_string(scratch.path().join("package").join(path)).unwrap();
    assert_eq!(read("t3/subtitles.vtt"), text);
    let mapped = text.replacen("WEBVTT\n", "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:7200\n", 1);
    assert_eq!(read("t3/1.vtt"), mapped);
    assert!(read("t3/media.m3u8").contains("#EXTINF:10.") && read("t3/media.m3u8").contains(",\n1.vtt\n"));
    let playlist = read("stream.m3u8");
    let media = playlist.lines().find(|line| line.contains("t3/media.m3u8")).unwrap();
    assert!(media.contains("TYPE=SUBTITLES") && media.contains("NAME=\"Português\",LANGUAGE=\"pt-BR\""), "{media}");
    let manifest = read("stream.mpd");
    let set = manifest.split("<AdaptationSet ").find(|set| set.contains("mimeType=\"text/vtt\"")).unwrap();
    assert!(set.contains("lang=\"pt-BR\""), "{set}");
    assert!(set.contains("<BaseURL>t3/subtitles.vtt</BaseURL>") && set.contains("value=\"caption\""), "{set}");
    assert_eq!(cues(&scratch.path().join("package/t3/1.vtt"), "0:0").len(), 2);
    // By default ffmpeg's DASH demuxer opens only files with known extensions.
    let any_extension = ["-allowed_extensions", "ALL"];
    assert_eq!(ffmpeg::warnings(&scratch.path().join("package/stream.mpd"), &any_extension), "");
}

#[test]
fn a_subtitle_file_that_breaks_a_rule_is_refused_with_its_line_before_anything_is_written() {
    let scratch = TempDir::new().unwrap();
    let output =
        package_with_captions("timed-text.mp4", "WEBVTT\n\n00:00:01,000 --> 00:00:02,000\ncommas\n", scratch.path());
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(message.starts_with("malformed_subtitles: ") && message.contains("line 3"), "{message}");
    assert!(!scratch.path().join("package").exists());
}

#[test]
fn both_manifests_distinguish_subtitle_tracks() {
    let movie = packaged("timed-text.mp4");
    let languages: Vec<_> =
        movie.texts().map(|(_, representation)| representation.language.as_deref().unwrap()).collect();
    assert_eq!(languages, ["en", "de"]);
    let sets: Vec<_> =
        movie.package.text.split("<AdaptationSet ").filter(|set| set.contains("contentType=\"text\"")).collect();
    assert!(sets[0].contains("value=\"subtitle\"") && sets[0].contains("<Label>English</Label>"), "{}", sets[0]);
    assert!(sets[1].contains("value=\"caption\"") && sets[1].contains("<Label>Deutsch (alles)</Label>"), "{}", sets[1]);
    let playlist = fs::read_to_string(movie.package.directory.join("stream.m3u8")).unwrap();
    let media: Vec<_> = playlist.lines().filter(|line| line.starts_with("#EXT-X-MEDIA:TYPE=SUBTITLES")).collect();
    assert!(media[0].contains("NAME=\"English\",LANGUAGE=\"en\"") && !media[0].contains("CHARACTERISTICS"));
    assert!(media[1].contains("NAME=\"Deutsch (alles)\"") && media[1].contains("transcribes-spoken-dialog"));
    let variants: Vec<_> = playlist.lines().filter(|line| line.starts_with("#EXT-X-STREAM-INF")).collect();
    assert!(
        variants.iter().all(|line| line.ends_with("SUBTITLES=\"subtitles\"") && !line.contains("wvtt")),
        "{variants:?}"
    );
}

/// Packages a movie with segments of about two seconds.
fn packaged_clear(movie: &Path, directory: &Path) -> Package {
    let output = vpp::package(movie, directory, &["--segment-duration", "2", "--scheme", "clear"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Package::open(directory)
}

/// Returns the value of an attribute, by its first occurrence.
fn attribute<'t>(text: &'t str, name: &str) -> &'t str {
    let value = text.split_once(&format!("{name}=\"")).unwrap().1;
    value.split_once('"').unwrap().0
}

/// Returns the number after the first occurrence of a tag or attribute.
fn number(text: &str, name: &str) -> f64 {
    let digits = text.split_once(name).unwrap().1;
    digits.split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap().parse().unwrap()
}

/// The duration of a playlist: the sum of those of its segments.
fn listed_duration(playlist: &str) -> f64 {
    playlist.lines().filter(|line| line.starts_with("#EXTINF:")).map(|line| number(line, "#EXTINF:")).sum()
}

/// The first cue of this movie is late, and others are after its end. Its manifests state what those of the same movie without
/// text state.
#[test]
fn cues_have_no_part_in_durations_buffer_and_bandwidths() {
    let scratch = TempDir::new().unwrap();
    let movie = fixtures::fixture("late-cues.mp4");
    let without_text = scratch.path().join("without.mp4");
    let mut remux = ffmpeg::ffmpeg();
    remux.arg("-i").arg(&movie).args(["-map", "0:v", "-map", "0:a", "-c", "copy"]).arg(&without_text);
    assert!(remux.status().unwrap().success());
    let [with, without] = [(&movie, "with"), (&without_text, "without")]
        .map(|(movie, name)| packaged_clear(movie, &scratch.path().join(name)));
    for name in ["mediaPresentationDuration", "minBufferTime"] {
        assert_eq!(attribute(&with.text, name), attribute(&without.text, name), "{name}");
    }
    for representation in without.media() {
        let other = with.representation(&representation.id);
        assert_eq!(other.bandwidth, representation.bandwidth, "{}", representation.id);
        let playlist = |package: &Package| {
            fs::read_to_string(package.directory.join(&representation.id).join("media.m3u8")).unwrap()
        };
        assert_eq!(playlist(&with), playlist(&without), "{}", representation.id);
    }
    let read = |package: &Package, path: &str| fs::read_to_string(package.directory.join(path)).unwrap();
    let [media, text] = ["v1", "t1"].map(|id| listed_duration(&read(&with, &format!("{id}/media.m3u8"))));
    // The audio is at most one frame longer than the video.
    assert!(text > 9.5 && text < media + 0.1, "text {text} s, media {media} s");
    for name in [":BANDWIDTH=", ",AVERAGE-BANDWIDTH="] {
        let [with, without] = [&with, &without].map(|package| number(&read(package, "stream.m3u8"), name));
        // Three cues, in fragments of a few hundred bytes.
        assert!(with > without && with < without + 10_000.0, "{name} {with} {without}");
    }
}

/// RFC 8216bis 6.2.4: one target duration, except for subtitles and key frames.
#[test]
fn video_and_audio_have_one_target_duration() {
    let movie = packaged("timed-text.mp4");
    let target = |id: &str| {
        let playlist = fs::read_to_string(movie.package.directory.join(id).join("media.m3u8")).unwrap();
        let longest = playlist.lines().filter(|line| line.starts_with("#EXTINF:"));
        let longest = longest.map(|line| number(line, "#EXTINF:").ceil()).fold(0.0, f64::max);
        (number(&playlist, "#EXT-X-TARGETDURATION:"), longest)
    };
    let [(video, longest_video), (audio, longest_audio)] = ["v1", "a1"].map(target);
    assert!(longest_video < longest_audio, "the audio has a longer segment");
    assert_eq!((video, audio), (longest_audio, longest_audio));
}
