//! AC-3 and E-AC-3, with or without Dolby Atmos (ETSI TS 102 366 annex F, ETSI TS 103 420 annex C).
//!
//! The configuration boxes state the coding mode of the main channels; E-AC-3 adds those of dependent substreams. Together they
//! are a channel map. Manifests signal it as a CICP value (ISO/IEC 23091-3) if there is one, and otherwise as the map
//! (ETSI TS 102 366 table I.1.1). Atmos is E-AC-3 with joint object coding (JOC): a player that does not support JOC plays the
//! channels.

use super::audio_sample_entry::AudioSampleEntry;
use super::bit_reader::BitReader;
use super::channel_configuration::ChannelConfiguration;
use super::frame_header::FrameHeader;
use super::sample_entry::SampleEntry;
use super::track_info::AudioInfo;
use crate::Result;
use crate::isobmff::BoxView;

/// Reads an `ac-3` entry with its `AC3SpecificBox` (F.4).
pub(super) fn ac3<'a>(entry: &BoxView<'a>) -> Result<SampleEntry<'a>> {
    let (audio, dac3) = AudioSampleEntry::configured(entry, b"dac3")?;
    let info = ac3_info(dac3.payload, audio.sample_rate).ok_or(dac3.malformed("it ends before its fields do"))?;
    Ok(SampleEntry::audio(entry.kind, "ac-3".to_owned(), info, audio.body))
}

/// Reads an `ec-3` entry with its `EC3SpecificBox` (F.6).
pub(super) fn eac3<'a>(entry: &BoxView<'a>) -> Result<SampleEntry<'a>> {
    let (audio, dec3) = AudioSampleEntry::configured(entry, b"dec3")?;
    let (rate, info) =
        eac3_info(dec3.payload, audio.sample_rate).ok_or(dec3.malformed("it ends before its fields do"))?;
    let entry = SampleEntry::audio(entry.kind, "ec-3".to_owned(), info, audio.body);
    Ok(if rate.is_none() { entry.completed_by(FrameHeader::Eac3) } else { entry })
}

/// Takes the sampling rate from the header of a frame (E.1.3.1), if it is one that the `EC3SpecificBox` cannot state.
pub(super) fn complete_eac3(entry: &mut SampleEntry<'_>, frame: &[u8]) {
    if let (Some(rate), Some(audio)) = (reduced_rate(frame), &mut entry.audio) {
        audio.sample_rate = rate;
    }
}

/// Parses the reduced sampling rate of an E-AC-3 frame: `fscod` is 3, and `fscod2` states it.
fn reduced_rate(frame: &[u8]) -> Option<u32> {
    const SYNC_WORD: u32 = 0x0b77;
    let mut bits = BitReader::new(frame);
    if bits.bits(16)? != SYNC_WORD {
        return None;
    }
    bits.skip(2 + 3 + 11)?; // strmtyp, substreamid, frmsiz
    if bits.bits(2)? != 3 {
        return None;
    }
    sample_rate(bits.bits_u8(2)?)?.checked_shr(1)
}

/// Parses an `AC3SpecificBox`. Streams of low rates have a `bsid` above 8: with 9 the rate is half that of `fscod`, with 10 a
/// quarter.
fn ac3_info(dac3: &[u8], rate_of_entry: u32) -> Option<AudioInfo> {
    let mut bits = BitReader::new(dac3);
    let (full_rate, bsid) = (sample_rate(bits.bits_u8(2)?), bits.bits(5)?);
    let halvings = match bsid {
        9 => 1,
        10 => 2,
        _ => 0,
    };
    let rate = full_rate.and_then(|rate| rate.checked_shr(halvings));
    bits.skip(3)?; // bsmod
    let channel_map = ChannelMap::of_coding_mode(bits.bits_u8(3)?, bits.flag()?);
    channel_map.audio_info(rate.unwrap_or(rate_of_entry), None)
}

