//! How a package is to be made: protection, segment duration, layout, DRM systems, subtitles.

use std::time::Duration;

use vpp_media::cenc::{ContentKey, Drm, KeyId, Scheme};
use vpp_media::cmaf::{Layout, ProtectedTracks};

use crate::domain::subtitles::SubtitleFile;

/// How a content is to be packaged. Part of the package's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageOptions {
    /// Encrypted how, or clear.
    pub protection: ProtectionOptions,
    /// Length that segments are cut near.
    pub segment_duration: Duration,
    /// Whether only the sound is packaged, and video not asked for.
    pub audio_only: bool,
    /// The DRM systems that manifests name.
    pub drm: Drm,
    /// How segments are laid out in files.
    pub layout: Layout,
    /// The subtitle files beside the movie.
    pub subtitles: Vec<SubtitleFile>,
}

/// What is done to the media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProtectionOptions {
    /// Nothing: a clear stream.
    Clear,
    /// Encryption.
    Encrypt {
        /// The protection scheme.
        scheme: Scheme,
        /// Which tracks.
        tracks: ProtectedTracks,
    },
}

impl PackageOptions {
    /// These, and nothing else asked for.
    #[must_use]
    pub fn new(protection: ProtectionOptions, segment_duration: Duration) -> Self {
        let (drm, layout) = (Drm::default(), Layout::default());
        Self { protection, segment_duration, audio_only: false, drm, layout, subtitles: Vec::new() }
    }

    /// One text per set of options, to be hashed into ids. What is not asked for is not in it, so that a new option leaves
    /// the ids of older packages as they are.
    #[must_use]
    pub fn canonical(&self) -> String {
        let (scheme, tracks) = self.protection.names();
        let millis = self.segment_duration.as_millis();
        let mut text = format!("v1 scheme={scheme} encrypt={tracks} segment_ms={millis}");
        let Drm { widevine, playready, fairplay } = &self.drm;
        let asked = [
            self.audio_only.then(|| "audio_only=true".to_owned()),
            widevine.as_ref().map(|pssh| format!("widevine={pssh}")),
            playready.as_ref().map(|pssh| format!("playready={pssh}")),
            fairplay.as_ref().map(|uri| format!("fairplay={uri}")),
            (self.layout != Layout::default()).then(|| format!("layout={}", self.layout.name())),
        ];
        for option in asked.into_iter().flatten().chain(self.subtitles.iter().map(SubtitleFile::canonical)) {
            text.push(' ');
            text.push_str(&option);
        }
        text
    }
}

impl ProtectionOptions {
    /// The names of scheme and tracks as the API and the catalog spell them; a clear package encrypts `none`.
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

    /// Reads the two names.
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

/// The keys a caller asks for a package with, each under its id.
#[derive(Debug, Clone)]
pub struct RequestedKeys {
    /// Of all tracks, or of the video.
    pub key: (KeyId, ContentKey),
    /// Of the audio, where it is to have one of its own.
    pub audio_key: Option<(KeyId, ContentKey)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_treatment_reads_back_from_its_names() {
        for tracks in ["video", "all"] {
            let protection = ProtectionOptions::from_names("cbcs", tracks).unwrap();
            assert_eq!(protection.names(), ("cbcs", tracks));
        }
        assert_eq!(ProtectionOptions::from_names("clear", "none"), Some(ProtectionOptions::Clear));
        assert_eq!(ProtectionOptions::from_names("clear", "video"), None);
        assert_eq!(ProtectionOptions::from_names("cbc1", "video"), None);
    }
}
