//! Subtitles in the file, judged by ffmpeg: what it reads in the source is what it reads in the package.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use vpp_tests::ffmpeg::{self, Edits, Packet};
use vpp_tests::package::{Package, Representation};
use vpp_tests::{decrypt::KEY, fixtures, vpp};

/// A package of a movie with segments of about two seconds, all that can be encrypted encrypted.
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
        self.package.representations.iter().enumerate().filter(|(_, own)| own.content_type == "text")
    }

    /// The samples of a representation as ffmpeg finds them, on the timeline of the presentation.
    fn samples(&self, own: &Representation) -> Vec<Packet> {
        let whole = self.scratch.path().join("whole.mp4");
        let files = std::iter::once(&own.init).chain(own.segments.iter().map(|segment| &segment.path));
        fs::write(&whole, files.flat_map(|file| fs::read(file).unwrap()).collect::<Vec<u8>>()).unwrap();
        let mut packets = ffmpeg::packets(&whole, "0:0", Edits::Ignored);
        let origin = i64::try_from(own.presentation_time_offset).unwrap();
        for packet in &mut packets {
            (packet.dts, packet.pts) = (packet.dts - origin, packet.pts - origin);
        }
        packets
    }
}

/// The text files of a representation, in order.
fn text_files(own: &Representation) -> Vec<PathBuf> {
    own.segments.iter().map(|segment| segment.path.with_extension("vtt")).collect()
}

/// The cues that ffmpeg reads in a stream: times and text, in one writing for all formats.
fn cues(file: &Path, stream: &str) -> Vec<String> {
    let output = ffmpeg::ffmpeg().arg("-i").arg(file).args(["-map", stream, "-f", "srt", "-"]).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    // Each is numbered; the number is of its file, not of the cue.
    text.split("\n\n").filter_map(|cue| cue.trim().split_once('\n')).map(|(_, cue)| cue.trim().to_owned()).collect()
}

#[test]
fn timed_text_becomes_webvtt_with_the_same_text_and_times() {
    let movie = packaged("timed-text.mp4");
    assert_eq!(movie.texts().count(), 2);
    for (number, (stream, own)) in movie.texts().enumerate() {
        assert_eq!((own.codecs.as_str(), &own.protection), ("wvtt", &None));
        let expected = cues(&movie.movie, &format!("0:{stream}"));
        let found: Vec<_> = text_files(own).iter().flat_map(|file| cues(file, "0:0")).collect();
        assert_eq!(expected.len(), [2, 3][number], "{expected:?}");
        assert_eq!(found, expected);
    }
}

#[test]
fn every_timed_text_sample_becomes_a_webvtt_sample_with_the_same_times() {
    let movie = packaged("timed-text.mp4");
    for (stream, own) in movie.texts() {
        let times = |packets: Vec<Packet>| packets.into_iter().map(|own| (own.dts, own.duration)).collect::<Vec<_>>();
        let expected = times(ffmpeg::packets(&movie.movie, &format!("0:{stream}"), Edits::Ignored));
        let mut found = times(movie.samples(own));
        // Every track of text that ffmpeg writes ends with an empty sample without a duration; it reads that as none, or as one
        // that lasts until the movie ends.
        assert_eq!(found.pop().map(|(_, duration)| duration), Some(0));
        assert!(found.len() > 3 && expected.len() <= found.len() + 1);
        assert_eq!(found, expected[..found.len()]);
    }
}

#[test]
fn webvtt_and_ttml_are_carried_byte_for_byte() {
    for (fixture, codecs) in [("webvtt.mp4", "wvtt"), ("ttml.mp4", "stpp.ttml.im1t")] {
        let movie = packaged(fixture);
        let (stream, own) = movie.texts().next().unwrap();
        assert_eq!((own.codecs.as_str(), &own.protection), (codecs, &None));
        let source = ffmpeg::packets(&movie.movie, &format!("0:{stream}"), Edits::Ignored);
        assert!(source.len() > 2 && own.segments.len() > 2);
        assert_eq!(movie.samples(own), source, "{fixture}");
    }
}

#[test]
fn times_inside_ttml_documents_stay_correct() {
    // The picture is reordered, so all other tracks are shifted; the documents cannot be.
    let movie = packaged("ttml.mp4");
    let origins: Vec<_> = movie.package.representations.iter().map(|own| own.presentation_time_offset > 0).collect();
    assert_eq!(origins, [true, true, false]);
}

