//! Parses manifests with independent parsers: the MPD with npm's `mpd-parser` and the crate `dash-mpd-core`, playlists with
//! npm's `m3u8-parser`.
//!
//! No parser reports an error, and the results match the files: the segments' names, number and durations, the byte ranges, the
//! codecs, the protection.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;
use vpp_tests::decrypt::KEY;
use vpp_tests::package::{Package, Representation};
use vpp_tests::{boxes, fixtures, movies, npm, vpp};

/// The protection options with which every movie is packaged.
const PROTECTION_OPTIONS: [&[&str]; 4] = [
    &["--scheme", "clear"],
    &["--scheme", "cbcs", "--key", KEY.key, "--kid", KEY.kid],
    &["--scheme", "cbcs", "--key", KEY.key, "--kid", KEY.kid, "--encrypt", "all"],
    &["--scheme", "cenc", "--key", KEY.key, "--kid", KEY.kid, "--encrypt", "all"],
];

/// Messages of `m3u8-parser` for every media playlist that omits tags whose default value applies.
const DEFAULT_MESSAGES: [&str; 2] =
    ["info: defaulting media sequence to zero", "info: defaulting discontinuity sequence to zero"];

#[test]
fn outside_parsers_understand_every_manifest() {
    movies::for_every(&movies::all(), |movie| {
        let scratch = TempDir::new().unwrap();
        let options = PROTECTION_OPTIONS.iter().enumerate();
        let options = options.filter(|(_, options)| movies::supports_scheme(movie, options[1]));
        let packages: Vec<_> =
            options.map(|(index, options)| packaged(movie, &scratch.path().join(index.to_string()), options)).collect();
        let parsed = npm::parse_manifests(&packages.iter().flat_map(manifests).collect::<Vec<_>>());
        for package in &packages {
            let parsed = |path: &str| {
                let result = &parsed[package.directory.join(path).to_str().unwrap()];
                let messages = result["messages"].as_array().unwrap().iter().map(|message| message.as_str().unwrap());
                let messages: Vec<_> = messages.filter(|message| !DEFAULT_MESSAGES.contains(message)).collect();
                assert_eq!(messages, [""; 0], "{path}");
                result["parsed"].clone()
            };
            check_mpd(package, &parsed("stream.mpd"));
            check_multivariant(package, &parsed("stream.m3u8"));
            // `subtitles.rs` tests text.
            for representation in package.media() {
                check_media(package, representation, &parsed(&format!("{}/media.m3u8", representation.id)));
                if representation.content_type == "video" {
                    check_i_frames(representation, &parsed(&format!("{}/iframes.m3u8", representation.id)));
                }
            }
        }
    });
}

#[test]
fn manifests_state_where_players_get_keys() {
    let scratch = TempDir::new().unwrap();
    let (licence, key) = ("https://api.example/license/x?a=1&b=2", "https://api.example/license/x/key");
    let addresses = ["--licence-url", licence, "--key-url", key];
    let package =
        packaged(&fixtures::fixture("sample.mp4"), scratch.path(), &[PROTECTION_OPTIONS[2], &addresses[..]].concat());
    let parsed = npm::parse_manifests(&manifests(&package));
    let of = |path: &str| &parsed[package.directory.join(path).to_str().unwrap()];
    assert_eq!(of("stream.mpd")["messages"], json!([]));
    for representation in package.media() {
        let kid = &representation.protection.as_ref().unwrap().default_kid;
        let playlist = of(&format!("{}/media.m3u8", representation.id));
        assert_eq!(playlist["parsed"]["segments"][0]["key"]["uri"], format!("{key}?kid={kid}"));
    }
    // With the names and namespaces that players look for.
    for spelling in [
        "<dashif:laurl>https://api.example/license/x?a=1&amp;b=2</dashif:laurl>",
        r#"<clearkey:Laurl Lic_type="EME-1.0">https://api.example/license/x?a=1&amp;b=2</clearkey:Laurl>"#,
        r#"xmlns:dashif="https://dashif.org/""#,
        r#"xmlns:clearkey="http://dashif.org/guidelines/clearKey""#,
    ] {
        assert!(package.text.contains(spelling), "{spelling}");
    }
    let invalid = ["--licence-url", "ftp://x", "--key-url", "https://a\"b"];
    for addresses in invalid.chunks(2) {
        let output = vpp::package(&fixtures::fixture("still.mp4"), scratch.path(), addresses);
        assert_eq!(output.status.code(), Some(2), "{addresses:?}");
    }
}

