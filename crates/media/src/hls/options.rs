//! The options of the playlists.

use crate::cenc::Drm;

/// The options of the playlists: what they state besides the presentation.
#[derive(Debug, Clone, Default)]
pub struct HlsOptions {
    /// The DRM systems to signal, each by an `EXT-X-KEY`.
    pub drm: Drm,
    /// The URL at which an authorised player fetches the sixteen bytes of the key. `?kid=` and the id of the key are appended.
    /// Without it, and without DRM systems, playlists identify the key by a URN, and the player must get it elsewhere.
    pub key_url: Option<String>,
}
