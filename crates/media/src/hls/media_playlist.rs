//! Media playlists (RFC 8216bis 4.4.3, 4.4.4).

use super::keys::keys;
use super::options::HlsOptions;
use super::resource::{self, ByteRange, Resource};
use super::tags::{INDEPENDENT_SEGMENTS, push_line};
use crate::cmaf::{Layout, Presentation, Representation, RepresentationId, SegmentTime, SizedRepresentation};

/// Bytes by which most entries of a playlist are at most longer than the first one, whose numbers are small.
const MORE_DIGITS: usize = 8;

/// Returns the path in the package of the media playlist of a track.
pub(super) fn path(id: RepresentationId) -> String {
    id.path_of("media.m3u8")
}

/// Returns the target duration of all video and audio, in seconds: the longest segment, rounded up. Media playlists of one
/// multivariant playlist have one target duration, except those of subtitles and of key frames (RFC 8216bis 6.2.4).
pub(super) fn target_duration(presentation: &Presentation) -> u64 {
    let longest = |representation: &Representation| longest_seconds(representation, &representation.segments);
    presentation.main_media().map(longest).max().unwrap_or(0)
}

/// Returns the duration of the longest of the `segments`, in seconds, rounded up.
pub(super) fn longest_seconds(representation: &Representation, segments: &[SegmentTime]) -> u64 {
    let longest = segments.iter().map(|segment| segment.duration).max().unwrap_or(0);
    longest.div_ceil(u64::from(representation.timescale.hz()).max(1))
}

/// Writes the playlist of all segments of a track. `target` is the target duration of the presentation, in seconds, and
/// `start` the tag that states where players start, if any.
pub(super) fn write(
    track: &SizedRepresentation<'_>,
    target: u64,
    start: &str,
    layout: Layout,
    options: &HlsOptions,
) -> String {
    let representation = track.representation;
    // An alternative video may have longer segments.
    let target = target.max(longest_seconds(representation, &representation.segments));
    let independent = if representation.has_independent_segments() { INDEPENDENT_SEGMENTS } else { "" };
    let tags = format!("{start}{independent}");
    let init = resource::init(representation, layout);
    write_playlist(
        representation,
        &representation.segments,
        target,
        &tags,
        Some(&init),
        resource::segments(track, layout),
        options,
    )
}

/// Writes a playlist of `resources`, one for each of the `segments`, whose times may differ from those of the track. `target` is
/// the target duration, in seconds.
pub(super) fn write_playlist(
    representation: &Representation,
    segments: &[SegmentTime],
    target: u64,
    tag: &str,
    init: Option<&Resource>,
    resources: impl Iterator<Item = Resource>,
    options: &HlsOptions,
) -> String {
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
    for (index, (segment, Resource { uri, range })) in segments.iter().zip(resources).enumerate() {
        let start_of_entry = text.len();
        push_line(&mut text, format_args!("#EXTINF:{:.6},", seconds(segment.duration, representation)));
        if let Some(ByteRange { length, start }) = range {
            push_line(&mut text, format_args!("#EXT-X-BYTERANGE:{length}@{start}"));
        }
        push_line(&mut text, format_args!("{uri}"));
        if index == 0 {
            // Reserve room for all entries, so that a growing buffer does not copy a long playlist.
            let entry = text.len().saturating_sub(start_of_entry).saturating_add(MORE_DIGITS);
            text.reserve(segments.len().saturating_mul(entry));
        }
    }
    text.push_str("#EXT-X-ENDLIST\n");
    text
}

/// Converts `units` of a track to seconds, the decimal number that playlists state. The exact times are in the segments.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a segment's duration is far below 2^53 units")]
pub(super) fn seconds(units: u64, representation: &Representation) -> f64 {
    units as f64 / f64::from(representation.timescale.hz())
}
