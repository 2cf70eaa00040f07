//! Packages with the key and the signalling of a DRM provider.

use std::fs;
use std::path::Path;

use data_encoding::HEXLOWER;
use tempfile::TempDir;
use vpp_tests::fixtures::fixture;
use vpp_tests::vpp;

use crate::platform::{ingested, key_of, package_files, package_of_upload, ready, text};
use crate::speke_server::{self, PLAYREADY, WIDEVINE};
use crate::stack::use_private_stack;

#[test]
fn a_stream_has_the_key_and_the_signalling_of_the_drm_provider() {
    use_private_stack();
    let movie = fixture("late-video.mp4");
    let content = ingested("provider/late-video.mp4", &movie);
    let id = package_of_upload(&content);
    let package = ready(id);
    let (kid, key) = (text(&package, "kid"), HEXLOWER.encode(&speke_server::key(text(&package, "kid"))));
    assert_eq!(key_of(id), key);
    let files = package_files(id);
    let file = |path: &str| String::from_utf8_lossy(&files[Path::new(path)]).into_owned();
    let (mpd, playlist) = (file("stream.mpd"), file("v1/media.m3u8"));
    assert!(mpd.contains(WIDEVINE) && mpd.contains(PLAYREADY), "{mpd}");
    assert!(playlist.contains("URI=\"skd://provided\"") && playlist.contains(WIDEVINE), "{playlist}");

    let scratch = TempDir::new().unwrap();
    let output = vpp::package_inputs(&[&movie], scratch.path(), &["--key", &key, "--kid", kid]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for segment in ["v1/1.m4s", "a1/1.m4s"] {
        assert!(fs::read(scratch.path().join(segment)).unwrap() == files[Path::new(segment)], "{segment}");
    }
}
