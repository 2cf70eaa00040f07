//! Media playlists (RFC 8216bis 4.4.3, 4.4.4).

use std::fmt::Write;

use super::keys::keys;
use super::{HlsOptions, INDEPENDENT_SEGMENTS};
use crate::cmaf::{Representation, SegmentSize};

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
    let longest = own.segments.iter().map(|segment| segment.duration).max().unwrap_or(0);
    let target = longest.div_ceil(u64::from(own.timescale.hz()).max(1));
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{target}\n#EXT-X-PLAYLIST-TYPE:VOD\n{kind}\
         #EXT-X-MAP:URI=\"init.mp4\"\n"
    );
    if let Some(encryption) = &own.encryption {
        for attributes in keys(encryption, options) {
            line(&mut text, format_args!("#EXT-X-KEY:{attributes}"));
        }
    }
    text
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
