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

/// Writes all playlists, the multivariant one last. Each text is written when it is taken: one of them may have many MiB.
///
/// # Errors
/// [`Error::BadPlan`](crate::Error::BadPlan) if the size of a segment is unknown,
/// [`Error::OutOfRange`](crate::Error::OutOfRange) if a bit rate does not fit.
pub fn playlists<'p>(
    presentation: &'p Presentation,
    sizes: &'p SegmentSizes,
    options: &'p HlsOptions,
) -> Result<impl Iterator<Item = Playlist> + 'p> {
    let tracks = sizes.of(presentation)?;
    let target = media_playlist::target_duration(presentation);
    let multivariant = multivariant::write(presentation, &tracks, target, options)?;
    let (start, layout) = (start::tag(presentation), presentation.layout);
    let media = tracks.clone().into_iter().map(move |track| {
        let text = match track.representation.kind {
            TrackKind::Text => subtitles::track_playlist(presentation, &track),
            TrackKind::Video | TrackKind::Audio => media_playlist::write(&track, target, &start, layout, options),
        };
        Playlist { path: media_playlist::path(track.representation.id), text }
    });
    let videos = tracks.into_iter().filter(|track| track.representation.kind == TrackKind::Video);
    let key_frames = videos.filter(|track| !track.representation.is_alternative).map(move |track| {
        let text = key_frames::playlist(&track, layout, options);
        Playlist { path: key_frames::path(track.representation.id), text }
    });
    let sidecars = presentation.sidecars.iter().map(move |sidecar| {
        let text = subtitles::sidecar_playlist(presentation, sidecar);
        Playlist { path: media_playlist::path(sidecar.id), text }
    });
    let multivariant = Playlist { path: MULTIVARIANT.to_owned(), text: multivariant };
    Ok(media.chain(key_frames).chain(sidecars).chain([multivariant]))
}
