//! Init segments preserve the source's sample entries and track headers.

use std::fs;
use std::path::Path;

use vpp_tests::decrypt::KEY;
use vpp_tests::ffmpeg::{self, Edits};
use vpp_tests::{boxes, fixtures};

use crate::packaging::{key_arguments, packaged, stream};

/// The boxes include colour, light levels, pixel aspect ratio, clean aperture and the Dolby Vision configuration.
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
        let (encrypted_kind, encrypted) =
            entry(&packaged(&movie, &key_arguments(KEY)).package.representation("v1").init);
        assert!(encrypted_kind == "encv" && encrypted.starts_with(&source), "{name}");
        let added: Vec<_> = boxes::children(&encrypted[source.len()..]).map(|(kind, _)| kind.to_vec()).collect();
        assert_eq!(added, [b"sinf"], "{name}");
    }
}

#[test]
fn rotation_is_preserved() {
    let Some(movie) = fixtures::corpus("good/s07.mp4") else { return };
    let packaged = packaged(&movie, &key_arguments(KEY));
    let matrix = |file: &Path| {
        let bytes = fs::read(file).unwrap();
        boxes::all(&bytes, "moov/trak/tkhd")[0][40..76].to_vec()
    };
    assert_eq!(matrix(&packaged.package.representation("v1").init), matrix(&movie));
}

/// Without an edit list, a track meets CMAF if its samples are presented in decode order (ISO/IEC 23000-19 7.5.17). ffmpeg
/// tells whether they are.
#[test]
fn only_a_track_that_meets_cmaf_claims_its_brands() {
    let mut claims = [0; 2];
    for name in
        ["sample.mp4", "baseline.mp4", "hevc.mp4", "av1.mp4", "opus-flac.mp4", "webvtt.mp4", "variable-rate.mp4"]
    {
        let movie = fixtures::fixture(name);
        for representation in packaged(&movie, &["--scheme", "clear"]).package.media() {
            let packets = ffmpeg::packets(&movie, &stream(representation), Edits::Ignored);
            let is_in_order = packets.iter().all(|packet| packet.pts == packet.dts);
            let claims_brand = |bytes: &[u8], kind: &str, brand: &[u8; 4]| {
                boxes::all(bytes, kind).iter().any(|brands| brands[8..].chunks(4).any(|found| found == brand))
            };
            let found = claims_brand(&representation.init_bytes(), "ftyp", b"cmfc");
            assert_eq!(found, is_in_order, "{name}: {}", representation.id);
            let mut segments = representation.segments.iter();
            assert!(segments.all(|segment| claims_brand(&segment.bytes(), "styp", b"cmfs") == is_in_order), "{name}");
            claims[usize::from(found)] += 1;
        }
    }
    assert!(claims.iter().all(|count| *count > 2), "{claims:?} tracks with and without the brands");
}
