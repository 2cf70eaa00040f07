//! What `vpp package` writes, judged by implementations that no one here made.
//!
//! Every promise is checked on every movie: the fixtures of `tests/media` and the files of the corpus. A test goes through
//! all of them before it fails, and names each movie that broke the promise.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use vpp_tests::decrypt::{self, KEY, Key, OTHER_KEY};
use vpp_tests::ffmpeg::{self, Edits, Packet};
use vpp_tests::movies::{self, for_every};
use vpp_tests::package::{Package, Representation, Sample, Segment};
use vpp_tests::{boxes, fixtures, rules, vpp};

/// The ten-minute film takes minutes to decode; one test of its own covers it.
fn is_film(movie: &Path) -> bool {
    movie.file_name().is_some_and(|name| name.to_string_lossy().starts_with("film-"))
}

/// ffmpeg takes the original format `dvh1` of an encrypted track for a tape format of that name.
fn is_dolby_vision(movie: &Path) -> bool {
    movie.ends_with("dolby-vision.mp4")
}

/// Ten minutes. The same film with its index behind it becomes the same bytes: `the_position_of_the_index_does_not_matter`.
fn film() -> PathBuf {
    fixtures::fixture("film-moov-first.mp4")
}

/// The movies that every scheme can protect, the film among them.
fn movies() -> Vec<PathBuf> {
    movies::all().into_iter().filter(|movie| movies::can_have(movie, "cbcs")).chain([film()]).collect()
}

/// Whether the picture of a movie is coded as one of these codecs, by their names in codec strings.
fn is_coded_as(movie: &Path, codecs: &[&str]) -> bool {
    let clear = packaged(movie, &["--scheme", "clear"]);
    let mut representations = clear.package.representations.iter();
    representations.any(|own| codecs.iter().any(|codec| own.codecs.starts_with(codec)))
}

/// A package in a directory that goes away with it.
struct Packaged {
    package: Package,
    scratch: TempDir,
}

/// Packages a movie, which must succeed, and reads the result.
fn packaged(movie: &Path, arguments: &[&str]) -> Packaged {
    let scratch = TempDir::new().unwrap();
    let directory = scratch.path().join("package");
    let arguments = [arguments, if movies::is_sound_alone(movie) { &["--audio-only"] } else { &[] }].concat();
    let output = vpp::package(movie, &directory, &arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "vpp package {} {arguments:?}: {said}", movie.display());
    Packaged { package: Package::open(&directory), scratch }
}

/// The arguments that ask for encryption with a key.
fn with(key: Key) -> [&'static str; 4] {
    ["--key", key.key, "--kid", key.kid]
}

/// ffmpeg's name in the source of the track that a representation was made of.
fn stream(own: &Representation) -> String {
    let (kind, ordinal) = own.id.split_at(1);
    format!("0:{kind}:{}", ordinal.parse::<u32>().unwrap() - 1)
}

/// How much later than in the source the media of a representation stands: the least its decode times differ.
fn shift(source: &[ffmpeg::Packet], own: &[ffmpeg::Packet]) -> i64 {
    own[0].dts - source[0].dts
}

/// Asserts that a clear file of one representation holds every sample of its track, and nothing else has changed.
fn assert_same_samples(movie: &Path, own: &Representation, clear: &Path) {
    let source = ffmpeg::source_packets(movie, &stream(own), Edits::Ignored);
    let mut found = ffmpeg::packets(clear, "0:0", Edits::Ignored);
    assert!(!source.is_empty());
    assert_eq!(found.len(), source.len(), "{}: number of samples", own.id);
    let shift = shift(&source, &found);
    for packet in &mut found {
        (packet.dts, packet.pts) = (packet.dts - shift, packet.pts - shift);
    }
    for (index, (found, source)) in found.iter().zip(&source).enumerate() {
        assert_eq!(found, source, "{}: sample {index}", own.id);
    }
}

#[test]
fn every_sample_comes_back_byte_identical() {
    for_every(&movies(), |movie| {
        let Packaged { package, scratch } = packaged(movie, &with(KEY));
        for own in package.media() {
            assert_same_samples(movie, own, &decrypt::decrypted(own, KEY, scratch.path()));
        }
    });
}

#[test]
fn every_sample_comes_back_when_the_audio_is_encrypted_too() {
    for_every(&movies(), |movie| {
        let Packaged { package, scratch } = packaged(movie, &[&with(KEY)[..], &["--encrypt", "all"]].concat());
        for own in package.media() {
            assert!(own.protection.is_some(), "{} is clear", own.id);
            assert_same_samples(movie, own, &decrypt::decrypted(own, KEY, scratch.path()));
        }
    });
}