/// Parses an `EC3SpecificBox`. The sampling rate comes first: `None` if only the frames state it.
fn eac3_info(dec3: &[u8], rate_of_entry: u32) -> Option<(Option<u32>, AudioInfo)> {
    let mut bits = BitReader::new(dec3);
    bits.skip(13)?; // data_rate
    let num_ind_sub = bits.bits(3)?;
    let mut first = None;
    for _ in 0..=num_ind_sub {
        let rate = sample_rate(bits.bits_u8(2)?);
        bits.skip(10)?; // bsid, reserved, asvc, bsmod
        let mut channel_map = ChannelMap::of_coding_mode(bits.bits_u8(3)?, bits.flag()?);
        bits.skip(3)?; // reserved
        let num_dep_sub = bits.bits(4)?;
        if num_dep_sub > 0 {
            channel_map.add_chan_loc(bits.bits(9)?);
        } else {
            bits.skip(1)?; // reserved
        }
        // Each independent substream is a programme. Players play the first.
        first.get_or_insert((rate, channel_map));
    }
    let (rate, channel_map) = first?;
    let info = channel_map.audio_info(rate.unwrap_or(rate_of_entry), joc_complexity(&mut bits))?;
    Some((rate, info))
}

/// Parses `complexity_index_type_a` of the extension that signals joint object coding (ETSI TS 103 420 C.3.2), if present.
fn joc_complexity(bits: &mut BitReader<'_>) -> Option<u8> {
    bits.skip(7)?; // reserved
    bits.flag()?.then(|| bits.bits_u8(8))?
}

/// Returns the sampling rate of an `fscod`. The last value signals a half rate, which only the bitstream states.
fn sample_rate(code: u8) -> Option<u32> {
    [48_000, 44_100, 32_000].get(usize::from(code)).copied()
}

/// The channel map of E-AC-3 (ETSI TS 102 366 E.1.3.1.8), from its most significant bit: L, C, R, Ls, Rs, Lc/Rc, Lrs/Rrs, Cs,
/// Ts, Lsd/Rsd, Lw/Rw, Lvh/Rvh, Cvh, Lts/Rts, LFE2, LFE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ChannelMap {
    map: u16,
    /// Whether `acmod` is 0: two programmes of one channel each.
    is_dual_mono: bool,
}

/// The bits that each represent a pair of channels.
const PAIRS: u16 = 0x0400 | 0x0200 | 0x0040 | 0x0020 | 0x0010 | 0x0004;

impl ChannelMap {
    /// Returns the channels of `acmod` and `lfeon`.
    fn of_coding_mode(acmod: u8, lfe: bool) -> Self {
        const MODES: [u16; 8] = [0xa000, 0x4000, 0xa000, 0xe000, 0xa100, 0xe100, 0xb800, 0xf800];
        let map = MODES.get(usize::from(acmod)).copied().unwrap_or_default();
        Self { map: map | u16::from(lfe), is_dual_mono: acmod == 0 && !lfe }
    }

    /// Adds the channels of `chan_loc` (F.6.2.13): from its least significant bit Lc/Rc to Cvh, then LFE2.
    fn add_chan_loc(&mut self, chan_loc: u32) {
        let [_, _, high, low] = chan_loc.to_be_bytes();
        let lfe2 = if high & 1 == 0 { 0 } else { 0x0002 };
        // Bit 0 is bit 10 of the map, bit 7 is bit 3.
        self.map |= (u16::from(low).reverse_bits() >> 5) | lfe2;
    }

    fn audio_info(self, sample_rate: u32, joc_complexity: Option<u8>) -> Option<AudioInfo> {
        let channels = self.map.count_ones().checked_add((self.map & PAIRS).count_ones())?;
        let channels = u16::try_from(channels).ok()?;
        let channel_configuration = Some(self.channel_configuration());
        Some(AudioInfo { channel_configuration, joc_complexity, ..AudioInfo::new(sample_rate, channels) })
    }

