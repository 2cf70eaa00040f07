//! Channel configurations: the loudspeaker positions of audio channels.

use serde::{Deserialize, Serialize};

/// A channel configuration, as manifests signal it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChannelConfiguration {
    /// `ChannelConfiguration` of ISO/IEC 23091-3 (CICP).
    Cicp(u8),
    /// The channel map of E-AC-3 (ETSI TS 102 366 I.1.2.1), for configurations without a CICP value.
    Dolby(u16),
    /// The channel mask of AC-4 (ETSI TS 103 190-2 G.3.1), for configurations without a CICP value.
    Ac4(u32),
    /// `OutputChannelPosition`s of ISO/IEC 23091-3, for configurations without a CICP value: bit *n* is position *n*.
    Positions(u32),
}

/// `OutputChannelPosition`s, as bits.
pub(super) mod position {
    pub(crate) const L_R: u32 = 0b11;
    pub(crate) const C: u32 = 1 << 2;
    pub(crate) const LFE: u32 = 1 << 3;
    pub(crate) const LS_RS: u32 = 0b11 << 4;
    pub(crate) const LC_RC: u32 = 0b11 << 6;
    pub(crate) const LSR_RSR: u32 = 0b11 << 8;
    pub(crate) const CS: u32 = 1 << 10;
    pub(crate) const LFE2: u32 = 1 << 26;
}

/// Returns the number of channels of a `ChannelConfiguration` (ISO/IEC 23091-3 table 3), if it states one.
pub(super) fn channels_of_cicp(number: u8) -> Option<u16> {
    // 8 is two separate channels. Reserved numbers have none.
    const CHANNELS: [u16; 21] = [0, 1, 2, 3, 4, 5, 6, 8, 2, 3, 4, 7, 8, 24, 8, 12, 10, 12, 14, 12, 14];
    CHANNELS.get(usize::from(number)).copied().filter(|channels| *channels > 0)
}

impl ChannelConfiguration {
    /// Returns the configuration of this number of channels in Vorbis order, which Opus (RFC 7845 5.1.1.2) and FLAC
    /// (RFC 9639 9.1.3) use.
    pub(super) fn of_vorbis_order(channels: u8) -> Option<Self> {
        // 4, 7 and 8 channels are not the configurations 4, 7 and 8: they are quadraphonic, 6.1 and 7.1.
        const CONFIGURATIONS: [u8; 8] = [1, 2, 3, 10, 5, 6, 11, 12];
        CONFIGURATIONS.get(usize::from(channels).checked_sub(1)?).copied().map(Self::Cicp)
    }

    /// Returns the configuration of these positions: its CICP value (ISO/IEC 23091-3), or the positions if there is none.
    pub(super) fn of_positions(positions: u32) -> Self {
        use position::{C, CS, L_R, LC_RC, LFE, LS_RS, LSR_RSR};
        const CONFIGURATIONS: [(u32, u8); 11] = [
            (C, 1),
            (L_R, 2),
            (L_R | C, 3),
            (L_R | C | CS, 4),
            (L_R | C | LS_RS, 5),
            (L_R | C | LS_RS | LFE, 6),
            (L_R | C | LC_RC | LS_RS | LFE, 7),
            (L_R | CS, 9),
            (L_R | LS_RS, 10),
            (L_R | C | LS_RS | CS | LFE, 11),
            (L_R | C | LS_RS | LSR_RSR | LFE, 12),
        ];
        let known = CONFIGURATIONS.iter().find(|(known, _)| *known == positions);
        known.map_or(Self::Positions(positions), |(_, number)| Self::Cicp(*number))
    }

    /// Returns the configuration for mono or stereo. The number of channels does not determine the positions of more than two.
    pub(super) fn of_mono_or_stereo(channels: u16) -> Option<Self> {
        u8::try_from(channels).ok().filter(|channels| (1..=2).contains(channels)).map(Self::Cicp)
    }
}