#[test]
fn ffmpeg_decrypts_what_bento4_decrypts() {
    let movies: Vec<_> = movies().into_iter().filter(|movie| !is_dolby_vision(movie)).collect();
    for_every(&movies, |movie| {
        let Packaged { package, scratch } = packaged(movie, &[&with(KEY)[..], &["--encrypt", "all"]].concat());
        for own in package.media() {
            let joined = decrypt::join(own, scratch.path());
            let clear = scratch.path().join("ffmpeg.mp4");
            let mut command = ffmpeg::ffmpeg();
            command.args(["-y", "-decryption_key", KEY.key, "-i"]).arg(joined);
            let output = command.args(["-c", "copy", "-copyts"]).arg(&clear).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let hashes = |file: &Path, stream: &str| -> Vec<String> {
                ffmpeg::packets(file, stream, Edits::Ignored).into_iter().map(|packet| packet.sha256).collect()
            };
            assert_eq!(hashes(&clear, "0:0"), hashes(movie, &stream(own)), "{}", own.id);
        }
    });
}

/// A decrypter believes `senc`; an Apple decoder does not, and finds the end of each slice header by itself. So does ffmpeg's
/// own parser of headers here.
#[test]
fn slice_data_is_protected_from_the_byte_where_ffmpeg_finds_it() {
    let has_slices = |movie: &PathBuf| !is_film(movie) && is_coded_as(movie, &["avc", "hvc", "hev", "dvh"]);
    let movies: Vec<_> = movies().into_iter().filter(has_slices).collect();
    for_every(&movies, |movie| {
        let (encrypted, clear) = (packaged(movie, &with(KEY)), packaged(movie, &["--scheme", "clear"]));
        let segments = |packaged: &Packaged| packaged.package.representation("v1").segments.clone();
        let found = segments(&encrypted).into_iter().flat_map(|segment| segment.protected_ranges());
        let samples = segments(&clear).into_iter().flat_map(|segment| segment.sample_bytes());
        let is_avc = encrypted.package.representation("v1").codecs.starts_with("avc");
        let mut headers = ffmpeg::slice_headers(movie, "0:v:0").into_iter();
        for (index, (found, sample)) in found.zip(samples).enumerate() {
            let expected = slice_data(&sample, is_avc, &mut headers);
            assert!(found.iter().all(|range| expected.contains(range)), "sample {index}: {found:?} of {expected:?}");
            // What is not protected has no whole block, or is one of the smallest of more than saiz can count.
            let left: Vec<_> = expected.iter().filter(|range| range.len() >= 16 && !found.contains(range)).collect();
            let smallest = found.iter().map(ExactSizeIterator::len).min().unwrap_or(usize::MAX);
            let too_many = expected.len() > 42 && left.iter().all(|range| range.len() <= smallest);
            assert!(left.is_empty() || too_many, "sample {index}: {left:?} stay clear");
        }
        assert_eq!(headers.next(), None, "every slice was met");
    });
}

/// The slice data in a sample of four-byte lengths and NAL units, given the lengths of the headers of its slices.
fn slice_data(sample: &[u8], is_avc: bool, headers: &mut impl Iterator<Item = usize>) -> Vec<std::ops::Range<usize>> {
    let (mut at, mut ranges) = (0, Vec::new());
    while at < sample.len() {
        let start = at + 4;
        at = start + u32::from_be_bytes(sample[at..start].try_into().unwrap()) as usize;
        let nal = &sample[start..at];
        if if is_avc { [1, 5].contains(&(nal[0] & 0x1f)) } else { nal[0] >> 1 < 32 } {
            let mut left = headers.next().expect("ffmpeg met this slice too");
            let mut zeros = 0;
            let mut escaped = nal.iter().take_while(|byte| {
                let is_escape = zeros >= 2 && **byte == 3;
                zeros = if **byte == 0 { zeros + 1 } else { 0 };
                let takes = left > 0;
                left -= usize::from(takes && !is_escape);
                takes
            });
            ranges.push(start + escaped.by_ref().count()..at);
        }
    }
    ranges
}

