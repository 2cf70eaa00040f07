//! The DRM systems that a key provider can signal.

use vpp_media::cenc::{Scheme, SystemId};

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
    /// Returns the system with this name, ignoring case.
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

    /// Returns the `SystemID`, as DASH-IF registers it.
    pub(super) fn system_id(self) -> SystemId {
        match self {
            Self::Widevine => SystemId::WIDEVINE,
            Self::PlayReady => SystemId::PLAYREADY,
            Self::FairPlay => SystemId::FAIRPLAY,
        }
    }

    /// Returns whether the system can decrypt this scheme.
    pub(super) fn supports(self, scheme: Scheme) -> bool {
        self != Self::FairPlay || scheme == Scheme::Cbcs
    }
}
