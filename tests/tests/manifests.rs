//! What outside parsers understand of manifests: the MPD by npm's `mpd-parser` and the crate `dash-mpd-core`, playlists by
//! npm's `m3u8-parser`.
//!
//! None has anything to complain of, and each understands what the files hold: the segments' names, number and durations, the
//! byte ranges, the codecs, the protection.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;
use vpp_tests::decrypt::KEY;
use vpp_tests::package::{Package, Representation};
use vpp_tests::{boxes, fixtures, movies, npm, vpp};

/// The schemes by which every movie is packaged.
const WAYS: [&[&str]; 4] = [
    &["--scheme", "clear"],
    &["--scheme", "cbcs", "--key", KEY.key, "--kid", KEY.kid],
    &["--scheme", "cbcs", "--key", KEY.key, "--kid", KEY.kid, "--encrypt", "all"],
    &["--scheme", "cenc", "--key", KEY.key, "--kid", KEY.kid, "--encrypt", "all"],
];

/// What `m3u8-parser` says of every media playlist that leaves out tags whose default is what is meant.
const DEFAULTS: [&str; 2] =
    ["info: defaulting media sequence to zero", "info: defaulting discontinuity sequence to zero"];

#[test]
fn outside_parsers_understand_every_manifest() {
    movies::for_every(&movies::all(), |movie| {
        let scratch = TempDir::new().unwrap();
        let ways = WAYS.iter().enumerate().filter(|(_, way)| movies::can_have(movie, way[1]));
        let packages: Vec<_> =
            ways.map(|(index, way)| packaged(movie, &scratch.path().join(index.to_string()), way)).collect();
        let understood = npm::understood(&packages.iter().flat_map(manifests).collect::<Vec<_>>());
        for package in &packages {
            let said = |path: &str| {
                let answer = &understood[package.directory.join(path).to_str().unwrap()];
                let said = answer["messages"].as_array().unwrap().iter().map(|said| said.as_str().unwrap());
                let said: Vec<_> = said.filter(|said| !DEFAULTS.contains(said)).collect();
                assert_eq!(said, [""; 0], "{path}");
                answer["parsed"].clone()
            };
            check_mpd(package, &said("stream.mpd"));
            check_multivariant(package, &said("stream.m3u8"));
            // Subtitles have a suite of their own.
            for own in package.media() {
                check_media(package, own, &said(&format!("{}/media.m3u8", own.id)));
                if own.content_type == "video" {
                    check_key_pictures(own, &said(&format!("{}/iframes.m3u8", own.id)));
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
    let package = packaged(&fixtures::fixture("sample.mp4"), scratch.path(), &[WAYS[2], &addresses[..]].concat());
    let understood = npm::understood(&manifests(&package));
    let of = |path: &str| &understood[package.directory.join(path).to_str().unwrap()];
    assert_eq!(of("stream.mpd")["messages"], json!([]));
    for own in package.media() {
        let kid = &own.protection.as_ref().unwrap().default_kid;
        let playlist = of(&format!("{}/media.m3u8", own.id));
        assert_eq!(playlist["parsed"]["segments"][0]["key"]["uri"], format!("{key}?kid={kid}"));
    }
    // Under the names, and in the name spaces, that players look for.
    for spelling in [
        "<dashif:laurl>https://api.example/license/x?a=1&amp;b=2</dashif:laurl>",
        r#"<clearkey:Laurl Lic_type="EME-1.0">https://api.example/license/x?a=1&amp;b=2</clearkey:Laurl>"#,
        r#"xmlns:dashif="https://dashif.org/""#,
        r#"xmlns:clearkey="http://dashif.org/guidelines/clearKey""#,
    ] {
        assert!(package.text.contains(spelling), "{spelling}");
    }
    let breaks = ["--licence-url", "ftp://x", "--key-url", "https://a\"b"];
    for wrong in breaks.chunks(2) {
        let output = vpp::package(&fixtures::fixture("still.mp4"), scratch.path(), wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
    }
}

/// Single files: where outside parsers are sent for the index and for each segment is where those are.
#[test]
fn outside_parsers_find_index_and_segments_of_single_files() {
    movies::for_every(&movies::all(), |movie| {
        let scratch = TempDir::new().unwrap();
        let way = if movies::can_have(movie, "cbcs") { WAYS[2] } else { WAYS[3] };
        let package = packaged(movie, scratch.path(), &[way, &["--layout", "single-file"]].concat());
        let understood = npm::understood(&manifests(&package));
        let of = |path: &str| &understood[package.directory.join(path).to_str().unwrap()];
        assert_eq!(of("stream.mpd")["messages"], json!([]));
        let playlists = playlists(&of("stream.mpd")["parsed"]);
        for own in package.media() {
            let folder = package.directory.join(&own.id);
            let (index, _) = own.index.as_ref().unwrap();
            let range = |range: &Range<u64>| json!({ "length": range.end - range.start, "offset": range.start });
            let found = playlists.iter().find(|playlist| playlist["attributes"]["NAME"] == *own.id).unwrap();
            // `mpd-parser` resolves this one address, against the root for want of the manifest's own.
            let path = found["sidx"]["uri"].as_str().unwrap().trim_start_matches('/');
            assert_eq!(package.directory.join(path), own.init);
            assert_eq!(found["sidx"]["byterange"], range(index));
            let init = range(own.init_range.as_ref().unwrap());
            assert_eq!(found["sidx"]["map"]["byterange"], init);

            let playlist = &of(&format!("{}/media.m3u8", own.id))["parsed"];
            let segments = playlist["segments"].as_array().unwrap();
            assert_eq!(segments.len(), own.segments.len());
            for (found, segment) in segments.iter().zip(&own.segments) {
                assert_eq!(folder.join(found["uri"].as_str().unwrap()), segment.path);
                assert_eq!(found["byterange"], range(segment.range.as_ref().unwrap()));
                assert_eq!(found["map"]["byterange"], init);
                assert_near(&found["duration"], seconds(segment.duration, own), &own.id);
            }
        }
    });
}

fn packaged(movie: &Path, folder: &Path, way: &[&str]) -> Package {
    let sound_alone: &[&str] = if movies::is_sound_alone(movie) { &["--audio-only"] } else { &[] };
    let output = vpp::package(movie, folder, &[way, sound_alone].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Package::open(folder)
}

fn manifests(package: &Package) -> Vec<PathBuf> {
    let is_manifest = |path: &PathBuf| path.extension().is_some_and(|kind| kind == "mpd" || kind == "m3u8");
    package.files().into_iter().filter(is_manifest).map(|path| package.directory.join(path)).collect()
}

fn seconds(units: u64, own: &Representation) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let seconds = units as f64 / own.timescale as f64;
    seconds
}

/// Asserts that two numbers of seconds are the same to the microsecond, which is what playlists state.
fn assert_near(found: &Value, expected: f64, what: &str) {
    let found = found.as_f64().unwrap_or(f64::NAN);
    assert!((found - expected).abs() < 1e-6, "{what}: {found} for {expected}");
}

/// Every playlist that `mpd-parser` made of a representation.
fn playlists(mpd: &Value) -> Vec<&Value> {
    let groups = mpd["mediaGroups"].as_object().unwrap().values();
    let groups = groups.flat_map(|kind| kind.as_object().unwrap().values());
    let members = groups.flat_map(|group| group.as_object().unwrap().values());
    let own = mpd["playlists"].as_array().unwrap().iter();
    own.chain(members.flat_map(|member| member["playlists"].as_array().unwrap())).collect()
}

fn check_mpd(package: &Package, mpd: &Value) {
    let ends = package.representations.iter().filter_map(|own| {
        let last = own.segments.last()?;
        Some(seconds(last.start + last.duration - own.presentation_time_offset, own))
    });
    assert_near(&mpd["duration"], ends.fold(0.0, f64::max), "duration");
    let playlists = playlists(mpd);
    assert!(playlists.len() >= package.media().count());
    for own in package.media() {
        let found = playlists.iter().find(|playlist| playlist["attributes"]["NAME"] == *own.id);
        let found = found.unwrap_or_else(|| panic!("{} is not understood", own.id));
        assert_eq!(found["attributes"]["CODECS"], *own.codecs);
        assert_eq!(found["attributes"]["BANDWIDTH"], own.bandwidth);
        let protection = &found["contentProtection"]["mp4protection"]["attributes"];
        let scheme = own.protection.as_ref().map_or(Value::Null, |own| json!(own.scheme));
        let kid = own.protection.as_ref().map_or(Value::Null, |own| json!(own.default_kid));
        assert_eq!((&protection["value"], &protection["cenc:default_KID"]), (&scheme, &kid));
        let segments = found["segments"].as_array().unwrap();
        assert_eq!(segments.len(), own.segments.len());
        for (found, segment) in segments.iter().zip(&own.segments) {
            let what = format!("{}", segment.path.display());
            assert_eq!(package.directory.join(found["uri"].as_str().unwrap()), segment.path);
            assert_eq!(package.directory.join(found["map"]["uri"].as_str().unwrap()), own.init);
            assert_near(&found["duration"], seconds(segment.duration, own), &what);
            let (start, offset) = (seconds(segment.start, own), seconds(own.presentation_time_offset, own));
            assert_near(&found["presentationTime"], start - offset, &what);
        }
    }
}

fn check_multivariant(package: &Package, playlist: &Value) {
    let of = |kind: &'static str| package.representations.iter().filter(move |own| own.content_type == kind);
    let path = |own: &Representation| json!(format!("{}/media.m3u8", own.id));
    let variants = playlist["playlists"].as_array().unwrap();
    let groups = playlist["mediaGroups"]["AUDIO"].as_object().unwrap().values();
    let sound: Vec<_> = groups.flat_map(|group| group.as_object().unwrap().values()).collect();
    for variant in variants {
        let codecs = variant["attributes"]["CODECS"].as_str().unwrap();
        let known = |codec: &str| package.representations.iter().any(|own| own.codecs == codec);
        assert!(codecs.split(',').all(known), "{codecs}");
        assert!(package.representations.iter().any(|own| path(own) == variant["uri"]));
    }
    for own in of("video") {
        let named = variants.iter().find(|variant| variant["uri"] == path(own));
        let codecs = named.unwrap()["attributes"]["CODECS"].as_str().unwrap();
        assert!(codecs.split(',').any(|codec| codec == own.codecs), "{codecs}");
        let pictures = playlist["iFramePlaylists"].as_array().unwrap();
        assert!(pictures.iter().any(|own_pictures| own_pictures["uri"] == format!("{}/iframes.m3u8", own.id)));
    }
    let is_named = |own: &Representation| {
        sound.iter().any(|member| member["uri"] == path(own))
            || variants.iter().any(|variant| variant["uri"] == path(own))
    };
    assert!(of("audio").all(is_named), "{playlist}");
}

fn check_media(package: &Package, own: &Representation, playlist: &Value) {
    let segments = playlist["segments"].as_array().unwrap();
    assert_eq!(segments.len(), own.segments.len());
    assert_eq!((&playlist["endList"], &playlist["playlistType"]), (&json!(true), &json!("VOD")));
    let folder = package.directory.join(&own.id);
    for (found, segment) in segments.iter().zip(&own.segments) {
        assert_eq!(folder.join(found["uri"].as_str().unwrap()), segment.path);
        assert_eq!(folder.join(found["map"]["uri"].as_str().unwrap()), own.init);
        assert_near(&found["duration"], seconds(segment.duration, own), &own.id);
        // A segment rounded to whole seconds is no longer than the target (RFC 8216bis 4.4.3.1).
        assert!(found["duration"].as_f64().unwrap().round() <= playlist["targetDuration"].as_f64().unwrap());
        check_key(own, &found["key"]);
    }
}

/// What the tag of a segment's key says, of the protection that the manifest states and the init segment holds.
fn check_key(own: &Representation, key: &Value) {
    let Some(protection) = &own.protection else { return assert_eq!(*key, Value::Null) };
    let method = if protection.scheme == "cbcs" { "SAMPLE-AES" } else { "SAMPLE-AES-CTR" };
    assert_eq!(key["method"], method);
    assert_eq!(key["uri"], format!("urn:uuid:{}", protection.default_kid));
    if protection.scheme == "cbcs" {
        let init = fs::read(&own.init).unwrap();
        let kind = if own.content_type == "video" { "encv" } else { "enca" };
        let tenc = boxes::all(&init, &format!("moov/trak/mdia/minf/stbl/stsd/{kind}/sinf/schi/tenc"))[0];
        let words = tenc[25..41].chunks(4).map(|word| u32::from_be_bytes(word.try_into().unwrap()));
        assert_eq!(key["iv"], json!(words.collect::<Vec<_>>()));
    }
}

fn check_key_pictures(own: &Representation, playlist: &Value) {
    assert_eq!(playlist["iFramesOnly"], true);
    let entries = playlist["segments"].as_array().unwrap();
    assert_eq!(entries.len(), own.segments.len());
    for (entry, segment) in entries.iter().zip(&own.segments) {
        assert_near(&entry["duration"], seconds(segment.duration, own), &own.id);
        // From the first byte to the end of the first sample, whose size an outside parser reads.
        let bytes = fs::read(&segment.path).unwrap();
        let media = bytes.len() - boxes::one(&bytes, "mdat").len();
        let end = media + usize::try_from(segment.samples()[0].size).unwrap();
        assert_eq!(entry["byterange"], json!({ "length": end, "offset": 0 }));
    }
}
