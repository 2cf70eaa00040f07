//! Media playlists (RFC 8216bis 4.4.3, 4.4.4).

use std::fmt::Write;

use super::keys::keys;
use super::{HlsOptions, INDEPENDENT_SEGMENTS};
use crate::cmaf::{Presentation, Representation, SegmentSize, SegmentTime, Sidecar};
use crate::track::TrackKind;

/// Where a track's init segment lies.
const MAP: &str = "#EXT-X-MAP:URI=\"init.mp4\"\n";

/// Path of a track's media playlist.
pub(super) fn path(name: &str) -> String {
    format!("{name}/media.m3u8")
}

/// Path of a track's playlist of key pictures.
pub(super) fn key_pictures_path(name: &str) -> String {
    format!("{name}/iframes.m3u8")
}

/// The playlist of all segments of a track.
pub(super) fn segments(own: &Representation, options: &HlsOptions) -> String {
    let mut text = head(own, options, if own.has_independent_segments() { INDEPENDENT_SEGMENTS } else { "" });
    for (number, segment) in (1..).zip(&own.segments) {
        entry(&mut text, seconds(segment.duration, own), number, None);
    }
    text.push_str("#EXT-X-ENDLIST\n");
    text
}

/// The playlist of a track of text.
///
/// A playlist begins when the presentation does, and says nothing of times but how long segments last: where text begins
/// later than what it belongs to, its first segment lasts longer by that.
pub(super) fn subtitles(presentation: &Presentation, own: &Representation) -> String {
    let mut segments = own.segments.clone();
    if let Some(first) = segments.first_mut() {
        let start = start_of_media(presentation, own).unwrap_or(first.start).min(first.start);
        first.duration = first.end().saturating_sub(start);
        first.start = start;
    }
    let extension = if own.has_text_files() { "vtt" } else { "m4s" };
    let mut text = opening(&segments, own);
    if !own.has_text_files() {
        text.push_str(MAP);
    }
    for (number, segment) in (1..).zip(&segments) {
        line(&mut text, format_args!("#EXTINF:{:.6},\n{number}.{extension}", seconds(segment.duration, own)));
    }
    text.push_str("#EXT-X-ENDLIST\n");
    text
}

/// The playlist of a file of subtitles: one segment, as long as what it belongs to.
pub(super) fn sidecar(presentation: &Presentation, own: &Sidecar) -> String {
    let lasts = |own: &Representation| {
        let start = own.segments.first().map_or(0, |first| first.start);
        seconds(own.segments.last().map_or(0, SegmentTime::end).saturating_sub(start), own)
    };
    let duration = presentation.representations.iter().map(lasts).fold(0.0, f64::max);
    let target = duration.ceil();
    format!(
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{target:.0}\n#EXT-X-PLAYLIST-TYPE:VOD\n\
         #EXTINF:{duration:.6},\n{}\n#EXT-X-ENDLIST\n",
        own.hls_name()
    )
}

/// When the first segment of the first track of video, or of audio, starts; in units of `own`.
fn start_of_media(presentation: &Presentation, own: &Representation) -> Option<u64> {
    let of = |kind| presentation.representations.iter().find(|other| other.kind == kind);
    let media = of(TrackKind::Video).or_else(|| of(TrackKind::Audio))?;
    let start = own.timescale.rescale(media.segments.first()?.start, media.timescale)?;
    let origin = own.timescale.rescale(media.presentation_time_offset, media.timescale)?;
    Some(start.saturating_add(own.presentation_time_offset).saturating_sub(origin))
}

/// The playlist of the pictures that segments begin with (4.4.3.6): each as long as its segment, read up to its last byte.
pub(super) fn key_pictures(own: &Representation, sizes: &[SegmentSize], options: &HlsOptions) -> String {
    let mut text = head(own, options, "#EXT-X-I-FRAMES-ONLY\n");
    for ((number, segment), size) in (1..).zip(&own.segments).zip(sizes) {
        entry(&mut text, seconds(segment.duration, own), number, Some(size.entry_bytes));
    }
    text.push_str("#EXT-X-ENDLIST\n");
    text
}

fn head(own: &Representation, options: &HlsOptions, kind: &str) -> String {
    let mut text = opening(&own.segments, own);
    text.push_str(kind);
    text.push_str(MAP);
    if let Some(encryption) = &own.encryption {
        for attributes in keys(encryption, options) {
            line(&mut text, format_args!("#EXT-X-KEY:{attributes}"));
        }
    }
    text
}

/// The lines that every playlist begins with.
fn opening(segments: &[SegmentTime], own: &Representation) -> String {
    let longest = segments.iter().map(|segment| segment.duration).max().unwrap_or(0);
    let target = longest.div_ceil(u64::from(own.timescale.hz()).max(1));
    format!("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{target}\n#EXT-X-PLAYLIST-TYPE:VOD\n")
}

fn entry(text: &mut String, seconds: f64, number: u32, entry_bytes: Option<u64>) {
    line(text, format_args!("#EXTINF:{seconds:.6},"));
    if let Some(bytes) = entry_bytes {
        line(text, format_args!("#EXT-X-BYTERANGE:{bytes}@0"));
    }
    line(text, format_args!("{number}.m4s"));
}

/// Seconds of `units`, as playlists state them: decimal, for people's clocks; segments themselves carry exact times.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a segment's duration is far below 2^53 units")]
pub(super) fn seconds(units: u64, own: &Representation) -> f64 {
    units as f64 / f64::from(own.timescale.hz())
}

/// Appends a line.
pub(super) fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    // Formatting into a String cannot fail.
    let _ = writeln!(text, "{content}");
}