/// In single files, the index and each segment are at the byte ranges that the parsers read from the manifests.
#[test]
fn outside_parsers_find_index_and_segments_of_single_files() {
    movies::for_every(&movies::all(), |movie| {
        let scratch = TempDir::new().unwrap();
        let protection = PROTECTION_OPTIONS[if movies::supports_scheme(movie, "cbcs") { 2 } else { 3 }];
        let package = packaged(movie, scratch.path(), &[protection, &["--layout", "single-file"]].concat());
        let parsed = npm::parse_manifests(&manifests(&package));
        let of = |path: &str| &parsed[package.directory.join(path).to_str().unwrap()];
        assert_eq!(of("stream.mpd")["messages"], json!([]));
        let playlists = playlists(&of("stream.mpd")["parsed"]);
        for representation in package.media() {
            let folder = package.directory.join(&representation.id);
            let (index, _) = representation.index.as_ref().unwrap();
            let range = |range: &Range<u64>| json!({ "length": range.end - range.start, "offset": range.start });
            let found = playlists.iter().find(|playlist| playlist["attributes"]["NAME"] == *representation.id).unwrap();
            // `mpd-parser` resolves this URL only, against the root because it does not know the manifest's URL.
            let path = found["sidx"]["uri"].as_str().unwrap().trim_start_matches('/');
            assert_eq!(package.directory.join(path), representation.init);
            assert_eq!(found["sidx"]["byterange"], range(index));
            let init = range(representation.init_range.as_ref().unwrap());
            assert_eq!(found["sidx"]["map"]["byterange"], init);

            let playlist = &of(&format!("{}/media.m3u8", representation.id))["parsed"];
            let segments = playlist["segments"].as_array().unwrap();
            assert_eq!(segments.len(), representation.segments.len());
            for (found, segment) in segments.iter().zip(&representation.segments) {
                assert_eq!(folder.join(found["uri"].as_str().unwrap()), segment.path);
                assert_eq!(found["byterange"], range(segment.range.as_ref().unwrap()));
                assert_eq!(found["map"]["byterange"], init);
                assert_near(&found["duration"], seconds(segment.duration, representation), &representation.id);
            }
        }
    });
}

fn packaged(movie: &Path, folder: &Path, options: &[&str]) -> Package {
    let audio_only: &[&str] = if movies::is_audio_only(movie) { &["--audio-only"] } else { &[] };
    let output = vpp::package(movie, folder, &[options, audio_only].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Package::open(folder)
}

fn manifests(package: &Package) -> Vec<PathBuf> {
    let is_manifest = |path: &PathBuf| path.extension().is_some_and(|kind| kind == "mpd" || kind == "m3u8");
    package.files().into_iter().filter(is_manifest).map(|path| package.directory.join(path)).collect()
}

fn seconds(units: u64, representation: &Representation) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let seconds = units as f64 / representation.timescale as f64;
    seconds
}

/// Asserts that two numbers of seconds are equal to the microsecond, the precision of playlists.
fn assert_near(found: &Value, expected: f64, subject: &str) {
    let found = found.as_f64().unwrap_or(f64::NAN);
    assert!((found - expected).abs() < 1e-6, "{subject}: {found} for {expected}");
}

/// Returns the playlists that `mpd-parser` derives from the representations.
fn playlists(mpd: &Value) -> Vec<&Value> {
    let groups = mpd["mediaGroups"].as_object().unwrap().values();
    let groups = groups.flat_map(|kind| kind.as_object().unwrap().values());
    let members = groups.flat_map(|group| group.as_object().unwrap().values());
    let playlists = mpd["playlists"].as_array().unwrap().iter();
    // Closed captions are in the video, and have none.
    playlists.chain(members.filter_map(|member| member["playlists"].as_array()).flatten()).collect()
}

fn check_mpd(package: &Package, mpd: &Value) {
    let ends = package.media().filter_map(|representation| {
        let last = representation.segments.last()?;
        Some(seconds(last.start + last.duration - representation.presentation_time_offset, representation))
    });
    assert_near(&mpd["duration"], ends.fold(0.0, f64::max), "duration");
    let playlists = playlists(mpd);
    assert!(playlists.len() >= package.media().count());
    for representation in package.media() {
        let found = playlists.iter().find(|playlist| playlist["attributes"]["NAME"] == *representation.id);
        let found = found.unwrap_or_else(|| panic!("{} is not found", representation.id));
        assert_eq!(found["attributes"]["CODECS"], *representation.codecs);
        assert_eq!(found["attributes"]["BANDWIDTH"], representation.bandwidth);
        let protection = &found["contentProtection"]["mp4protection"]["attributes"];
        let scheme = representation.protection.as_ref().map_or(Value::Null, |protection| json!(protection.scheme));
        let kid = representation.protection.as_ref().map_or(Value::Null, |protection| json!(protection.default_kid));
        assert_eq!((&protection["value"], &protection["cenc:default_KID"]), (&scheme, &kid));
        let segments = found["segments"].as_array().unwrap();
        assert_eq!(segments.len(), representation.segments.len());
        for (found, segment) in segments.iter().zip(&representation.segments) {
            let subject = format!("{}", segment.path.display());
            assert_eq!(package.directory.join(found["uri"].as_str().unwrap()), segment.path);
            assert_eq!(package.directory.join(found["map"]["uri"].as_str().unwrap()), representation.init);
            assert_near(&found["duration"], seconds(segment.duration, representation), &subject);
            let (start, offset) = (
                seconds(segment.start, representation),
                seconds(representation.presentation_time_offset, representation),
            );
            assert_near(&found["presentationTime"], start - offset, &subject);
        }
    }
}

