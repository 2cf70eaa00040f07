//! Manifests satisfy the rules, ffmpeg reads them without a warning, and they signal what the source holds.

use std::fs;
use std::path::Path;

use vpp_tests::decrypt::KEY;
use vpp_tests::movies::for_every;
use vpp_tests::{ffmpeg, fixtures, rules};

use crate::packaging::{is_dolby_vision, key_arguments, movies, packaged};

#[test]
fn every_package_keeps_the_rules() {
    for_every(&movies(), |movie| {
        for arguments in [
            &key_arguments(KEY)[..],
            &[&key_arguments(KEY)[..], &["--encrypt", "all"]].concat(),
            &["--scheme", "clear"],
        ] {
            let violations = rules::violations(&packaged(movie, arguments).package);
            assert!(violations.is_empty(), "{arguments:?}\n{}", violations.join("\n"));
        }
    });
}

#[test]
fn ffmpeg_reads_every_manifest_without_a_warning() {
    // These have one segment, which ffmpeg reads completely to probe it, so that nothing remains to play.
    let has_one_segment = |movie: &Path| ["s04.mp4", "av1-lossless.mp4"].iter().any(|name| movie.ends_with(name));
    let movies: Vec<_> =
        movies().into_iter().filter(|movie| !is_dolby_vision(movie) && !has_one_segment(movie)).collect();
    for_every(&movies, |movie| {
        // With the key, because ffmpeg parses the video and would warn about encrypted data.
        let key = &["-cenc_decryption_key", KEY.key][..];
        for (arguments, options) in [(&key_arguments(KEY)[..], key), (&["--scheme", "clear"], &[])] {
            let package = packaged(movie, arguments);
            let warnings = ffmpeg::warnings(&package.package.directory.join("stream.mpd"), options);
            assert_eq!(warnings, "", "{arguments:?}");
        }
    });
}

#[test]
fn languages_reach_the_manifest() {
    let packaged = packaged(&fixtures::fixture("two-languages.mp4"), &key_arguments(KEY));
    let languages: Vec<_> =
        packaged.package.representations.iter().map(|representation| representation.language.as_deref()).collect();
    assert_eq!(languages[1..], [Some("en"), Some("fr")]);
}

#[test]
fn open_groups_are_signalled_and_closed_ones_too() {
    for (name, sap_type) in [("open-groups-sound.mp4", 3), ("video-only.mp4", 1)] {
        let packaged = packaged(&fixtures::fixture(name), &["--scheme", "clear", "--segment-duration", "2"]);
        let sets = packaged.package.mpd.periods.iter().flat_map(|period| &period.adaptations);
        let signalled: Vec<_> = sets.map(|set| (set.contentType.clone().unwrap(), set.startWithSAP)).collect();
        assert_eq!(signalled[0], ("video".into(), Some(sap_type)), "{name}");
        assert!(signalled[1..].iter().all(|(_, sap_type)| *sap_type == Some(1)), "{name}");
        let playlist = |path: &str| fs::read_to_string(packaged.package.directory.join(path)).unwrap();
        for path in ["stream.m3u8", "v1/media.m3u8"] {
            assert_eq!(playlist(path).contains("#EXT-X-INDEPENDENT-SEGMENTS"), sap_type == 1, "{name}: {path}");
        }
        assert_eq!(rules::violations(&packaged.package), [""; 0]);
    }
}

#[test]
fn colours_reach_both_manifests() {
    // Primaries, transfer characteristics and matrix coefficients that the encoders were given.
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
