//! Playlists of key frames, for trick play (RFC 8216bis 4.4.3.6).

use super::media_playlist::{longest_seconds, write_playlist};
use super::options::HlsOptions;
use super::rate::Rate;
use super::resource;
use crate::Result;
use crate::cmaf::{Layout, RepresentationId, SizedRepresentation};

/// Returns the path in the package of the playlist of key frames of a track.
pub(super) fn path(id: RepresentationId) -> String {
    id.path_of("iframes.m3u8")
}

/// Writes the playlist of the first frame of every segment. Each entry has the duration of its segment, and ends with the last
/// byte of the frame, or shortly after it where the sizes are planned.
pub(super) fn playlist(track: &SizedRepresentation<'_>, layout: Layout, options: &HlsOptions) -> String {
    let representation = track.representation;
    let init = resource::init(representation, layout);
    let entry_points = resource::entry_points(track, layout);
    write_playlist(
        representation,
        &representation.segments,
        longest_seconds(representation, &representation.segments),
        "#EXT-X-I-FRAMES-ONLY\n",
        Some(&init),
        entry_points,
        options,
    )
}

/// Returns the rate of the key frames of a track.
pub(super) fn rate(track: &SizedRepresentation<'_>) -> Result<Rate> {
    let representation = track.representation;
    let sizes = track.sizes.iter().map(|size| size.first_sample_end);
    let target = longest_seconds(representation, &representation.segments);
    Rate::of(representation, &representation.segments, sizes, target)
}
