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
    /// The packets that it publishes, on the timeline of the period.
    pub(super) packets: Vec<Packet>,
}

/// The codecs of tracks that are packaged, as ffprobe names them.
const CODECS: [(&str, Kind); 19] = [
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
    ("mp1", Kind::Audio),
    ("mp2", Kind::Audio),
    ("mp3", Kind::Audio),
    ("mpegh_3d_audio", Kind::Audio),
    ("opus", Kind::Audio),
    ("mov_text", Kind::Text),
    ("ttml", Kind::Text),
    ("wvtt", Kind::Text),
];

/// Returns the kind of a stream that is packaged. ffprobe has no name for WebVTT in MP4, and calls text that a chapter reference
/// names data.
fn kind(stream: &Stream) -> Option<Kind> {
    let codec = stream.text("codec_name").or_else(|| stream.text("codec_tag_string").filter(|tag| *tag == "wvtt"))?;
    let (_, kind) = CODECS.iter().find(|(name, _)| *name == codec)?;
    Some(*kind)
}

/// Lists the tracks of a package of these sources, in the order of their ids.
///
/// Every input gives one video: variants present the same content (RFC 8216bis 6.2.4). Audio that an earlier input has too is
/// packaged once.
pub(super) fn tracks(sources: &[Arc<Source>], audio_only: bool) -> Vec<Track<'_>> {
    let mut tracks: Vec<Track<'_>> = Vec::new();
    for (input, source) in sources.iter().enumerate() {
        let origin = origin(source);
        let main = main_video(source);
        for stream in &source.probe.streams {
            let Some(kind) = kind(stream).filter(|kind| !audio_only || *kind == Kind::Audio) else { continue };
            let packets = published(stream, kind, origin);
            let is_other_video = kind == Kind::Video && main.is_some_and(|main| main != stream.index);
            if packets.is_empty() || is_other_video {
                continue;
            }
            let is_same = |other: &Track<'_>| {
                let sizes = |packets: &[Packet]| packets.iter().map(|packet| packet.size).collect::<Vec<_>>();
                other.input != input && other.kind == Kind::Audio && sizes(&other.packets) == sizes(&packets)
            };
            if kind == Kind::Audio && tracks.iter().any(is_same) {
                continue;
            }
            let number = tracks.iter().filter(|track| track.kind == kind).count() + 1;
            let id = format!("{}{number}", &kind.content_type()[..1]);
            tracks.push(Track { id, kind, source, stream, input, packets });
        }
    }
    tracks
}

/// Returns the index of the video that is presented: one that is enabled before one that is not, the longest, the first.
fn main_video(source: &Source) -> Option<usize> {
    let videos = source.probe.streams.iter().filter(|stream| kind(stream) == Some(Kind::Video));
    let shown = |stream: &Stream| {
        let packets = stream.packets.iter().filter(|packet| packet.is_shown);
        let times: Vec<i64> = packets.flat_map(|packet| [packet.pts, packet.end()]).collect();
        let span = times.iter().max().zip(times.iter().min()).map_or(0, |(end, start)| end - start);
        span * 1000 / stream.timescale
    };
    let best = videos.rev().max_by_key(|stream| (stream.is("default"), shown(stream)))?;
    Some(best.index)
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

/// Returns the packets that a track publishes: from the key frame that the first shown one needs, to the last that a shown one may
/// need.
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
