//! The options of a package: protection, segment duration, layout, DRM systems, subtitles.

use std::time::Duration;

use vpp_media::cenc::{ContentKey, Drm, KeyId, Scheme};
use vpp_media::cmaf::{Layout, ProtectedTracks, UnsupportedTracks};

use crate::domain::subtitles::SubtitleFile;

/// The options of a package. They are part of the package's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageOptions {
    /// Whether and how the media is encrypted.
    pub protection: ProtectionOptions,
    /// Target duration of segments.
    pub segment_duration: Duration,
    /// Whether only the audio is packaged.
    pub audio_only: bool,
    /// What is done about tracks that cannot be packaged.
    pub unsupported: UnsupportedTracks,
    /// The DRM systems that the manifests signal.
    pub drm: Drm,
    /// How segments are arranged in files.
    pub layout: Layout,
    /// The sidecar subtitle files.
    pub subtitles: Vec<SubtitleFile>,
}

/// Whether and how the media is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProtectionOptions {
    /// Not encrypted.
    Clear,
    /// Encrypted.
    Encrypt {
        /// The protection scheme.
        scheme: Scheme,
        /// Which tracks.
        tracks: ProtectedTracks,
    },
}

impl PackageOptions {
    /// Returns options with these values and defaults for the rest.
    #[must_use]
    pub fn new(protection: ProtectionOptions, segment_duration: Duration) -> Self {
        Self {
            protection,
            segment_duration,
            audio_only: false,
            unsupported: UnsupportedTracks::default(),
            drm: Drm::default(),
            layout: Layout::default(),
            subtitles: Vec::new(),
        }
    }

    /// Returns the canonical text of the options, for hashing into ids. Defaults are omitted, so that a new option does not
    /// change the ids of existing packages.
    #[must_use]
    pub fn canonical(&self) -> String {
        let (scheme, tracks) = self.protection.names();
        let millis = self.segment_duration.as_millis();
        let mut text = format!("v1 scheme={scheme} encrypt={tracks} segment_ms={millis}");
        let Drm { widevine, playready, fairplay } = &self.drm;
        let requested = [
            self.audio_only.then(|| "audio_only=true".to_owned()),
            (self.unsupported != UnsupportedTracks::default())
                .then(|| format!("unsupported={}", self.unsupported.name())),
            widevine.as_ref().map(|pssh| format!("widevine={pssh}")),
            playready.as_ref().map(|pssh| format!("playready={pssh}")),
            fairplay.as_ref().map(|uri| format!("fairplay={uri}")),
            (self.layout != Layout::default()).then(|| format!("layout={}", self.layout.name())),
        ];
        for option in requested.into_iter().flatten().chain(self.subtitles.iter().map(SubtitleFile::canonical)) {
            text.push(' ');
            text.push_str(&option);
        }
        text
    }
}

impl ProtectionOptions {
    /// Returns the names of the scheme and the tracks in the API and the catalog. A clear package encrypts `none`.
    #[must_use]
    pub fn names(&self) -> (&'static str, &'static str) {
        match self {
            Self::Clear => ("clear", "none"),
            Self::Encrypt { scheme, tracks } => (
                scheme.name(),
                match tracks {
                    ProtectedTracks::Video => "video",
                    ProtectedTracks::All => "all",
                },
            ),
        }
    }

    /// Parses the two names.
    #[must_use]
    pub fn from_names(scheme: &str, tracks: &str) -> Option<Self> {
        let scheme = match scheme {
            "clear" => return (tracks == "none").then_some(Self::Clear),
            "cbcs" => Scheme::Cbcs,
            "cenc" => Scheme::Cenc,
            _ => return None,
        };
        let tracks = match tracks {
            "video" => ProtectedTracks::Video,
            "all" => ProtectedTracks::All,
            _ => return None,
        };
        Some(Self::Encrypt { scheme, tracks })
    }
}

/// A caller's content keys, each with its key id.
#[derive(Debug, Clone)]
pub struct RequestedKeys {
    /// The key of all tracks, or of the video.
    pub key: (KeyId, ContentKey),
    /// The key of the audio, when it has a separate one.
    pub audio_key: Option<(KeyId, ContentKey)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protection_options_parse_back_from_their_names() {
        for tracks in ["video", "all"] {
            let protection = ProtectionOptions::from_names("cbcs", tracks).unwrap();
            assert_eq!(protection.names(), ("cbcs", tracks));
        }
        assert_eq!(ProtectionOptions::from_names("clear", "none"), Some(ProtectionOptions::Clear));
        assert_eq!(ProtectionOptions::from_names("clear", "video"), None);
        assert_eq!(ProtectionOptions::from_names("cbc1", "video"), None);
    }
}
