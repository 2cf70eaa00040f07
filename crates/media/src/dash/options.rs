//! The options of the manifest.

use crate::cenc::Drm;

/// The options of the manifest: what it states besides the presentation.
#[derive(Debug, Clone, Default)]
pub struct MpdOptions {
    /// The URL of `ClearKey` licences.
    pub licence_url: Option<String>,
    /// The DRM systems to signal besides `ClearKey`.
    pub drm: Drm,
}