/// ffmpeg's `cenc` protects the whole blocks of each tile, from the first that leaves the rest to the tile's end.
#[test]
fn tiles_are_protected_where_ffmpeg_finds_them() {
    // ffmpeg aborts on frames of several groups of tiles.
    let has_tiles = |movie: &PathBuf| is_coded_as(movie, &["av01"]) && !movie.ends_with("av1-groups.mp4");
    let movies: Vec<_> = movies().into_iter().filter(has_tiles).collect();
    for_every(&movies, |movie| {
        let Packaged { package, scratch } = packaged(movie, &with(KEY));
        let segments = &package.representation("v1").segments;
        let whole_blocks = |range: std::ops::Range<usize>| range.start + range.len() % 16..range.end;
        let found = segments
            .iter()
            .flat_map(Segment::protected_ranges)
            .map(|tiles| tiles.into_iter().map(whole_blocks).filter(|range| !range.is_empty()).collect::<Vec<_>>());
        let expected = ffmpeg::cenc_ranges(movie, "0:v:0", scratch.path());
        assert_eq!(found.collect::<Vec<_>>(), expected);
    });
}

#[test]
fn a_codec_without_a_rule_for_a_scheme_is_packaged_by_the_others() {
    let movies: Vec<_> = movies::all().into_iter().filter(|movie| !movies::can_have(movie, "cbcs")).collect();
    for_every(&movies, |movie| {
        let scratch = TempDir::new().unwrap();
        let refused = vpp::package(movie, scratch.path(), &with(KEY));
        let said = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(1));
        assert!(said.starts_with("scheme_undefined: ") && said.contains("vp09") && said.contains("cbcs"), "{said}");
        for arguments in [&["--scheme", "clear"][..], &[&with(KEY)[..], &["--scheme", "cenc"]].concat()] {
            let Packaged { package, scratch } = packaged(movie, arguments);
            assert_eq!(rules::broken(&package), [""; 0], "{arguments:?}");
            for own in package.media() {
                assert_same_samples(movie, own, &decrypt::decrypted(own, KEY, scratch.path()));
            }
        }
    });
}

#[test]
fn a_clear_package_holds_the_samples_as_they_are() {
    for_every(&movies(), |movie| {
        let Packaged { package, scratch } = packaged(movie, &["--scheme", "clear"]);
        for own in package.media() {
            assert_eq!(own.protection, None);
            assert_same_samples(movie, own, &decrypt::join(own, scratch.path()));
        }
    });
}

#[test]
fn every_package_keeps_the_rules() {
    for_every(&movies(), |movie| {
        for arguments in [&with(KEY)[..], &[&with(KEY)[..], &["--encrypt", "all"]].concat(), &["--scheme", "clear"]] {
            let broken = rules::broken(&packaged(movie, arguments).package);
            assert!(broken.is_empty(), "{arguments:?}\n{}", broken.join("\n"));
        }
    });
}

/// Every way to package a movie, its codec allowing, as a single file for each track.
fn single_files(movie: &Path) -> Vec<Packaged> {
    let cbcs = [&with(KEY)[..], &["--encrypt", "all"]].concat();
    let cenc = [&with(KEY)[..], &["--scheme", "cenc"]].concat();
    let all = [(true, cbcs), (false, cenc), (false, vec!["--scheme", "clear"])];
    let is_vp9 = !movies::can_have(movie, "cbcs");
    let asked = all.into_iter().filter(|(is_cbcs, _)| !(is_vp9 && *is_cbcs));
    asked.map(|(_, arguments)| packaged(movie, &[&arguments[..], &["--layout", "single-file"]].concat())).collect()
}

/// Those of every codec.
fn all_movies() -> Vec<PathBuf> {
    movies::all().into_iter().chain([film()]).collect()
}

#[test]
fn a_single_file_holds_every_sample_and_keeps_the_rules() {
    for_every(&all_movies(), |movie| {
        for Packaged { package, scratch } in single_files(movie) {
            let broken = rules::broken(&package);
            assert!(broken.is_empty(), "{}", broken.join("\n"));
            for own in package.media() {
                assert_same_samples(movie, own, &decrypt::decrypted(own, KEY, scratch.path()));
            }
        }
    });
}

/// Of a file of one fragment, ffmpeg's reader of MPDs reads all to learn what it is, and then starts again or has nothing left.
const ONE_FRAGMENT: [&str; 5] = ["av1-lossless.mp4", "s04.mp4", "s06.mp4", "s11.mp4", "s18.mp4"];

