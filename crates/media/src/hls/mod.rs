//! HLS (RFC 8216bis): playlists over the same segments as the MPD.
//!
//! One multivariant playlist, one media playlist per track, and one of key pictures per video track for trick play. Their
//! URIs are relative, so that one token or one prefix covers them all. Of a single file, playlists name byte ranges.
//!
//! Subtitles are one group. What MP4 calls `wvtt` is listed as the text files that go with its segments, for players of HLS
//! read WebVTT as text alone; `stpp` is listed as its segments (IMSC1, RFC 8216bis 3.1.5).

mod keys;
mod media;
mod multivariant;
mod rate;
mod rendition;

use crate::Result;
use crate::cenc::Drm;
use crate::cmaf::{Presentation, SegmentSizes};
use crate::track::TrackKind;

/// Path of the multivariant playlist below the package.
pub const MULTIVARIANT: &str = "stream.m3u8";

/// The tag of playlists whose segments can each be decoded without another (RFC 8216bis 4.4.2.1): not those of open groups.
const INDEPENDENT_SEGMENTS: &str = "#EXT-X-INDEPENDENT-SEGMENTS\n";

/// What playlists may say beside what the presentation holds.
#[derive(Debug, Clone, Default)]
pub struct HlsOptions {
    /// The DRM systems to name, each by an `EXT-X-KEY`.
    pub drm: Drm,
    /// Where a player that may have the key itself fetches its sixteen bytes; `?kid=` and the key's id are added. Without it,
    /// and without DRM systems, the key is named by a URN and left to the player.
    pub key_url: Option<String>,
}

/// A playlist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Playlist {
    /// Its path below the package.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// Writes all playlists, the multivariant one last.
///
/// # Errors
/// [`Error::BadPlan`](crate::Error::BadPlan) when the size of a segment is not known.
pub fn playlists(presentation: &Presentation, sizes: &SegmentSizes, options: &HlsOptions) -> Result<Vec<Playlist>> {
    let sizes = sizes.known(presentation)?;
    let mut playlists = Vec::new();
    for (own, sizes) in presentation.representations.iter().zip(sizes) {
        let files = media::Files { layout: presentation.layout, sizes };
        let text = if own.kind == TrackKind::Text {
            media::subtitles(presentation, own, &files)
        } else {
            media::segments(own, &files, options)
        };
        playlists.push(Playlist { path: media::path(&own.name), text });
        if own.kind == TrackKind::Video {
            let text = media::key_pictures(own, &files, options);
            playlists.push(Playlist { path: media::key_pictures_path(&own.name), text });
        }
    }
    for own in &presentation.sidecars {
        playlists.push(Playlist { path: media::path(&own.name), text: media::sidecar(presentation, own) });
    }
    let text = multivariant::write(presentation, sizes, options);
    playlists.push(Playlist { path: MULTIVARIANT.to_owned(), text });
    Ok(playlists)
}