fn check_multivariant(package: &Package, playlist: &Value) {
    let of = |kind: &'static str| {
        package.representations.iter().filter(move |representation| representation.content_type == kind)
    };
    let path = |representation: &Representation| json!(format!("{}/media.m3u8", representation.id));
    let variants = playlist["playlists"].as_array().unwrap();
    let groups = playlist["mediaGroups"]["AUDIO"].as_object().unwrap().values();
    let audio: Vec<_> = groups.flat_map(|group| group.as_object().unwrap().values()).collect();
    for variant in variants {
        let codecs = variant["attributes"]["CODECS"].as_str().unwrap();
        let known = |codec: &str| package.representations.iter().any(|representation| representation.codecs == codec);
        assert!(codecs.split(',').all(known), "{codecs}");
        assert!(package.representations.iter().any(|representation| path(representation) == variant["uri"]));
    }
    for representation in of("video") {
        let named = variants.iter().find(|variant| variant["uri"] == path(representation));
        let codecs = named.unwrap()["attributes"]["CODECS"].as_str().unwrap();
        assert!(codecs.split(',').any(|codec| codec == representation.codecs), "{codecs}");
        let i_frame_playlists = playlist["iFramePlaylists"].as_array().unwrap();
        assert!(
            i_frame_playlists.iter().any(|i_frames| i_frames["uri"] == format!("{}/iframes.m3u8", representation.id))
        );
    }
    let is_named = |representation: &Representation| {
        audio.iter().any(|member| member["uri"] == path(representation))
            || variants.iter().any(|variant| variant["uri"] == path(representation))
    };
    assert!(of("audio").all(is_named), "{playlist}");
}

fn check_media(package: &Package, representation: &Representation, playlist: &Value) {
    let segments = playlist["segments"].as_array().unwrap();
    assert_eq!(segments.len(), representation.segments.len());
    assert_eq!((&playlist["endList"], &playlist["playlistType"]), (&json!(true), &json!("VOD")));
    let folder = package.directory.join(&representation.id);
    for (found, segment) in segments.iter().zip(&representation.segments) {
        assert_eq!(folder.join(found["uri"].as_str().unwrap()), segment.path);
        assert_eq!(folder.join(found["map"]["uri"].as_str().unwrap()), representation.init);
        assert_near(&found["duration"], seconds(segment.duration, representation), &representation.id);
        // A segment rounded to whole seconds is no longer than the target (RFC 8216bis 4.4.3.1).
        assert!(found["duration"].as_f64().unwrap().round() <= playlist["targetDuration"].as_f64().unwrap());
        check_key(representation, &found["key"]);
    }
}

/// Asserts that the `EXT-X-KEY` tag of a segment matches the protection in the manifest and in the init segment.
fn check_key(representation: &Representation, key: &Value) {
    let Some(protection) = &representation.protection else { return assert_eq!(*key, Value::Null) };
    let method = if protection.scheme == "cbcs" { "SAMPLE-AES" } else { "SAMPLE-AES-CTR" };
    assert_eq!(key["method"], method);
    assert_eq!(key["uri"], format!("urn:uuid:{}", protection.default_kid));
    if protection.scheme == "cbcs" {
        let init = fs::read(&representation.init).unwrap();
        let kind = if representation.content_type == "video" { "encv" } else { "enca" };
        let tenc = boxes::all(&init, &format!("moov/trak/mdia/minf/stbl/stsd/{kind}/sinf/schi/tenc"))[0];
        let words = tenc[25..41].chunks(4).map(|word| u32::from_be_bytes(word.try_into().unwrap()));
        assert_eq!(key["iv"], json!(words.collect::<Vec<_>>()));
    }
}

fn check_i_frames(representation: &Representation, playlist: &Value) {
    assert_eq!(playlist["iFramesOnly"], true);
    let entries = playlist["segments"].as_array().unwrap();
    assert_eq!(entries.len(), representation.segments.len());
    for (entry, segment) in entries.iter().zip(&representation.segments) {
        assert_near(&entry["duration"], seconds(segment.duration, representation), &representation.id);
        // From the first byte to the end of the first sample, whose size `mp4-atom` reads. It may end 0.5 % later in a manifest
        // that precedes the segments.
        let bytes = fs::read(&segment.path).unwrap();
        let media = bytes.len() - boxes::one(&bytes, "mdat").len();
        let end = media + usize::try_from(segment.samples()[0].size).unwrap();
        let length = usize::try_from(entry["byterange"]["length"].as_u64().unwrap()).unwrap();
        assert_eq!(entry["byterange"]["offset"], 0);
        assert!((end..=end + end / 200).contains(&length), "{length} bytes for {end}");
    }
}
