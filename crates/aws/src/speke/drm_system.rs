//! The DRM systems that a key provider can signal.

use vpp_media::cenc::Scheme;

/// A DRM system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrmSystem {
    /// Google Widevine.
    Widevine,
    /// Microsoft PlayReady.
    PlayReady,
    /// Apple FairPlay Streaming, which supports `cbcs` only.
    FairPlay,
}

impl DrmSystem {
    /// The system of this name, in any case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Widevine, Self::PlayReady, Self::FairPlay]
            .into_iter()
            .find(|system| system.name().eq_ignore_ascii_case(name))
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Widevine => "Widevine",
            Self::PlayReady => "PlayReady",
            Self::FairPlay => "FairPlay",
        }
    }

    /// The `SystemID`, as DASH-IF registers it.
    pub(super) fn system_id(self) -> &'static str {
        match self {
            Self::Widevine => "edef8ba9-79d6-4ace-a3c8-27dcd51d21ed",
            Self::PlayReady => "9a04f079-9840-4286-ab92-e65be0885f95",
            Self::FairPlay => "94ce86fb-07ff-4f43-adb8-93d2fa968ca2",
        }
    }

    /// Whether the system can decrypt this scheme.
    pub(super) fn supports(self, scheme: Scheme) -> bool {
        self != Self::FairPlay || scheme == Scheme::Cbcs
    }
}