/// ffmpeg finds every sample of the source by the manifest, by the playlist of the track, and in the file itself.
#[test]
fn players_find_every_sample_of_a_single_file() {
    let movies: Vec<_> = all_movies().into_iter().filter(|movie| !is_dolby_vision(movie) && !is_film(movie)).collect();
    for_every(&movies, |movie| {
        let by_manifest = !ONE_FRAGMENT.iter().any(|name| movie.ends_with(name));
        let clear = packaged(movie, &["--scheme", "clear", "--layout", "single-file"]);
        let directory = &clear.package.directory;
        let hashes =
            |packets: Vec<Packet>| -> Vec<String> { packets.into_iter().map(|packet| packet.sha256).collect() };
        let found = |file: &Path, stream: &str| hashes(ffmpeg::packets(file, stream, Edits::Applied));
        for own in clear.package.media() {
            let source = hashes(ffmpeg::source_packets(movie, &stream(own), Edits::Ignored));
            // A package has no edit lists, and ffmpeg's readers of manifests do not know the option that ignores them.
            assert_eq!(found(&directory.join(&own.id).join("media.m3u8"), "0:0"), source, "{}: playlist", own.id);
            assert_eq!(found(&own.init, "0:0"), source, "{}: file", own.id);
            if by_manifest {
                assert_eq!(found(&directory.join("stream.mpd"), &stream(own)), source, "{}: manifest", own.id);
            }
        }
        if by_manifest {
            // ffmpeg takes all subtitles of HLS for WebVTT.
            if clear.package.representations.iter().all(|own| !own.codecs.starts_with("stpp")) {
                assert_eq!(ffmpeg::complaints(&directory.join("stream.m3u8"), &[]), "");
            }
            let encrypted =
                packaged(movie, &[&with(KEY)[..], &["--scheme", "cenc", "--layout", "single-file"]].concat());
            let manifest = encrypted.package.directory.join("stream.mpd");
            assert_eq!(ffmpeg::complaints(&manifest, &["-cenc_decryption_key", KEY.key]), "");
        }
    });
}

/// The source's samples on the presentation's timeline are where the manifest puts the segments' samples: ffmpeg applies the
/// source's edit list, we subtract `@presentationTimeOffset`.
#[test]
fn samples_are_presented_at_the_times_of_the_edit_list() {
    for_every(&movies(), |movie| {
        let Packaged { package, scratch } = packaged(movie, &["--scheme", "clear"]);
        for own in package.media() {
            // ffmpeg leaves out what lies wholly outside the edit, so its list is a part of ours.
            let edited = ffmpeg::source_packets(movie, &stream(own), Edits::Applied);
            let found = ffmpeg::packets(&decrypt::join(own, scratch.path()), "0:0", Edits::Ignored);
            let from = found
                .windows(edited.len())
                .position(|window| window.iter().zip(&edited).all(|(found, edited)| found.sha256 == edited.sha256));
            let from = from.expect("ffmpeg's samples are among ours");
            // What was cut out of a recording keeps its times in the file, and begins at zero in the package.
            let begins = if movie.ends_with("fragments-live.mp4") { 5400 * own.timescale } else { 0 };
            let offset = i64::try_from(own.presentation_time_offset - begins).unwrap();
            let samples: Vec<_> = own.segments.iter().flat_map(Segment::samples).collect();
            let apart = |(sample, edited): (&Sample, &Packet)| sample.composition_time - offset - edited.pts;
            let apart: Vec<_> = samples[from..].iter().zip(&edited).map(apart).collect();
            // The movie's timescale may be coarser than the track's: the track as a whole is one unit off by rounding.
            let exact = apart[0].abs() <= 1 && apart.iter().all(|own| *own == apart[0]);
            assert!(exact, "{}: {apart:?}", own.id);
        }
    });
}

#[test]
fn video_and_audio_decode_to_the_same_frames() {
    // The AC-3 of s10 was cut out of a stream: its first frame does not decode, in the source either.
    let movies: Vec<_> = movies().into_iter().filter(|movie| !is_film(movie) && !movie.ends_with("s10.mp4")).collect();
    for_every(&movies, |movie| assert_same_frames(movie, &packaged(movie, &with(KEY))));
}

#[test]
fn ten_minutes_decode_to_the_same_frames() {
    assert_same_frames(&film(), &packaged(&film(), &with(KEY)));
}

