//! The properties of video that manifests and init segments signal are those that ffmpeg reads from the stream.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use vpp_tests::decrypt::{self, KEY};
use vpp_tests::shaka::EncryptedTrack;
use vpp_tests::{boxes, ffmpeg, fixtures, vpp};

use crate::packaging::{Packaged, key_arguments, packaged};

/// Types of visual sample entries.
const ENTRIES: [&str; 5] = ["avc1", "hvc1", "hev1", "av01", "vp09"];

/// Writes a copy of a movie whose sample entry has no size, and which has no box `pasp`.
fn without_copies(movie: &Path, scratch: &TempDir) -> PathBuf {
    let mut bytes = fs::read(movie).unwrap();
    let stsd = position(&bytes, b"stsd").expect("a movie has sample descriptions");
    let entry = stsd + ENTRIES.iter().find_map(|kind| position(&bytes[stsd..], kind.as_bytes())).expect("a video");
    bytes[entry + 28..entry + 32].fill(0);
    if let Some(pasp) = position(&bytes[entry..], b"pasp") {
        bytes[entry + pasp..][..4].copy_from_slice(b"free");
    }
    let copy = scratch.path().join(movie.file_name().unwrap());
    fs::write(&copy, bytes).unwrap();
    copy
}

fn position(bytes: &[u8], kind: &[u8]) -> Option<usize> {
    bytes.windows(kind.len()).position(|window| window == kind)
}

/// Returns `WxH` and the sample aspect ratio, which is `1:1` if ffmpeg states none.
fn size_and_ratio(description: &str) -> (String, String) {
    let fields = || description.split([',', ' ']).map(|field| field.trim_matches(['[', ']', ',']));
    let is_number = |text: &str| text.parse::<u16>().is_ok();
    let is_size = |field: &&str| field.split_once('x').is_some_and(|(w, h)| is_number(w) && is_number(h));
    let size = fields().find(is_size).expect("a size").to_owned();
    let ratio = fields().skip_while(|field| *field != "SAR").nth(1).unwrap_or("1:1").to_owned();
    (size, ratio)
}

/// Returns an attribute of the first representation.
fn attribute<'a>(packaged: &'a Packaged, name: &str) -> Option<&'a str> {
    let (_, element) = packaged.package.text.split_once("<Representation").unwrap();
    let (attributes, _) = element.split_once('>').unwrap();
    let (_, value) = attributes.split_once(&format!(" {name}=\""))?;
    value.split_once('"').map(|(value, _)| value)
}

fn multivariant(packaged: &Packaged) -> String {
    fs::read_to_string(packaged.package.directory.join("stream.m3u8")).unwrap()
}

#[test]
fn the_size_and_the_pixel_ratio_are_those_of_the_coded_frames() {
    let scratch = TempDir::new().unwrap();
    let h264 = ["anamorphic.mp4", "interlaced.mp4", "high-10.mp4"];
    let h265 = ["hevc-anamorphic.mp4", "hevc-4-2-2.mp4", "hevc-in-band.mp4"];
    let others = ["av1.mp4", "av1-lossless.mp4", "vp9.mp4"];
    let fixtures = [h264, h265, others].concat().into_iter().map(fixtures::fixture);
    let copies = fixtures.map(|movie| (without_copies(&movie, &scratch), movie));
    let edge = ["edge/stsd_0x0.mp4", "edge/anamorphic_pasp.mp4"].iter().filter_map(|name| fixtures::corpus(name));
    for (movie, original) in copies.chain(edge.map(|movie| (movie.clone(), movie))) {
        let (size, ratio) = size_and_ratio(&ffmpeg::video(&original));
        let packaged = packaged(&movie, &["--scheme", "clear"]);
        let stated = format!("{}x{}", attribute(&packaged, "width").unwrap(), attribute(&packaged, "height").unwrap());
        assert_eq!((stated.as_str(), attribute(&packaged, "sar")), (&*size, Some(&*ratio)), "{}", movie.display());
        let init = fs::read(&packaged.package.representations[0].init).unwrap();
        let stsd = boxes::all(&init, "moov/trak/mdia/minf/stbl/stsd")[0];
        let field = |at: usize| u16::from_be_bytes([stsd[at], stsd[at + 1]]);
        // After the fields of stsd, the header of the entry, and 24 bytes.
        assert_eq!(format!("{}x{}", field(8 + 8 + 24), field(8 + 8 + 26)), size, "{}", movie.display());
        let tkhd = boxes::all(&init, "moov/trak/tkhd")[0];
        assert!(tkhd[tkhd.len() - 8..].chunks_exact(4).all(|size| size != [0; 4]), "{}", movie.display());
    }
}

#[test]
fn durations_that_jitter_by_a_unit_have_the_rate_of_the_encoder() {
    for (name, rate, decimals) in [
        ("jitter.mp4", "30000/1001", "29.970"),
        ("jitter-ms.mp4", "24000/1001", "23.976"),
        ("slices.mp4", "25", "25.000"),
    ] {
        let movie = fixtures::fixture(name);
        let packaged = packaged(&movie, &["--scheme", "clear"]);
        assert_eq!(attribute(&packaged, "frameRate"), Some(rate), "{name}: {}", ffmpeg::video(&movie));
        let playlist = multivariant(&packaged);
        assert!(playlist.contains(&format!(",FRAME-RATE={decimals}")), "{playlist}");
    }
    let packaged = packaged(&fixtures::fixture("variable-rate.mp4"), &["--scheme", "clear"]);
    assert_eq!(attribute(&packaged, "frameRate"), None);
}

