//! Which loudspeakers sound is made for.

use serde::{Deserialize, Serialize};

/// A channel layout, as manifests name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChannelConfiguration {
    /// `ChannelConfiguration` of ISO/IEC 23091-3 (CICP).
    Cicp(u8),
    /// The channel map of E-AC-3 (ETSI TS 102 366 I.1.2.1), where it has no such number.
    Dolby(u16),
}

impl ChannelConfiguration {
    /// The layout that a number of channels in Vorbis order stands for: Opus (RFC 7845 5.1.1.2) and FLAC (RFC 9639 9.1.3).
    pub(super) fn of_vorbis_order(channels: u8) -> Option<Self> {
        // Quadraphonic, 6.1 and 7.1 are not where AAC's numbering would have them.
        const LAYOUTS: [u8; 8] = [1, 2, 3, 10, 5, 6, 11, 12];
        LAYOUTS.get(usize::from(channels).checked_sub(1)?).copied().map(Self::Cicp)
    }

    /// Mono or stereo; more channels than two say nothing about where they belong.
    pub(super) fn of_few(channels: u16) -> Option<Self> {
        u8::try_from(channels).ok().filter(|channels| (1..=2).contains(channels)).map(Self::Cicp)
    }
}