#[test]
fn text_files_hold_each_cue_once_per_segment_with_its_settings() {
    let movie = packaged("webvtt.mp4");
    let (_, own) = movie.texts().next().unwrap();
    let found: Vec<_> = text_files(own).iter().flat_map(|file| cues(file, "0:0")).collect();
    let starts: Vec<_> = found.iter().map(|cue| cue.split(" --> ").next().unwrap()).collect();
    // The long cue is cut where a segment ends at the start of another cue, for a segment's text is that of its samples.
    let expected = ["01,500", "02,500", "02,500", "03,000", "04,000", "04,000", "09,400"];
    assert_eq!(starts, expected.map(|start| format!("00:00:{start}")));
    let text: String = text_files(own).iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    assert!(text.contains("00:00:03.000 --> 00:00:04.000 line:0 align:start\nA long\n<i>cue</i>\n"), "{text}");
    assert!(text.contains("STYLE\n::cue { color: yellow }\n"));
    // 80 ms of reordering: the text says which media time its zero is.
    assert_eq!(text.matches("WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:7200\n").count(), own.segments.len());
}

#[test]
fn a_long_cue_is_not_split_and_its_segment_lasts_as_long() {
    let movie = packaged("timed-text.mp4");
    let (_, own) = movie.texts().next().unwrap();
    // Two seconds were asked for; nothing begins between 2.5 and 9.2 s.
    let durations: Vec<_> = own.segments.iter().map(|segment| segment.duration).collect();
    assert_eq!(durations, [2_500_000, 6_700_000]);
    let playlist = fs::read_to_string(movie.package.directory.join("t1/media.m3u8")).unwrap();
    assert!(playlist.contains("#EXT-X-TARGETDURATION:7\n") && playlist.contains("#EXTINF:6.700000,\n2.vtt\n"));
    assert!(!playlist.contains("#EXT-X-MAP"), "text files have no init segment");
}

/// `vpp package` of a movie with a subtitle file beside it.
fn beside(fixture: &str, text: &str, scratch: &Path) -> std::process::Output {
    let file = scratch.join("beside.vtt");
    fs::write(&file, text).unwrap();
    let given = format!("pt-BR={}:Português", file.display());
    vpp::package(&fixtures::fixture(fixture), &scratch.join("package"), &["--captions", &given])
}

#[test]
fn a_subtitle_file_is_delivered_unchanged_and_in_sync() {
    let scratch = TempDir::new().unwrap();
    let text =
        "WEBVTT\n\nNOTE a note\n\n1\n00:01.000 --> 00:02.500 line:0\nOlá\n\n00:00:03.000 --> 00:00:04.000\nTchau\n";
    let output = beside("timed-text.mp4", text, scratch.path());
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
    let set = manifest.split("<AdaptationSet ").last().unwrap();
    assert!(set.contains("mimeType=\"text/vtt\"") && set.contains("lang=\"pt-BR\""), "{set}");
    assert!(set.contains("<BaseURL>t3/subtitles.vtt</BaseURL>") && set.contains("value=\"caption\""), "{set}");
    assert_eq!(cues(&scratch.path().join("package/t3/1.vtt"), "0:0").len(), 2);
    // ffmpeg reads the whole manifest, once it may open files of that name.
    let any_name = ["-allowed_extensions", "ALL"];
    assert_eq!(ffmpeg::complaints(&scratch.path().join("package/stream.mpd"), &any_name), "");
}

#[test]
fn a_subtitle_file_that_breaks_a_rule_is_refused_with_its_line_before_anything_is_written() {
    let scratch = TempDir::new().unwrap();
    let output = beside("timed-text.mp4", "WEBVTT\n\n00:00:01,000 --> 00:00:02,000\ncommas\n", scratch.path());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.starts_with("malformed_subtitles: ") && said.contains("line 3"), "{said}");
    assert!(!scratch.path().join("package").exists());
}

#[test]
fn both_manifests_distinguish_subtitle_tracks() {
    let movie = packaged("timed-text.mp4");
    let languages: Vec<_> = movie.texts().map(|(_, own)| own.language.as_deref().unwrap()).collect();
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
        variants.iter().all(|own| own.ends_with("SUBTITLES=\"subtitles\"") && !own.contains("wvtt")),
        "{variants:?}"
    );
}
