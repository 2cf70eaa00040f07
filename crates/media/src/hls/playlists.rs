//! All playlists of a presentation.

use super::options::HlsOptions;
use super::{key_frames, media_playlist, multivariant, start, subtitles};
use crate::Result;
use crate::cmaf::{Presentation, SegmentSizes};
use crate::track::TrackKind;

/// Path of the multivariant playlist in the package.
pub const MULTIVARIANT: &str = "stream.m3u8";

/// A playlist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Playlist {
    /// Path in the package.
    pub path: String,
    /// The text.
    pub text: String,
}

/// Writes all playlists, the multivariant one last.
///
/// # Errors
/// [`Error::BadPlan`](crate::Error::BadPlan) if the size of a segment is unknown,
/// [`Error::OutOfRange`](crate::Error::OutOfRange) if a bit rate does not fit.
pub fn playlists(presentation: &Presentation, sizes: &SegmentSizes, options: &HlsOptions) -> Result<Vec<Playlist>> {
    let tracks = sizes.of(presentation)?;
    let target = media_playlist::target_duration(presentation);
    let start = start::tag(presentation);
    let mut playlists = Vec::new();
    for track in &tracks {
        let (id, layout) = (track.representation.id, presentation.layout);
        let text = match track.representation.kind {
            TrackKind::Text => subtitles::track_playlist(presentation, track),
            TrackKind::Video | TrackKind::Audio => media_playlist::write(track, target, &start, layout, options),
        };
        playlists.push(Playlist { path: media_playlist::path(id), text });
        if track.representation.kind == TrackKind::Video && !track.representation.is_alternative {
            let text = key_frames::playlist(track, layout, options);
            playlists.push(Playlist { path: key_frames::path(id), text });
        }
    }
    for sidecar in &presentation.sidecars {
        let text = subtitles::sidecar_playlist(presentation, sidecar);
        playlists.push(Playlist { path: media_playlist::path(sidecar.id), text });
    }
    let text = multivariant::write(presentation, &tracks, target, options)?;
    playlists.push(Playlist { path: MULTIVARIANT.to_owned(), text });
    Ok(playlists)
}
