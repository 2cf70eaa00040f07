//! The judge is silent on the package of every movie that the platform must package, and on packages of several.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::planting::Packaged;
use tempfile::TempDir;
use vpp_tests::decrypt::KEY;
use vpp_tests::judge::{self, Manifests, Request, Source};
use vpp_tests::{fixtures, movies, vpp};

fn assert_silent(inputs: &[&Path], arguments: &[&str], request: Request) {
    Packaged::new(inputs, arguments, request).assert_silent();
}

/// Returns the arguments with which every movie is packaged: clear in segments, and encrypted in single files.
fn arguments(movie: &Path) -> [Vec<&'static str>; 2] {
    let scheme = if movies::supports_scheme(movie, "cbcs") { "cbcs" } else { "cenc" };
    let key = ["--key", KEY.key, "--kid", KEY.kid, "--encrypt", "all", "--layout", "single-file"];
    [vec!["--scheme", "clear"], [&["--scheme", scheme], &key[..]].concat()]
}

/// The edge files of the corpus that must be packaged, and those that are packaged only with `--audio-only`.
const EDGE: [&str; 8] = [
    "anamorphic_pasp.mp4",
    "crash_cut_in_mdat.mp4",
    "default_audio_french.mp4",
    "dv81.mp4",
    "stsd_0x0.mp4",
    "stts_neg.mp4",
    "trim_both.mp4",
    "two_videos.mp4",
];
const EDGE_AUDIO: [&str; 2] = ["jpeg_still_with_aac.mp4", "mp3_mono.mp4"];

/// Writes a copy of a movie with its compressed movie box (`cmov`) as it was before, at the end.
const EXPAND: &str = "
import pathlib, struct, sys, zlib
data = pathlib.Path(sys.argv[1]).read_bytes()
moov, cmvd = data.index(b'moov'), data.index(b'cmvd')
size, = struct.unpack('>I', data[cmvd - 4 : cmvd])
movie = zlib.decompress(data[cmvd + 8 : cmvd - 4 + size])
pathlib.Path(sys.argv[2]).write_bytes(data[:moov] + b'free' + data[moov + 4 :] + movie)
";

/// Packages and judges movies, of some only the audio, on two threads. Fails with all findings.
fn assert_all_silent(movies: &[(PathBuf, bool)]) {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut lines = Vec::new();
        let mut read_by_shaka = 0;
        while let Some((movie, audio_only)) = movies.get(next.fetch_add(1, Ordering::Relaxed)) {
            let request = Request { audio_only: *audio_only, ..Request::default() };
            let name = movie.file_name().unwrap().to_string_lossy();
            for arguments in arguments(movie) {
                let findings = Packaged::new(&[movie], &arguments, request).findings;
                lines.extend(findings.iter().map(|finding| format!("{name} {}: {finding}", arguments[1])));
            }
            read_by_shaka += usize::from(Source::of(movie).is_read_by_shaka());
        }
        (lines, read_by_shaka)
    };
    let results =
        std::thread::scope(|scope| [scope.spawn(work), scope.spawn(work)].map(|worker| worker.join().unwrap()));
    let lines = results.iter().flat_map(|(lines, _)| lines.clone()).collect::<Vec<_>>();
    assert!(lines.is_empty(), "{} findings:\n{}", lines.len(), lines.join("\n"));
    let read_by_shaka: usize = results.iter().map(|(_, count)| count).sum();
    assert!(read_by_shaka + 5 > movies.len(), "Shaka Packager reads {read_by_shaka} of {}", movies.len());
}

#[test]
fn the_judge_is_silent_on_every_package() {
    let movies = movies::all().into_iter().map(|movie| (movie.clone(), movies::is_audio_only(&movie)));
    assert_all_silent(&movies.collect::<Vec<_>>());
}

#[test]
fn the_judge_is_silent_on_inputs_that_go_wrong_elsewhere() {
    let of = |names: &[&str], audio_only: bool| -> Vec<(PathBuf, bool)> {
        let files = names.iter().filter_map(|name| fixtures::corpus(&format!("edge/{name}")));
        files.map(|file| (file, audio_only)).collect()
    };
    assert_all_silent(&[of(&EDGE, false), of(&EDGE_AUDIO, true)].concat());
}

