//! AC-3 and E-AC-3, with or without Dolby Atmos (ETSI TS 102 366 annex F, ETSI TS 103 420 C).
//!
//! The configuration boxes name the coding mode of the main channels; E-AC-3 adds those of dependent substreams. Together they
//! are a map of loudspeakers, which manifests show as a number of ISO/IEC 23091-3 where there is one, and as the map where not
//! (ETSI TS 102 366 table I.1.1). Atmos is E-AC-3 with joint object coding (JOC): a player that does not know it plays the
//! channels beneath.

use super::bits::Bits;
use super::sound::Sound;
use super::{AudioInfo, ChannelConfiguration, SampleEntry};
use crate::Result;
use crate::isobmff::BoxView;

/// Reads an `ac-3` entry with its `AC3SpecificBox` (F.4).
pub(super) fn ac3<'a>(entry: &BoxView<'a>) -> Result<SampleEntry<'a>> {
    let (sound, dac3) = Sound::configured(entry, b"dac3")?;
    let facts = ac3_facts(dac3.payload, sound.sample_rate).ok_or(dac3.malformed("it ends before its fields do"))?;
    Ok(SampleEntry::sound(entry.kind, "ac-3".to_owned(), facts, sound.body))
}

/// Reads an `ec-3` entry with its `EC3SpecificBox` (F.6).
pub(super) fn eac3<'a>(entry: &BoxView<'a>) -> Result<SampleEntry<'a>> {
    let (sound, dec3) = Sound::configured(entry, b"dec3")?;
    let facts = eac3_facts(dec3.payload, sound.sample_rate).ok_or(dec3.malformed("it ends before its fields do"))?;
    Ok(SampleEntry::sound(entry.kind, "ec-3".to_owned(), facts, sound.body))
}

fn ac3_facts(dac3: &[u8], stated_rate: u32) -> Option<AudioInfo> {
    let mut bits = Bits::new(dac3);
    let rate = sample_rate(bits.byte(2)?);
    bits.skip(8)?; // bsid, bsmod
    let speakers = Speakers::of_coding_mode(bits.byte(3)?, bits.flag()?);
    Some(speakers.facts(rate.unwrap_or(stated_rate), None))
}

fn eac3_facts(dec3: &[u8], stated_rate: u32) -> Option<AudioInfo> {
    let mut bits = Bits::new(dec3);
    bits.skip(13)?; // data_rate
    let further_substreams = bits.take(3)?;
    let mut first = None;
    for _ in 0..=further_substreams {
        let rate = sample_rate(bits.byte(2)?);
        bits.skip(10)?; // bsid, reserved, asvc, bsmod
        let mut speakers = Speakers::of_coding_mode(bits.byte(3)?, bits.flag()?);
        bits.skip(3)?;
        if bits.take(4)? > 0 {
            speakers.add_locations(bits.take(9)?);
        } else {
            bits.skip(1)?;
        }
        // Further independent substreams are further programmes: the first is the one that plays.
        first.get_or_insert((rate, speakers));
    }
    let (rate, speakers) = first?;
    Some(speakers.facts(rate.unwrap_or(stated_rate), joc_complexity(&mut bits)))
}

/// `complexity_index_type_a` of the extension that announces joint object coding (ETSI TS 103 420 C.3.2), if it is there.
fn joc_complexity(bits: &mut Bits<'_>) -> Option<u8> {
    bits.skip(7)?;
    bits.flag()?.then(|| bits.byte(8))?
}

/// `fscod`; the last value says that a half rate is named in the stream itself.
fn sample_rate(code: u8) -> Option<u32> {
    [48_000, 44_100, 32_000].get(usize::from(code)).copied()
}

/// The channel map of E-AC-3 (ETSI TS 102 366 E.1.3.1.8), from its most significant bit: L, C, R, Ls, Rs, Lc/Rc, Lrs/Rrs, Cs,
/// Ts, Lsd/Rsd, Lw/Rw, Lvh/Rvh, Cvh, Lts/Rts, LFE2, LFE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Speakers {
    map: u16,
    /// Coding mode 0: two programmes of one channel each.
    is_dual_mono: bool,
}

