//! Opus packets and their configuration (RFC 6716, RFC 7845).

use crate::isobmff::BoxWriter;

/// Samples per second of Opus, whatever the rate of its input.
pub(super) const SAMPLE_RATE: u32 = 48_000;

/// Returns the number of samples of a packet, at 48 kHz (RFC 6716 3.1, 3.2).
pub(super) fn packet_samples(packet: &[u8]) -> Option<u16> {
    let toc = *packet.first()?;
    let frame: u16 = match toc >> 3 {
        config @ 0..=11 => *[480_u16, 960, 1920, 2880].get(usize::from(config & 3))?,
        config @ 12..=15 => *[480_u16, 960].get(usize::from(config & 1))?,
        config => *[120_u16, 240, 480, 960].get(usize::from(config & 3))?,
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u16::from(*packet.get(1)? & 0x3f),
    };
    frame.checked_mul(frames)
}

/// Writes `dOps` ("Encapsulation of Opus in ISO Base Media File Format" 4.3.2) from the identification header that
/// `CodecPrivate` holds (RFC 7845 5.1). Returns `None` if there is no such header.
pub(super) fn write_dops(w: &mut BoxWriter, codec_private: &[u8]) -> Option<()> {
    let header = codec_private.strip_prefix(b"OpusHead")?;
    let (fixed, mapping) = header.split_first_chunk::<11>()?;
    let [_version, channels, skip_low, skip_high, r0, r1, r2, r3, gain_low, gain_high, family] = *fixed;
    w.plain(b"dOps", |w| {
        w.raw(&[0, channels, skip_high, skip_low, r3, r2, r1, r0, gain_high, gain_low, family]);
        if family != 0 {
            w.raw(mapping);
        }
    });
    Some(())
}

/// Returns the number of channels that the identification header states.
pub(super) fn channels(codec_private: &[u8]) -> Option<u16> {
    codec_private.strip_prefix(b"OpusHead")?.get(1).copied().map(u16::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6716 table 2, and the frame counts of its section 3.2.
    #[test]
    fn a_packet_states_its_duration() {
        let samples = |bytes: &[u8]| packet_samples(bytes);
        assert_eq!(samples(&[3 << 3]), Some(2880), "SILK, 60 ms");
        assert_eq!(samples(&[15 << 3]), Some(960), "hybrid, 20 ms");
        assert_eq!(samples(&[16 << 3]), Some(120), "CELT, 2.5 ms");
        assert_eq!(samples(&[(31 << 3) | 1]), Some(1920), "CELT, two frames of 20 ms");
        assert_eq!(samples(&[(31 << 3) | 3, 0x83]), Some(2880), "three frames");
        assert_eq!(samples(&[(31 << 3) | 3]), None);
        assert_eq!(samples(&[]), None);
    }
}
