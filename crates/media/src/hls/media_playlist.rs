//! Media playlists (RFC 8216bis 4.4.3, 4.4.4).

use super::keys::keys;
use super::options::HlsOptions;
use super::resource::{self, ByteRange, Resource};
use super::tags::{INDEPENDENT_SEGMENTS, push_line};
use crate::cmaf::{Layout, Representation, RepresentationId, SegmentTime, SizedRepresentation};

/// Returns the path in the package of the media playlist of a track.
pub(super) fn path(id: RepresentationId) -> String {
    id.path_of("media.m3u8")
}

/// Writes the playlist of all segments of a track.
pub(super) fn write(track: &SizedRepresentation<'_>, layout: Layout, options: &HlsOptions) -> String {
    let representation = track.representation;
    let tag = if representation.has_independent_segments() { INDEPENDENT_SEGMENTS } else { "" };
    let init = resource::init(representation, layout);
    write_playlist(
        representation,
        &representation.segments,
        tag,
        Some(&init),
        resource::segments(track, layout),
        options,
    )
}

/// Writes a playlist of `resources`, one for each of the `segments`, whose times may differ from those of the track.
pub(super) fn write_playlist(
    representation: &Representation,
    segments: &[SegmentTime],
    tag: &str,
    init: Option<&Resource>,
    resources: Vec<Resource>,
    options: &HlsOptions,
) -> String {
    let longest = segments.iter().map(|segment| segment.duration).max().unwrap_or(0);
    let target = longest.div_ceil(u64::from(representation.timescale.hz()).max(1));
    let mut text =
        format!("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{target}\n#EXT-X-PLAYLIST-TYPE:VOD\n{tag}");
    if let Some(init) = init {
        let range = init.range.as_ref();
        let range = range.map(|ByteRange { length, start }| format!(",BYTERANGE=\"{length}@{start}\""));
        push_line(&mut text, format_args!("#EXT-X-MAP:URI=\"{}\"{}", init.uri, range.unwrap_or_default()));
    }
    if let Some(encryption) = &representation.encryption {
        for attributes in keys(encryption, options) {
            push_line(&mut text, format_args!("#EXT-X-KEY:{attributes}"));
        }
    }
    for (segment, Resource { uri, range }) in segments.iter().zip(resources) {
        push_line(&mut text, format_args!("#EXTINF:{:.6},", seconds(segment.duration, representation)));
        if let Some(ByteRange { length, start }) = range {
            push_line(&mut text, format_args!("#EXT-X-BYTERANGE:{length}@{start}"));
        }
        push_line(&mut text, format_args!("{uri}"));
    }
    text.push_str("#EXT-X-ENDLIST\n");
    text
}

/// Converts `units` of a track to seconds, the decimal number that playlists state. The exact times are in the segments.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a segment's duration is far below 2^53 units")]
pub(super) fn seconds(units: u64, representation: &Representation) -> f64 {
    units as f64 / f64::from(representation.timescale.hz())
}
