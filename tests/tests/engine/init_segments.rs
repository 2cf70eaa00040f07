//! Init segments preserve the source's sample entries and track headers.

use std::fs;
use std::path::Path;

use vpp_tests::decrypt::KEY;
use vpp_tests::{boxes, fixtures};

use crate::packaging::{key_arguments, packaged};

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