    /// Returns the CICP value of ETSI TS 102 366 table I.1.1, or the map if there is none.
    fn channel_configuration(self) -> ChannelConfiguration {
        let number = match self.map {
            _ if self.is_dual_mono => 8,
            0x4000 => 1,
            0xa000 => 2,
            0xe000 => 3,
            0xe100 => 4,
            0xf800 => 5,
            0xf801 => 6,
            0xf821 => 7,
            0xa100 => 9,
            0xb800 => 10,
            0xf901 => 11,
            0xfa01 => 12,
            0xf811 => 14,
            other => return ChannelConfiguration::Dolby(other),
        };
        ChannelConfiguration::Cicp(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ac3_has_a_rate_and_a_channel_configuration() {
        // 48 kHz, bsid 8, bsmod 0, acmod 7, LFE
        let info = ac3_info(&[0b0001_0000, 0b0011_1101, 0b1110_0000], 0).unwrap();
        assert_eq!(
            (info.sample_rate, info.channels, info.channel_configuration),
            (48_000, 6, Some(ChannelConfiguration::Cicp(6)))
        );
        // 44.1 kHz, acmod 2
        let info = ac3_info(&[0b0101_0000, 0b0001_0001, 0b0010_0000], 0).unwrap();
        assert_eq!(
            (info.sample_rate, info.channels, info.channel_configuration),
            (44_100, 2, Some(ChannelConfiguration::Cicp(2)))
        );
        assert_eq!(ac3_info(&[0x10], 0), None);
    }

    #[test]
    fn ac3_of_a_low_rate_has_a_higher_bsid() {
        // fscod 44.1 kHz, bsid 8 to 10, bsmod 0, acmod 1
        let rate = |bsid: u8| {
            let info = ac3_info(&[0b0100_0000 | bsid << 1, 0b0000_1000, 0], 0).unwrap();
            (info.sample_rate, info.channels)
        };
        assert_eq!([8, 9, 10].map(rate), [(44_100, 1), (22_050, 1), (11_025, 1)]);
    }

    #[test]
    fn stereo_with_a_low_frequency_channel_has_no_cicp_value() {
        let info = ac3_info(&[0b0001_0000, 0b0001_0101, 0], 0).unwrap();
        assert_eq!((info.channels, info.channel_configuration), (3, Some(ChannelConfiguration::Dolby(0xa001))));
    }

    #[test]
    fn channels_of_dependent_substreams_are_counted() {
        // One independent substream of 5.1, one dependent with Lrs/Rrs: 7.1.
        let dec3 = [0b0001_1000, 0, 0b0010_0000, 0b0000_1111, 0b0000_0010, 0b0000_0010];
        let (_, info) = eac3_info(&dec3, 0).unwrap();
        assert_eq!(
            (info.channels, info.channel_configuration, info.joc_complexity),
            (8, Some(ChannelConfiguration::Cicp(12)), None)
        );
    }

    #[test]
    fn the_extension_signals_atmos() {
        let base = [0b0001_1000, 0, 0b0010_0000, 0b0000_1111, 0b0000_0000];
        let info = |more: &[u8]| eac3_info(&[&base[..], more].concat(), 0).unwrap().1;
        assert_eq!(
            (info(&[]).joc_complexity, info(&[]).channel_configuration),
            (None, Some(ChannelConfiguration::Cicp(6)))
        );
        assert_eq!(info(&[0, 0]).joc_complexity, None);
        assert_eq!((info(&[1, 16]).joc_complexity, info(&[1, 16]).channels), (Some(16), 6));
    }

    #[test]
    fn only_frames_state_a_reduced_rate() {
        // fscod 3, bsid 16, bsmod 0, acmod 2
        let dec3 = [0, 0, 0b1110_0000, 0b0000_0100, 0];
        assert_eq!(eac3_info(&dec3, 48_000).map(|(rate, info)| (rate, info.sample_rate)), Some((None, 48_000)));
        // syncword; strmtyp, substreamid, frmsiz; fscod 3, fscod2 0 to 2 and the reserved 3; then fscod 0
        let rates = [0xc0, 0xd0, 0xe0, 0xf0, 0x30].map(|byte| reduced_rate(&[0x0b, 0x77, 0x00, 0x7f, byte]));
        assert_eq!(rates, [Some(24_000), Some(22_050), Some(16_000), None, None]);
        assert_eq!(reduced_rate(&[0x77, 0x0b, 0, 0x7f, 0xc0]), None);
    }
}