fn assert_same_frames(movie: &Path, packaged: &Packaged) {
    for own in packaged.package.media() {
        let clear = decrypt::decrypted(own, KEY, packaged.scratch.path());
        let source = ffmpeg::frames(movie, &stream(own), Edits::Ignored, &[]);
        let found = ffmpeg::frames(&clear, "0:0", Edits::Ignored, &[]);
        assert!(!source.is_empty());
        assert_eq!(found.len(), source.len(), "{}: number of frames", own.id);
        let shift = found[0].pts - source[0].pts;
        // From sample tables, but not from fragments, ffmpeg learns how much of the last block of sound to leave out.
        let compared = if own.content_type == "audio" { found.len() - 1 } else { found.len() };
        let (found, source) = (&found[..compared], &source[..compared]);
        for (index, (found, source)) in found.iter().zip(source).enumerate() {
            assert_eq!((&found.sha256, found.pts - shift), (&source.sha256, source.pts), "{}: frame {index}", own.id);
        }
    }
}

#[test]
fn ffmpeg_reads_every_manifest_without_a_warning() {
    // Of these, of one segment, ffmpeg reads all to learn what they are, and without look ahead nothing is left.
    let is_read_up = |movie: &Path| ["s04.mp4", "av1-lossless.mp4"].iter().any(|name| movie.ends_with(name));
    let movies: Vec<_> = movies().into_iter().filter(|movie| !is_dolby_vision(movie) && !is_read_up(movie)).collect();
    for_every(&movies, |movie| {
        // With the key, because ffmpeg looks into the pictures and would complain of noise.
        let key = &["-cenc_decryption_key", KEY.key][..];
        for (arguments, options) in [(&with(KEY)[..], key), (&["--scheme", "clear"], &[])] {
            let package = packaged(movie, arguments);
            let complaints = ffmpeg::complaints(&package.package.directory.join("stream.mpd"), options);
            assert_eq!(complaints, "", "{arguments:?}");
        }
    });
}

#[test]
fn ffmpeg_plays_the_encrypted_stream_with_the_key() {
    let movie = fixtures::fixture("sample.mp4");
    let packaged = packaged(&movie, &with(KEY));
    let hashes = |file: &Path, options: &[&str]| -> Vec<String> {
        ffmpeg::frames(file, "0:v:0", Edits::Applied, options).into_iter().map(|frame| frame.sha256).collect()
    };
    let played = hashes(&packaged.package.directory.join("stream.mpd"), &["-cenc_decryption_key", KEY.key]);
    assert_eq!(played, hashes(&movie, &[]));
}

#[test]
fn only_the_video_is_encrypted_by_default() {
    let movie = fixtures::fixture("two-languages.mp4");
    let (encrypted, clear) = (packaged(&movie, &with(KEY)), packaged(&movie, &["--scheme", "clear"]));
    let protected = |own: &Representation| (own.id.clone(), own.protection.is_some());
    let protected: Vec<_> = encrypted.package.representations.iter().map(protected).collect();
    assert_eq!(protected, [("v1".into(), true), ("a1".into(), false), ("a2".into(), false)]);
    let samples = |packaged: &Packaged, id: &str| -> Vec<Vec<u8>> {
        packaged.package.representation(id).segments.iter().flat_map(Segment::sample_bytes).collect()
    };
    for id in ["a1", "a2"] {
        assert_eq!(samples(&encrypted, id), samples(&clear, id), "{id}");
    }
    let (encrypted, clear) = (samples(&encrypted, "v1"), samples(&clear, "v1"));
    // A slice of less than one block of data stays as it is; in these pictures there is none.
    assert!(encrypted.iter().zip(&clear).all(|(encrypted, clear)| encrypted != clear));
}

#[test]
fn languages_reach_the_manifest() {
    let packaged = packaged(&fixtures::fixture("two-languages.mp4"), &with(KEY));
    let languages: Vec<_> = packaged.package.representations.iter().map(|own| own.language.as_deref()).collect();
    assert_eq!(languages[1..], [Some("en"), Some("fr")]);
}

#[test]
fn the_same_request_gives_the_same_bytes_and_another_key_other_ones() {
    let movie = fixtures::fixture("late-audio.mp4");
    let [first, again, other] = [KEY, KEY, OTHER_KEY].map(|key| packaged(&movie, &with(key)));
    assert_eq!(bytes(&first), bytes(&again));
    let (first, other) = (bytes(&first), bytes(&other));
    assert_eq!(first.len(), other.len());
    for ((name, first), (_, other)) in first.iter().zip(&other) {
        let is_video =
            name.starts_with("v1") || ["stream.mpd", "stream.m3u8"].iter().any(|manifest| name.ends_with(manifest));
        assert_eq!(first != other, is_video, "{}", name.display());
    }
}

