//! Every sample of the source is in the package, unchanged.

use std::fs;

use tempfile::TempDir;
use vpp_tests::decrypt::{self, KEY};
use vpp_tests::ffmpeg::{self, Edits, Packet};
use vpp_tests::movies::{self, for_every};
use vpp_tests::package::{Sample, Segment};
use vpp_tests::{boxes, fixtures, rules, vpp};

use crate::packaging::{Packaged, assert_same_samples, key_arguments, movies, packaged};

#[test]
fn every_sample_comes_back_byte_identical() {
    for_every(&movies(), |movie| {
        let Packaged { package, scratch } = packaged(movie, &key_arguments(KEY));
        for representation in package.media() {
            assert_same_samples(movie, representation, &decrypt::decrypted(representation, KEY, scratch.path()));
        }
    });
}

#[test]
fn every_sample_comes_back_when_the_audio_is_encrypted_too() {
    for_every(&movies(), |movie| {
        let Packaged { package, scratch } = packaged(movie, &[&key_arguments(KEY)[..], &["--encrypt", "all"]].concat());
        for representation in package.media() {
            assert!(representation.protection.is_some(), "{} is clear", representation.id);
            assert_same_samples(movie, representation, &decrypt::decrypted(representation, KEY, scratch.path()));
        }
    });
}

#[test]
fn a_clear_package_holds_the_samples_as_they_are() {
    for_every(&movies(), |movie| {
        let Packaged { package, scratch } = packaged(movie, &["--scheme", "clear"]);
        for representation in package.media() {
            assert_eq!(representation.protection, None);
            assert_same_samples(movie, representation, &decrypt::join(representation, scratch.path()));
        }
    });
}

#[test]
fn a_codec_without_a_rule_for_a_scheme_is_packaged_by_the_others() {
    let movies: Vec<_> = movies::all().into_iter().filter(|movie| !movies::supports_scheme(movie, "cbcs")).collect();
    for_every(&movies, |movie| {
        let scratch = TempDir::new().unwrap();
        let refused = vpp::package(movie, scratch.path(), &key_arguments(KEY));
        let message = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(1));
        assert!(message.starts_with("scheme_undefined: "), "{message}");
        assert!(message.contains("vp09") && message.contains("cbcs"), "{message}");
        for arguments in [&["--scheme", "clear"][..], &[&key_arguments(KEY)[..], &["--scheme", "cenc"]].concat()] {
            let Packaged { package, scratch } = packaged(movie, arguments);
            assert_eq!(rules::violations(&package), [""; 0], "{arguments:?}");
            for representation in package.media() {
                assert_same_samples(movie, representation, &decrypt::decrypted(representation, KEY, scratch.path()));
            }
        }
    });
}

#[test]
fn audio_alone_is_packaged_on_request() {
    let movie = fixtures::fixture("no-video.mp4");
    let Packaged { package, scratch } =
        packaged(&movie, &[&key_arguments(KEY)[..], &["--encrypt", "all", "--audio-only"]].concat());
    let [representation] = package.representations.as_slice() else { panic!("one representation") };
    assert_same_samples(&movie, representation, &decrypt::decrypted(representation, KEY, scratch.path()));
    assert_eq!(rules::violations(&package), [""; 0]);
}

/// A track with two sample descriptions. Does not read the package with ffmpeg, which uses only the first.
#[test]
fn every_sample_description_is_carried_with_its_samples() {
    let movie = fixtures::fixture("two-settings.mp4");
    let source = fs::read(&movie).unwrap();
    let packets = ffmpeg::packets(&movie, "0:v:0", Edits::Ignored);
    let stsd = "moov/trak/mdia/minf/stbl/stsd";
    for arguments in
        [&["--scheme", "clear"][..], &key_arguments(KEY), &[&key_arguments(KEY)[..], &["--scheme", "cenc"]].concat()]
    {
        let Packaged { package, scratch } = packaged(&movie, arguments);
        assert_eq!(rules::violations(&package), [""; 0], "{arguments:?}");
        let representation = package.representation("v1");
        let init = fs::read(&representation.init).unwrap();
        let kind = if representation.protection.is_some() { "encv" } else { "avc1" };
        let records = boxes::all(&init, &format!("{stsd}/{kind}/avcC"));
        assert_eq!(records, boxes::all(&source, &format!("{stsd}/avc1/avcC")), "{arguments:?}");
        assert_ne!(records[0], records[1]);

        let clear = fs::read(decrypt::decrypted(representation, KEY, scratch.path())).unwrap();
        assert!(
            boxes::all(&clear, "mdat").concat() == boxes::one(&source, "mdat"),
            "{arguments:?}: a sample is different"
        );

        let samples: Vec<_> = representation.segments.iter().flat_map(Segment::samples).collect();
        let shift = i64::try_from(representation.presentation_time_offset).unwrap();
        let listed = |packet: &Packet| (packet.dts + shift, packet.pts + shift, packet.size, packet.sync);
        let found = |sample: &Sample| {
            (i64::try_from(sample.decode_time).unwrap(), sample.composition_time, u64::from(sample.size), sample.sync)
        };
        assert!(samples.iter().map(found).eq(packets.iter().map(listed)), "{arguments:?}");

        let index = |segment: &Segment| segment.moof().traf[0].tfhd.sample_description_index.unwrap_or(1);
        let of_samples = |segment: &Segment| vec![index(segment); segment.samples().len()];
        let indexes: Vec<_> = representation.segments.iter().flat_map(of_samples).collect();
        assert_eq!(indexes, [[1; 100], [2; 100]].concat(), "{arguments:?}");
    }
}
