//! Channel configurations: the loudspeaker positions of audio channels.

use serde::{Deserialize, Serialize};

/// A channel configuration, as manifests signal it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChannelConfiguration {
    /// `ChannelConfiguration` of ISO/IEC 23091-3 (CICP).
    Cicp(u8),
    /// The channel map of E-AC-3 (ETSI TS 102 366 I.1.2.1), for configurations without a CICP value.
    Dolby(u16),
}

impl ChannelConfiguration {
    /// Returns the configuration of this number of channels in Vorbis order, which Opus (RFC 7845 5.1.1.2) and FLAC
    /// (RFC 9639 9.1.3) use.
    pub(super) fn of_vorbis_order(channels: u8) -> Option<Self> {
        // 4, 7 and 8 channels are not the configurations 4, 7 and 8: they are quadraphonic, 6.1 and 7.1.
        const CONFIGURATIONS: [u8; 8] = [1, 2, 3, 10, 5, 6, 11, 12];
        CONFIGURATIONS.get(usize::from(channels).checked_sub(1)?).copied().map(Self::Cicp)
    }

    /// Returns the configuration for mono or stereo. The number of channels does not determine the positions of more than two.
    pub(super) fn of_mono_or_stereo(channels: u16) -> Option<Self> {
        u8::try_from(channels).ok().filter(|channels| (1..=2).contains(channels)).map(Self::Cicp)
    }
}