#[test]
fn the_position_of_the_index_does_not_matter() {
    let [front, back] =
        ["film-moov-first.mp4", "film-moov-last.mp4"].map(|name| packaged(&fixtures::fixture(name), &with(KEY)));
    let (front, back) = (bytes(&front), bytes(&back));
    let names = |files: &[(PathBuf, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&front), names(&back));
    assert!(front.iter().zip(&back).all(|(front, back)| front == back), "the files differ");
}

/// Every file of a package: path and content.
fn bytes(packaged: &Packaged) -> Vec<(PathBuf, Vec<u8>)> {
    let read = |path: PathBuf| (path.clone(), fs::read(packaged.package.directory.join(path)).unwrap());
    packaged.package.files().into_iter().map(read).collect()
}

#[test]
fn segments_last_about_as_long_as_requested() {
    let movie = fixtures::fixture("film-moov-first.mp4");
    for (asked, segments) in [("2", 300), ("6", 100), ("10", 60)] {
        let packaged = packaged(&movie, &["--scheme", "clear", "--segment-duration", asked]);
        assert_eq!(packaged.package.representation("v1").segments.len(), segments, "{asked} s");
    }
}

#[test]
fn segments_start_at_the_sync_sample_nearest_to_the_requested_duration() {
    let packaged = packaged(&fixtures::fixture("irregular-groups.mp4"), &["--scheme", "clear"]);
    let own = packaged.package.representation("v1");
    let milliseconds = |start: u64| (start - own.presentation_time_offset) * 1000 / own.timescale;
    let starts: Vec<_> = own.segments.iter().map(|segment| milliseconds(segment.start)).collect();
    assert_eq!(starts, [0, 1200, 13_360, 14_000, 29_000]);
}

#[test]
fn open_groups_are_signalled_and_closed_ones_too() {
    for (name, sap_type) in [("open-groups-sound.mp4", 3), ("video-only.mp4", 1)] {
        let packaged = packaged(&fixtures::fixture(name), &["--scheme", "clear", "--segment-duration", "2"]);
        let sets = packaged.package.mpd.periods.iter().flat_map(|period| &period.adaptations);
        let signalled: Vec<_> = sets.map(|set| (set.contentType.clone().unwrap(), set.startWithSAP)).collect();
        assert_eq!(signalled[0], ("video".into(), Some(sap_type)), "{name}");
        assert!(signalled[1..].iter().all(|(_, of_sound)| *of_sound == Some(1)), "{name}");
        let playlist = |path: &str| fs::read_to_string(packaged.package.directory.join(path)).unwrap();
        for path in ["stream.m3u8", "v1/media.m3u8"] {
            assert_eq!(playlist(path).contains("#EXT-X-INDEPENDENT-SEGMENTS"), sap_type == 1, "{name}: {path}");
        }
        assert_eq!(rules::broken(&packaged.package), [""; 0]);
    }
}

#[test]
fn audio_without_video_is_segmented_at_the_requested_duration() {
    for name in ["long-sound.mp4", "late-picture.mp4"] {
        let packaged = packaged(&fixtures::fixture(name), &["--scheme", "clear", "--segment-duration", "2"]);
        let own = packaged.package.representation("a1");
        let longest = own.segments.iter().map(|segment| segment.duration).max().unwrap();
        assert!(longest <= 3 * own.timescale, "{name}: a segment of {longest} units");
        assert_eq!(rules::broken(&packaged.package), [""; 0], "{name}");
    }
}

#[test]
fn a_package_is_hardly_larger_than_its_source() {
    let movie = fixtures::fixture("film-moov-first.mp4");
    let source = fs::metadata(&movie).unwrap().len();
    let written: usize = bytes(&packaged(&movie, &with(KEY))).iter().map(|(_, bytes)| bytes.len()).sum();
    assert!(written as u64 * 100 <= source * 102, "{written} of {source} bytes");
}

