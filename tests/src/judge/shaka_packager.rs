//! What Shaka Packager's manifests state of the same streams.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::ffprobe::{Probe, Stream};
use super::xml::Element;
use crate::ffmpeg::ffmpeg;
use crate::shaka;

/// What Shaka Packager states of a stream.
#[derive(Debug, Clone)]
pub(super) struct Stated {
    /// `@codecs`.
    pub(super) codecs: String,
    /// `@scte214:supplementalCodecs`, with the brand as in `SUPPLEMENTAL-CODECS`.
    pub(super) supplemental: Option<String>,
}

/// Packages every video and audio stream by itself, and reads the codecs from the MPD. A stream that Shaka Packager cannot read is
/// remuxed by ffmpeg first; if it cannot read that either, the stream is left out.
pub(super) fn stated_by_shaka(path: &Path, probe: &Probe) -> BTreeMap<usize, Stated> {
    let scratch = TempDir::new().expect("a temporary folder");
    let is_media = |stream: &&Stream| matches!(stream.text("codec_type"), Some("video" | "audio"));
    let of_stream = |stream: &Stream| {
        let stated = packaged(path, stream.index, scratch.path()).or_else(|| {
            let plain = remuxed(path, stream.index, scratch.path())?;
            packaged(&plain, 0, scratch.path())
        });
        Some((stream.index, stated?))
    };
    probe.streams.iter().filter(is_media).filter_map(of_stream).collect()
}

fn packaged(file: &Path, stream: usize, scratch: &Path) -> Option<Stated> {
    let (output, mpd) = (scratch.join("track.mp4"), scratch.join("track.mpd"));
    let mut command = shaka::command();
    command.arg(format!("in={},stream={stream},output={}", file.display(), output.display()));
    let output = command.arg("--mpd_output").arg(&mpd).output().expect("Shaka Packager starts");
    if !output.status.success() {
        return None;
    }
    let mpd = Element::parse(&fs::read_to_string(mpd).ok()?);
    let set = mpd.child("Period")?.child("AdaptationSet")?;
    let representation = set.child("Representation")?;
    let get = |name| representation.get(name).or_else(|| set.get(name)).map(str::to_owned);
    let profiles = get("scte214:supplementalProfiles").map(|profiles| format!("/{profiles}")).unwrap_or_default();
    let supplemental = get("scte214:supplementalCodecs").map(|codecs| codecs + &profiles);
    Some(Stated { codecs: get("codecs")?, supplemental })
}

fn remuxed(file: &Path, stream: usize, scratch: &Path) -> Option<std::path::PathBuf> {
    let plain = scratch.join("plain.mp4");
    let mut command = ffmpeg();
    command.args(["-y", "-ignore_editlist", "1", "-i"]).arg(file).args(["-map", &format!("0:{stream}"), "-c", "copy"]);
    command.arg(&plain).output().is_ok_and(|output| output.status.success()).then_some(plain)
}
