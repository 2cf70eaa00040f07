//! A caller's request for a package.

use std::time::Duration;

use vpp_media::cenc::{Drm, Scheme};
use vpp_media::cmaf::{Layout, ProtectedTracks, UnsupportedTracks};

use crate::domain::id::{ContentId, Inputs};
use crate::domain::package_options::RequestedKeys;
use crate::domain::subtitles::SubtitleDescription;
use crate::domain::when::{RetentionDays, When};

/// The segment durations that a caller may request, in seconds.
pub const SEGMENT_SECONDS: std::ops::RangeInclusive<u64> = 1..=60;

/// A caller's request for a package.
#[derive(Debug)]
pub struct PackageRequest {
    /// The contents to package.
    pub inputs: Inputs,
    /// Whether and how to encrypt.
    pub protection: RequestedProtection,
    /// Target duration of segments; `None` for the platform's default.
    pub segment_duration: Option<Duration>,
    /// Whether to package the audio only.
    pub audio_only: bool,
    /// What to do about tracks that cannot be packaged.
    pub unsupported: UnsupportedTracks,
    /// The DRM systems to signal in the manifests.
    pub drm: Drm,
    /// How to arrange segments in files.
    pub layout: Layout,
    /// The subtitle files to add.
    pub subtitles: Vec<(ContentId, SubtitleDescription)>,
    /// When to make the segments.
    pub when: When,
    /// When a segment that was made on demand expires; `None` to keep it.
    pub retention: Option<RetentionDays>,
    /// The caller's idempotency key.
    pub idempotency_key: Option<String>,
}

/// Whether and how a caller wants a package encrypted.
#[derive(Debug)]
pub enum RequestedProtection {
    /// Not encrypted.
    Clear,
    /// Encrypted.
    Encrypt {
        /// The protection scheme.
        scheme: Scheme,
        /// Which tracks.
        tracks: ProtectedTracks,
        /// The caller's keys; `None` to have the platform generate one.
        keys: Option<RequestedKeys>,
    },
}
