//! Closed captions: manifests list the services that a video carries, and the packaged video still carries them.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use vpp_tests::decrypt::KEY;
use vpp_tests::package::{Package, Segment};
use vpp_tests::{ffmpeg, fixtures, vpp};

/// H.264 with CEA-608 channels CC1 and CC3 and CEA-708 service 1; two encoders that ffmpeg gave the CEA-608 captions of it.
const CAPTIONED: [&str; 3] = ["captions.mp4", "captions-b-frames.mp4", "captions-hevc.mp4"];

fn package(movie: &str, scratch: &TempDir, arguments: &[&str]) -> (Package, String) {
    let folder = scratch.path().join(movie);
    let output = vpp::package(&fixtures::fixture(movie), &folder, arguments);
    assert!(output.status.success(), "{movie}: {}", String::from_utf8_lossy(&output.stderr));
    (Package::open(&folder), fs::read_to_string(folder.join("stream.m3u8")).unwrap())
}

/// Returns the captions of channel CC1 of a file, decoded by ffmpeg.
fn decoded(file: &Path) -> String {
    let source = format!("movie={}[out0+subcc]", file.display());
    let mut command = ffmpeg::ffmpeg();
    let output = command.args(["-f", "lavfi", "-i", &source, "-map", "0:s", "-f", "srt", "-"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn manifests_list_the_captions_in_a_video() {
    let scratch = TempDir::new().unwrap();
    for movie in CAPTIONED {
        let (package, playlist) = package(movie, &scratch, &["--key", KEY.key, "--kid", KEY.kid]);
        let rendition = |name: &str, id: &str| {
            format!(
                "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"captions\",NAME=\"{name}\",DEFAULT=NO,AUTOSELECT=YES,\
                 INSTREAM-ID=\"{id}\"\n"
            )
        };
        assert!(playlist.contains(&(rendition("CC1", "CC1") + &rendition("CC3", "CC3"))), "{movie}: {playlist}");
        assert_eq!(playlist.matches("CLOSED-CAPTIONS=\"captions\"").count(), 1, "{movie}: {playlist}");
        let cea_608 = "<Accessibility schemeIdUri=\"urn:scte:dash:cc:cea-608:2015\" value=\"CC1=und;CC3=und\"/>";
        assert!(package.text.contains(cea_608), "{movie}: {}", package.text);

        let cea_708 = "<Accessibility schemeIdUri=\"urn:scte:dash:cc:cea-708:2015\" value=\"1=lang:und\"/>";
        assert!(package.text.contains(cea_708), "{movie}: {}", package.text);
        assert!(playlist.contains(&rendition("Service 1", "SERVICE1")), "{movie}: {playlist}");
    }
    let (package, playlist) = package("uncaptioned.mp4", &scratch, &[]);
    assert!(!package.text.contains("Accessibility") && !playlist.contains("CAPTIONS"), "{playlist}");
}

#[test]
fn the_packaged_video_carries_its_captions() {
    let scratch = TempDir::new().unwrap();
    for movie in CAPTIONED {
        let (package, _) = package(movie, &scratch, &[]);
        let file = scratch.path().join("video.mp4");
        let video = package.representation("v1");
        let segments = video.segments.iter().map(Segment::bytes);
        fs::write(&file, [video.init_bytes()].into_iter().chain(segments).collect::<Vec<_>>().concat()).unwrap();
        let captions = decoded(&file);
        assert!(captions.contains("HELLO VIEWERS"), "{movie}: {captions}");
        assert_eq!(captions, decoded(&fixtures::fixture(movie)), "{movie}");
    }
}