#[test]
fn the_judge_is_silent_on_a_compressed_movie_box() {
    let Some(movie) = fixtures::corpus("edge/cmov.mov") else { return };
    let scratch = TempDir::new().unwrap();
    // The ffprobe of the tests has no zlib.
    let (expanded, folder) = (scratch.path().join("expanded.mov"), scratch.path().join("package"));
    let output = Command::new("python3").args(["-c", EXPAND]).arg(&movie).arg(&expanded).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = vpp::package(&movie, &folder, &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let source = Source::of(&expanded);
    assert_eq!(source.packet_counts(), [150, 283]);
    let findings = judge::findings(&[source], Request::default(), &Manifests::open(&folder));
    assert!(findings.is_empty(), "{findings:#?}");
}

/// Of several sample entries, and of codecs that ffmpeg does not decode.
#[test]
fn the_judge_is_silent_on_movies_that_only_shaka_packager_reads() {
    let names = ["two-settings.mp4", "ac-4.mp4", "mpeg-h.mp4", "mpeg-h-stream.mp4", "xhe-aac.mp4"];
    let movies = names.map(fixtures::fixture).map(|movie| (movie, false));
    let audio = (fixtures::fixture("iamf.mp4"), true);
    assert_all_silent(&[&movies[..], &[audio]].concat());
}

#[test]
fn the_judge_is_silent_on_a_ladder_with_audio_of_another_file() {
    let inputs = ["ladder-low.mp4", "ladder-high.mp4", "ladder-french.mp4"].map(fixtures::fixture);
    let inputs: Vec<_> = inputs.iter().map(PathBuf::as_path).collect();
    for layout in ["segments", "single-file"] {
        let arguments = ["--layout", layout, "--segment-duration", "4"];
        assert_silent(&inputs, &arguments, Request { segment_seconds: 4, ..Request::default() });
    }
}

/// Every movie of a selection of main tracks and default tracks, which its own tests describe.
#[test]
fn the_judge_is_silent_on_movies_with_several_videos_and_audio_tracks() {
    let names =
        ["short-video-first.mp4", "second-video-enabled.mp4", "last-audio-enabled.mp4", "anamorphic.mp4", "turned.mp4"];
    for movie in names.map(fixtures::fixture) {
        assert_silent(&[&movie], &[], Request::default());
    }
}

#[test]
fn the_judge_is_silent_on_audio_of_other_files() {
    for third in ["ladder-audio-rate.mp4", "ladder-unnamed.mp4"] {
        let inputs = ["ladder-low.mp4", "ladder-high.mp4", third].map(fixtures::fixture);
        let inputs: Vec<_> = inputs.iter().map(PathBuf::as_path).collect();
        assert_silent(&inputs, &[], Request::default());
    }
}

#[test]
fn the_judge_is_silent_on_audio_alone_in_two_languages() {
    let request = Request { audio_only: true, ..Request::default() };
    assert_silent(&[&fixtures::fixture("two-languages.mp4")], &[], request);
}

#[test]
fn the_judge_is_silent_on_a_package_with_a_subtitle_file() {
    let scratch = TempDir::new().unwrap();
    let argument = |name: &str, language: &str, text: &str| {
        let file = scratch.path().join(name);
        std::fs::write(&file, text).unwrap();
        format!("{language}={}", file.display())
    };
    let captions = argument("a.vtt", "pt-BR", "WEBVTT\n\n00:01.000 --> 00:02.500\nOlá\n") + ":Português";
    let srt =
        argument("b.srt", "en", "1\n00:00:01,000 --> 00:00:02,500\nOne\n\n2\n00:10:00,000 --> 00:10:02,000\nLate\n");
    let scc =
        argument("c.scc", "es", "Scenarist_SCC V1.0\n\n00:00:01:00\t9420 9420 94ae 94ae 9470 9470 c1c2 942f 942f\n");
    let ttml = argument(
        "d.ttml",
        "de",
        "<tt xmlns=\"http://www.w3.org/ns/ttml\" xml:lang=\"de\"><body><div><p begin=\"1s\" end=\"2s\">Ja</p></div></body></tt>",
    );
    let movie = fixtures::fixture("timed-text.mp4");
    let arguments = ["--captions", &captions, "--subtitles", &srt, "--subtitles", &scc, "--subtitles", &ttml];
    assert_silent(&[&movie], &arguments, Request { subtitle_files: 4, ..Request::default() });
}

#[test]
fn a_source_is_probed_once() {
    let movie = fixtures::fixture("still.mp4");
    assert!(Arc::ptr_eq(&Source::of(&movie), &Source::of(&movie)));
}