#[test]
fn interlaced_video_is_signalled() {
    for name in ["interlaced.mp4", "interlaced-cavlc.mp4", "hevc-fields.mp4", "slices.mp4", "hevc.mp4"] {
        let movie = fixtures::fixture(name);
        // As the encoder was told. ffmpeg states it for H.264: `progressive`, `top first`, `bottom first`.
        let is_interlaced = name.contains("interlaced") || name.contains("fields");
        assert!(name.contains("hevc") || ffmpeg::video(&movie).contains(" first") == is_interlaced, "{name}");
        let expected = is_interlaced.then_some("interlaced");
        assert_eq!(attribute(&packaged(&movie, &["--scheme", "clear"]), "scanType"), expected, "{name}");
    }
}

#[test]
fn dolby_vision_on_a_stream_that_plays_without_it_is_supplemental() {
    let Some(movie) = fixtures::corpus("edge/dv81.mp4") else { return };
    let packaged = packaged(&movie, &["--scheme", "clear"]);
    let supplemental = |name: &str| attribute(&packaged, name);
    assert_eq!(supplemental("scte214:supplementalCodecs"), Some("dvh1.08.01"));
    assert_eq!(supplemental("scte214:supplementalProfiles"), Some("db1p"));
    assert!(packaged.package.text.contains("xmlns:scte214=\"urn:scte:dash:scte214-extensions\""));
    assert!(supplemental("codecs").unwrap().starts_with("hvc1."));
    let playlist = multivariant(&packaged);
    assert_eq!(playlist.matches(",SUPPLEMENTAL-CODECS=\"dvh1.08.01/db1p\"").count(), 2, "{playlist}");
}

#[test]
fn auxiliary_slices_are_not_left_clear() {
    // A copy of H.264 video whose second slice belongs to an auxiliary picture.
    let scratch = TempDir::new().unwrap();
    let movie = fixtures::fixture("slices.mp4");
    let mut bytes = fs::read(&movie).unwrap();
    let (mut at, mut slices) = (position(&bytes, b"mdat").unwrap() + 4, 0);
    while slices < 2 {
        let length = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        slices += usize::from(matches!(bytes[at + 4] & 0x1f, 1 | 5));
        if slices == 2 {
            bytes[at + 4] = 0b11 << 5 | 0b1_0011;
        }
        at += 4 + length;
    }
    let copy = scratch.path().join("auxiliary.mp4");
    fs::write(&copy, bytes).unwrap();
    let out = |name: &str| scratch.path().join(name);
    assert!(vpp::package(&copy, &out("clear"), &["--scheme", "clear"]).status.success());
    let refused = vpp::package(&copy, &out("encrypted"), &key_arguments(KEY));
    let message = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && message.contains("auxiliary pictures"), "{message}");
}

/// Returns the slices of a sample: `nuh_layer_id`, and the range of the NAL unit. The length fields have 4 bytes.
fn hevc_slices(sample: &[u8]) -> Vec<(u8, Range<usize>)> {
    let (mut slices, mut at) = (Vec::new(), 0);
    while at < sample.len() {
        let length = u32::from_be_bytes(sample[at..at + 4].try_into().unwrap()) as usize;
        let nal = at + 4..at + 4 + length;
        if (sample[nal.start] >> 1) & 0x3f <= 21 {
            slices.push(((sample[nal.start] & 1) << 5 | sample[nal.start + 1] >> 3, nal.clone()));
        }
        at = nal.end;
    }
    slices
}

#[test]
fn both_views_of_stereo_video_are_encrypted_and_players_are_told() {
    let movie = fixtures::fixture("spatial.mp4");
    for scheme in ["cbcs", "cenc"] {
        let packaged = packaged(&movie, &[&key_arguments(KEY)[..], &["--scheme", scheme]].concat());
        let track = EncryptedTrack::read(decrypt::join(packaged.package.representation("v1"), packaged.scratch.path()));
        let slices: Vec<_> = track.samples.iter().map(|sample| hevc_slices(&sample.bytes)).collect();
        // By ffmpeg: a frame for the left eye and one for the right eye in each of ten samples.
        let layers: Vec<Vec<u8>> =
            slices.iter().map(|slices| slices.iter().map(|(layer, _)| *layer).collect()).collect();
        assert_eq!(layers, vec![vec![0, 1]; 10], "{scheme}");
        for ((_, slice), sample) in
            slices.iter().zip(&track.samples).flat_map(|(all, sample)| all.iter().map(move |one| (one, sample)))
        {
            let inside = |range: &&Range<usize>| slice.start <= range.start && range.end <= slice.end;
            let protected: Vec<_> = sample.protected.iter().filter(inside).collect();
            // No header of this stream has 16 bytes; counter mode protects whole blocks.
            let holds = match protected[..] {
                [range] => range.end == slice.end && range.start - slice.start < 16 + 16,
                _ => slice.len() < 32,
            };
            assert!(holds, "{scheme}: {protected:?} of {slice:?}");
        }
        let playlist = multivariant(&packaged);
        assert!(playlist.starts_with("#EXTM3U\n#EXT-X-VERSION:12\n"), "{playlist}");
        assert_eq!(
            playlist.matches(",REQ-VIDEO-LAYOUT=\"CH-STEREO\"").count(),
            2,
            "variant and key frames: {playlist}"
        );
    }
    let mono = packaged(&fixtures::fixture("hevc.mp4"), &["--scheme", "clear"]);
    let playlist = multivariant(&mono);
    assert!(playlist.contains("#EXT-X-VERSION:7\n") && !playlist.contains("REQ-"), "{playlist}");
}
