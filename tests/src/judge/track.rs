//! The tracks that a package must have, and the samples that each must publish.

use std::sync::Arc;

use super::ffprobe::{Packet, Stream};
use super::source::Source;
use super::source_boxes;

/// The kind of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Video,
    Audio,
    Text,
}

impl Kind {
    /// `@contentType`.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Text => "text",
        }
    }
}

/// A track of the package.
#[derive(Debug)]
pub(super) struct Track<'s> {
    /// The id of its representation: the kind and a number.
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) source: &'s Source,
    pub(super) stream: &'s Stream,
    /// The number of the input.
    pub(super) input: usize,
    /// Whether it is a video of other content than the main video of its input.
    pub(super) is_alternative: bool,
    /// The packets that it publishes, on the timeline of the period.
    pub(super) packets: Vec<Packet>,
}

impl Track<'_> {
    /// Returns the earliest presentation time of its packets, in seconds.
    pub(super) fn start_seconds(&self) -> Option<f64> {
        let start = self.packets.iter().map(|packet| packet.pts).min()?;
        Some(as_float(start) / as_float(self.stream.timescale))
    }

    /// Returns when its last sample ends, in units of its timescale: video ends with its edit list, if that ends within a frame.
    pub(super) fn end(&self) -> Option<i64> {
        let end = self.packets.iter().map(Packet::end).max()?;
        let last = self.packets.iter().map(|packet| packet.pts).max()?;
        let edit_end = self.stream.number("start_pts").zip(self.stream.number("duration_ts")).map(|(a, b)| a + b);
        let edit_end = edit_end.filter(|_| self.kind == Kind::Video && self.source.has_edit_list());
        Some(edit_end.filter(|edit_end| (last + 1..end).contains(edit_end)).unwrap_or(end))
    }
}

/// The codecs of tracks that are packaged, as ffprobe names them.
const CODECS: [(&str, Kind); 20] = [
    ("h264", Kind::Video),
    ("hevc", Kind::Video),
    ("av1", Kind::Video),
    ("vp9", Kind::Video),
    ("aac", Kind::Audio),
    ("ac3", Kind::Audio),
    ("eac3", Kind::Audio),
    ("ac4", Kind::Audio),
    ("alac", Kind::Audio),
    ("flac", Kind::Audio),
    ("iamf", Kind::Audio),
    ("mha1", Kind::Audio),
    ("mp1", Kind::Audio),
    ("mp2", Kind::Audio),
    ("mp3", Kind::Audio),
    ("mpegh_3d_audio", Kind::Audio),
    ("opus", Kind::Audio),
    ("mov_text", Kind::Text),
    ("ttml", Kind::Text),
    ("wvtt", Kind::Text),
];

/// Returns the kind of a stream that is packaged. ffprobe has no name for WebVTT in MP4 nor for `mha1`, and calls text that a chapter reference
/// names data.
fn kind(stream: &Stream) -> Option<Kind> {
    let codec = stream
        .text("codec_name")
        .or_else(|| stream.text("codec_tag_string").filter(|tag| ["mha1", "wvtt"].contains(tag)))?;
    let (_, kind) = CODECS.iter().find(|(name, _)| *name == codec)?;
    Some(*kind)
}

/// Lists the tracks of a package of these sources, in the order of their ids: the alternative videos of an input are the last.
///
/// Audio that an earlier input has too is packaged once.
pub(super) fn tracks(sources: &[Arc<Source>], audio_only: bool) -> Vec<Track<'_>> {
    let mut tracks: Vec<Track<'_>> = Vec::new();
    for (input, source) in sources.iter().enumerate() {
        let origin = origin(source);
        let main = main_video(source);
        let is_alternative =
            |stream: &Stream| kind(stream) == Some(Kind::Video) && main.is_some_and(|main| main != stream.index);
        let mut streams: Vec<_> = source.probe.streams.iter().collect();
        streams.sort_by_key(|stream| is_alternative(stream));
        for stream in streams {
            let Some(kind) = kind(stream).filter(|kind| !audio_only || *kind == Kind::Audio) else { continue };
            let packets = published(stream, kind, origin);
            let is_same = |other: &Track<'_>| {
                let sizes = |packets: &[Packet]| packets.iter().map(|packet| packet.size).collect::<Vec<_>>();
                other.input != input && other.kind == Kind::Audio && sizes(&other.packets) == sizes(&packets)
            };
            if packets.is_empty() || (kind == Kind::Audio && tracks.iter().any(is_same)) {
                continue;
            }
            let number = tracks.iter().filter(|track| track.kind == kind).count() + 1;
            let id = format!("{}{number}", &kind.content_type()[..1]);
            let is_alternative = is_alternative(stream);
            tracks.push(Track { id, kind, source, stream, input, is_alternative, packets });
        }
    }
    tracks
}

/// Returns the index of the main video: the first of those that last longest, to within half a second, among those that are enabled
/// (ISO/IEC 14496-12 8.3.2.3) if any is.
fn main_video(source: &Source) -> Option<usize> {
    let videos: Vec<_> = source.probe.streams.iter().filter(|stream| kind(stream) == Some(Kind::Video)).collect();
    let span = |stream: &Stream| {
        let packets = || stream.packets.iter().filter(|packet| packet.is_shown);
        let start = packets().map(|packet| packet.pts).min().unwrap_or(0);
        let end = packets().map(Packet::end).max().unwrap_or(0);
        as_float(end - start) / as_float(stream.timescale)
    };
    let is_any_enabled = videos.iter().any(|stream| stream.is("default"));
    let candidates = || videos.iter().filter(|stream| stream.is("default") || !is_any_enabled);
    let longest = candidates().map(|stream| span(stream)).fold(0.0, f64::max);
    candidates().find(|stream| span(stream) + 0.5 >= longest).map(|stream| stream.index)
}

/// Returns the start of the presentation of a source, in seconds: the first decode time of a recording in fragments without an edit
/// list, whose clock may run since long before; zero of any other file.
fn origin(source: &Source) -> f64 {
    let has_own_clock = source_boxes::is_fragmented_without_edits(&source.path).expect("the source is readable");
    let starts = source.probe.streams.iter().filter(|stream| kind(stream).is_some_and(|kind| kind != Kind::Text));
    let seconds = |stream: &Stream| Some(as_float(stream.packets.first()?.dts) / as_float(stream.timescale));
    let start = starts.filter_map(seconds).fold(f64::INFINITY, f64::min);
    if has_own_clock && start.is_finite() { start.max(0.0) } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "times of tests are far below 2^53 units")]
pub(super) fn as_float(number: i64) -> f64 {
    number as f64
}

/// Returns the packets that a track may publish: video from the key frame that the first shown frame needs, audio from its start; to
/// the last that a shown one may need. Video ends when its edit list does.
fn published(stream: &Stream, kind: Kind, origin: f64) -> Vec<Packet> {
    let packets = &stream.packets;
    let Some(first) = packets.iter().position(|packet| packet.is_shown) else { return Vec::new() };
    let last = packets.iter().rposition(|packet| packet.is_shown).unwrap();
    let front = if kind == Kind::Video { packets[..=first].iter().rposition(|packet| packet.is_key) } else { Some(0) };
    #[expect(clippy::cast_possible_truncation, reason = "times of tests are far below 2^53 units")]
    let origin = (origin * as_float(stream.timescale)).round() as i64;
    let shifted = |packet: &Packet| Packet { pts: packet.pts - origin, dts: packet.dts - origin, ..*packet };
    packets[front.unwrap_or(0)..=last].iter().map(shifted).collect()
}