/// The bits that stand for a pair.
const PAIRS: u16 = 0x0400 | 0x0200 | 0x0040 | 0x0020 | 0x0010 | 0x0004;

impl Speakers {
    /// `acmod` and `lfeon`.
    fn of_coding_mode(acmod: u8, lfe: bool) -> Self {
        const MODES: [u16; 8] = [0xa000, 0x4000, 0xa000, 0xe000, 0xa100, 0xe100, 0xb800, 0xf800];
        let map = MODES.get(usize::from(acmod)).copied().unwrap_or_default();
        Self { map: map | u16::from(lfe), is_dual_mono: acmod == 0 && !lfe }
    }

    /// `chan_loc` (F.6.2.13): from its least significant bit Lc/Rc to Cvh, then LFE2.
    fn add_locations(&mut self, locations: u32) {
        let low = u16::try_from(locations & 0xff).unwrap_or_default();
        let lfe2 = if locations & 0x100 == 0 { 0 } else { 0x0002 };
        // Bit 0 stands for what is bit 10 of the map, bit 7 for its bit 3.
        self.map |= (low.reverse_bits() >> 5) | lfe2;
    }

    fn facts(self, sample_rate: u32, joc: Option<u8>) -> AudioInfo {
        let channels = self.map.count_ones().saturating_add((self.map & PAIRS).count_ones());
        let channels = u16::try_from(channels).unwrap_or(u16::MAX);
        AudioInfo { sample_rate, channels, channel_configuration: Some(self.layout()), joc_complexity: joc }
    }

    /// ETSI TS 102 366 table I.1.1.
    fn layout(self) -> ChannelConfiguration {
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
    fn ac3_says_its_rate_and_layout() {
        // 48 kHz, bsid 8, bsmod 0, acmod 7, LFE
        let facts = ac3_facts(&[0b0001_0000, 0b0011_1101, 0b1110_0000], 0).unwrap();
        assert_eq!(
            (facts.sample_rate, facts.channels, facts.channel_configuration),
            (48_000, 6, Some(ChannelConfiguration::Cicp(6)))
        );
        // 44.1 kHz, acmod 2
        let facts = ac3_facts(&[0b0101_0000, 0b0001_0001, 0b0010_0000], 0).unwrap();
        assert_eq!(
            (facts.sample_rate, facts.channels, facts.channel_configuration),
            (44_100, 2, Some(ChannelConfiguration::Cicp(2)))
        );
        assert_eq!(ac3_facts(&[0x10], 0), None);
    }

    #[test]
    fn a_low_frequency_channel_beside_stereo_has_no_number() {
        let facts = ac3_facts(&[0b0001_0000, 0b0001_0101, 0], 0).unwrap();
        assert_eq!((facts.channels, facts.channel_configuration), (3, Some(ChannelConfiguration::Dolby(0xa001))));
    }

    #[test]
    fn channels_of_dependent_substreams_are_counted() {
        // One independent substream of 5.1, one dependent with Lrs/Rrs: 7.1.
        let dec3 = [0b0001_1000, 0, 0b0010_0000, 0b0000_1111, 0b0000_0010, 0b0000_0010];
        let facts = eac3_facts(&dec3, 0).unwrap();
        assert_eq!(
            (facts.channels, facts.channel_configuration, facts.joc_complexity),
            (8, Some(ChannelConfiguration::Cicp(12)), None)
        );
    }

    #[test]
    fn atmos_is_what_the_extension_says() {
        let base = [0b0001_1000, 0, 0b0010_0000, 0b0000_1111, 0b0000_0000];
        let facts = |more: &[u8]| eac3_facts(&[&base[..], more].concat(), 0).unwrap();
        assert_eq!(
            (facts(&[]).joc_complexity, facts(&[]).channel_configuration),
            (None, Some(ChannelConfiguration::Cicp(6)))
        );
        assert_eq!(facts(&[0, 0]).joc_complexity, None);
        assert_eq!((facts(&[1, 16]).joc_complexity, facts(&[1, 16]).channels), (Some(16), 6));
    }
}