/// Colour, light levels, aspect ratio, clean aperture, the Dolby Vision configuration, and whatever else there is.
#[test]
fn every_box_of_a_video_sample_entry_is_preserved() {
    let entries = "moov/trak/mdia/minf/stbl/stsd";
    let entry = |file: &Path| {
        let bytes = fs::read(file).unwrap();
        let (kind, payload) = boxes::children(&boxes::all(&bytes, entries)[0][8..]).next().unwrap();
        (String::from_utf8_lossy(kind).into_owned(), payload.to_vec())
    };
    let names = [
        ("sample.mp4", "avc1"),
        ("hevc.mp4", "hvc1"),
        ("hevc-hdr.mp4", "hvc1"),
        ("hevc-in-band.mp4", "hev1"),
        ("hevc-complete.mp4", "hvc1"),
        ("dolby-vision.mp4", "dvh1"),
    ];
    for (name, kind) in names {
        let movie = fixtures::fixture(name);
        let source = entry(&movie).1;
        let clear = packaged(&movie, &["--scheme", "clear"]);
        assert_eq!(entry(&clear.package.representation("v1").init), (kind.to_owned(), source.clone()), "{name}");
        let (encrypted_kind, encrypted) = entry(&packaged(&movie, &with(KEY)).package.representation("v1").init);
        assert!(encrypted_kind == "encv" && encrypted.starts_with(&source), "{name}");
        let added: Vec<_> = boxes::children(&encrypted[source.len()..]).map(|(kind, _)| kind.to_vec()).collect();
        assert_eq!(added, [b"sinf"], "{name}");
    }
}

#[test]
fn colours_reach_both_manifests() {
    // Primaries, transfer and matrix as the encoders were told them.
    for (name, points, range) in [("hevc-hdr.mp4", [9, 16, 9], "PQ"), ("log-gamma.mp4", [9, 18, 9], "HLG")] {
        let packaged = packaged(&fixtures::fixture(name), &[]);
        let schemes = ["ColourPrimaries", "TransferCharacteristics", "MatrixCoefficients"];
        for (scheme, point) in schemes.iter().zip(points) {
            let property = format!("schemeIdUri=\"urn:mpeg:mpegB:cicp:{scheme}\" value=\"{point}\"");
            assert_eq!(packaged.package.text.matches(&property).count(), 1, "{name}: {property}");
        }
        let playlist = fs::read_to_string(packaged.package.directory.join("stream.m3u8")).unwrap();
        assert_eq!(playlist.matches(&format!(",VIDEO-RANGE={range}")).count(), 2, "{playlist}");
    }
}

#[test]
fn rotation_is_preserved() {
    let Some(movie) = fixtures::corpus("good/s07.mp4") else { return };
    let packaged = packaged(&movie, &with(KEY));
    let matrix = |file: &Path| {
        let bytes = fs::read(file).unwrap();
        boxes::all(&bytes, "moov/trak/tkhd")[0][40..76].to_vec()
    };
    assert_eq!(matrix(&packaged.package.representation("v1").init), matrix(&movie));
}

/// Of a track with two sample descriptions, without ffmpeg's reading of the package, which knows only the first.
#[test]
fn every_sample_description_is_carried_with_its_samples() {
    let movie = fixtures::fixture("two-settings.mp4");
    let source = fs::read(&movie).unwrap();
    let packets = ffmpeg::packets(&movie, "0:v:0", Edits::Ignored);
    let stsd = "moov/trak/mdia/minf/stbl/stsd";
    for arguments in [&["--scheme", "clear"][..], &with(KEY), &[&with(KEY)[..], &["--scheme", "cenc"]].concat()] {
        let Packaged { package, scratch } = packaged(&movie, arguments);
        assert_eq!(rules::broken(&package), [""; 0], "{arguments:?}");
        let own = package.representation("v1");
        let init = fs::read(&own.init).unwrap();
        let kind = if own.protection.is_some() { "encv" } else { "avc1" };
        let records = boxes::all(&init, &format!("{stsd}/{kind}/avcC"));
        assert_eq!(records, boxes::all(&source, &format!("{stsd}/avc1/avcC")), "{arguments:?}");
        assert_ne!(records[0], records[1]);

        let clear = fs::read(decrypt::decrypted(own, KEY, scratch.path())).unwrap();
        assert!(
            boxes::all(&clear, "mdat").concat() == boxes::one(&source, "mdat"),
            "{arguments:?}: a sample has changed"
        );

        let samples: Vec<_> = own.segments.iter().flat_map(Segment::samples).collect();
        let shift = i64::try_from(own.presentation_time_offset).unwrap();
        let listed = |packet: &Packet| (packet.dts + shift, packet.pts + shift, packet.size, packet.sync);
        let found = |sample: &Sample| {
            (i64::try_from(sample.decode_time).unwrap(), sample.composition_time, u64::from(sample.size), sample.sync)
        };
        assert!(samples.iter().map(found).eq(packets.iter().map(listed)), "{arguments:?}");

        let named = |segment: &Segment| segment.moof().traf[0].tfhd.sample_description_index.unwrap_or(1);
        let of_samples = |segment: &Segment| vec![named(segment); segment.samples().len()];
        let named: Vec<_> = own.segments.iter().flat_map(of_samples).collect();
        assert_eq!(named, [[1; 100], [2; 100]].concat(), "{arguments:?}");
    }
}

