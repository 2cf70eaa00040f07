//! The encryption of a package: its scheme, the tracks it applies to, and the public parameters of its keys.

use serde::{Deserialize, Serialize};

use crate::cenc::{ConstantIv, ContentKey, KeyId, Mode, Pattern, Scheme, TrackEncryption};
use crate::track::TrackKind;

/// The encryption of a package. All of it is public; the keys are not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protection {
    /// The scheme.
    pub scheme: Scheme,
    /// The tracks that are encrypted.
    pub tracks: ProtectedTracks,
    /// The key of all tracks, or of video if audio has a separate key.
    pub key: KeyParameters,
    /// The separate key of audio.
    pub audio_key: Option<KeyParameters>,
}

/// The public parameters of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyParameters {
    /// `default_KID`.
    pub kid: KeyId,
    /// `default_constant_IV` with `cbcs`; the seed of all IVs with `cenc`.
    pub iv: ConstantIv,
}

impl KeyParameters {
    /// Derives the IV of `key`. `content` identifies the content: `cenc` must never use the same key and counter twice, so its
    /// IV depends on the content as well.
    #[must_use]
    pub fn derive(scheme: Scheme, key: &ContentKey, kid: KeyId, content: &[u8]) -> Self {
        let iv = match scheme {
            Scheme::Cbcs => ConstantIv::derive(key, &kid),
            Scheme::Cenc => ConstantIv::derive_for_content(key, &kid, content),
        };
        Self { kid, iv }
    }
}

impl Protection {
    /// Returns the encryption of a track, or `None` if the track stays clear. Text is never encrypted.
    #[must_use]
    pub fn of(&self, kind: TrackKind, track_id: u32) -> Option<TrackEncryption> {
        let (key, pattern) = match (kind, self.tracks) {
            (TrackKind::Video, _) => (self.key, Pattern::VIDEO),
            (TrackKind::Audio, ProtectedTracks::All) => (self.audio_key.unwrap_or(self.key), Pattern::FULL_SAMPLE),
            (TrackKind::Audio, ProtectedTracks::Video) | (TrackKind::Text, _) => return None,
        };
        let KeyParameters { kid, iv } = key;
        let mode = match self.scheme {
            Scheme::Cbcs => Mode::Cbcs { iv, pattern },
            Scheme::Cenc => Mode::Cenc { first_iv: iv.first_sample_iv(track_id) },
        };
        Some(TrackEncryption { kid, mode })
    }
}

/// The tracks that are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ProtectedTracks {
    /// Video only. Audio stays clear.
    Video,
    /// Video and audio.
    All,
}