#[test]
fn video_and_audio_are_decrypted_with_separate_keys() {
    let movie = fixtures::fixture("sample.mp4");
    let keys = ["--encrypt", "all", "--audio-key", OTHER_KEY.key, "--audio-kid", OTHER_KEY.kid];
    for scheme in ["cbcs", "cenc"] {
        let Packaged { package, scratch } = packaged(&movie, &[&with(KEY)[..], &keys, &["--scheme", scheme]].concat());
        assert_eq!(rules::broken(&package), [""; 0], "{scheme}");
        for (own, key, wrong) in [("v1", KEY, OTHER_KEY), ("a1", OTHER_KEY, KEY)] {
            let own = package.representation(own);
            assert_same_samples(&movie, own, &decrypt::decrypted(own, key, scratch.path()));
            let apart = fs::read(decrypt::decrypted(own, key, scratch.path())).unwrap();
            assert!(fs::read(decrypt::decrypted(own, wrong, scratch.path())).unwrap() != apart, "{scheme}");
        }
    }
}

#[test]
fn audio_alone_is_packaged_on_request() {
    let movie = fixtures::fixture("no-video.mp4");
    let Packaged { package, scratch } =
        packaged(&movie, &[&with(KEY)[..], &["--encrypt", "all", "--audio-only"]].concat());
    let [own] = package.representations.as_slice() else { panic!("one representation") };
    assert_same_samples(&movie, own, &decrypt::decrypted(own, KEY, scratch.path()));
    assert_eq!(rules::broken(&package), [""; 0]);
}

/// What is said of every fixture that must not package.
const REFUSALS: [(&str, &str); 16] = [
    ("empty.mp4", "empty_file"),
    ("text.mp4", "not_mp4"),
    ("picture.mp4", "not_mp4"),
    ("sound.mp4", "not_mp4"),
    ("matroska.mp4", "not_mp4"),
    ("no-video.mp4", "no_video"),
    ("moov-cut.mp4", "truncated_index"),
    ("mdat-cut.mp4", "truncated_media"),
    ("fragment-cut.mp4", "truncated_media"),
    ("moov-missing.mp4", "moov_missing"),
    ("encrypted.mp4", "already_encrypted"),
    ("mpeg-4-part-2.mp4", "unsupported_codec"),
    ("prores.mov", "unsupported_codec"),
    ("pcm.mov", "unsupported_codec"),
    ("moov-too-large.mp4", "moov_too_large"),
    ("absurd-table.mp4", "malformed"),
];

#[test]
fn what_cannot_be_packaged_is_refused_with_its_code() {
    assert_eq!(fixtures::bad(), REFUSALS.map(|(name, _)| name), "every bad fixture has a code");
    let corpus = [("bad/s12.mp4", "already_encrypted"), ("bad/s17.mp4", "truncated_index")];
    let corpus = corpus.iter().filter_map(|(name, code)| Some((fixtures::corpus(name)?, *code)));
    let refusals = REFUSALS.iter().map(|(name, code)| (fixtures::fixture(name), *code)).chain(corpus);
    let mut wrong = Vec::new();
    for (movie, code) in refusals {
        let scratch = TempDir::new().unwrap();
        let output = vpp::package(&movie, &scratch.path().join("package"), &with(KEY));
        let said = String::from_utf8_lossy(&output.stderr);
        let written = scratch.path().join("package/stream.mpd").exists();
        if output.status.code() != Some(1) || !said.starts_with(&format!("{code}: ")) || written {
            wrong.push(format!("{}: {} {said}", movie.display(), output.status));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_unsupported_codec_is_named() {
    for (name, codec) in [("mpeg-4-part-2.mp4", "mp4v"), ("prores.mov", "apcn"), ("pcm.mov", "sowt")] {
        let scratch = TempDir::new().unwrap();
        let output = vpp::package(&fixtures::fixture(name), scratch.path(), &with(KEY));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(codec), "{name}: {said}");
    }
}
