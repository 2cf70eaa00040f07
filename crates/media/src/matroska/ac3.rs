//! The configuration boxes of AC-3 and E-AC-3 (ETSI TS 102 366 annex F), from the first frame: Matroska has none.

use crate::codec::BitReader;
use crate::isobmff::BoxWriter;

const SYNC_WORD: u32 = 0x0b77;

/// Writes `dac3` (F.4). Returns `None` if the frame does not begin with a header of AC-3 (4.3, 4.4.1, 4.4.2).
pub(super) fn write_dac3(w: &mut BoxWriter, frame: &[u8]) -> Option<()> {
    let mut bits = BitReader::new(frame);
    if bits.bits(16)? != SYNC_WORD {
        return None;
    }
    bits.skip(16)?; // crc1
    let (fscod, frmsizecod) = (bits.bits(2)?, bits.bits(6)?);
    let (bsid, bsmod, acmod) = (bits.bits(5)?, bits.bits(3)?, bits.bits(3)?);
    if bsid > 10 {
        return None;
    }
    if acmod & 1 != 0 && acmod != 1 {
        bits.skip(2)?; // cmixlev
    }
    if acmod & 4 != 0 {
        bits.skip(2)?; // surmixlev
    }
    if acmod == 2 {
        bits.skip(2)?; // dsurmod
    }
    let lfeon = bits.bits(1)?;
    let packed =
        (fscod << 22) | (bsid << 17) | (bsmod << 14) | (acmod << 11) | (lfeon << 10) | ((frmsizecod >> 1) << 5);
    let [_, bytes @ ..] = packed.to_be_bytes();
    w.plain(b"dac3", |w| w.raw(&bytes));
    Some(())
}

/// Number of samples of an E-AC-3 frame by `numblkscod`.
const SAMPLES: [u32; 4] = [256, 512, 768, 1536];

/// The sampling rates by `fscod`.
const RATES: [u32; 3] = [48_000, 44_100, 32_000];

/// The header of an E-AC-3 frame (ETSI TS 102 366 E.1.2.2).
struct Header {
    is_dependent: bool,
    bytes: u32,
    fscod: u32,
    rate: u32,
    samples: u32,
    acmod: u32,
    lfeon: u32,
    bsid: u32,
}

impl Header {
    fn parse(frame: &[u8]) -> Option<Self> {
        let mut bits = BitReader::new(frame);
        if bits.bits(16)? != SYNC_WORD {
            return None;
        }
        let (strmtyp, _substreamid, frmsiz) = (bits.bits(2)?, bits.bits(3)?, bits.bits(11)?);
        let (fscod, code) = (bits.bits(2)?, bits.bits(2)?);
        let (acmod, lfeon, bsid) = (bits.bits(3)?, bits.bits(1)?, bits.bits(5)?);
        let entry = |code: u32| usize::try_from(code).ok();
        // fscod 3: half of the rate that the next field names, in frames of six blocks.
        let (rate, samples) = if fscod == 3 {
            (RATES.get(entry(code)?)?.checked_div(2)?, *SAMPLES.last()?)
        } else {
            (*RATES.get(entry(fscod)?)?, *SAMPLES.get(entry(code)?)?)
        };
        let bytes = frmsiz.checked_add(1)?.checked_mul(2)?;
        (11..=16).contains(&bsid).then_some(Self {
            is_dependent: strmtyp == 1,
            bytes,
            fscod,
            rate,
            samples,
            acmod,
            lfeon,
            bsid,
        })
    }
}

/// Returns the number of samples of the E-AC-3 frame that starts with `head`.
pub(super) fn eac3_samples(head: &[u8]) -> Option<u32> {
    Header::parse(head).map(|header| header.samples)
}

/// Writes `dec3` (F.6) for one independent substream. Returns `None` if the frame does not begin with a header of E-AC-3.
pub(super) fn write_dec3(w: &mut BoxWriter, frame: &[u8]) -> Option<()> {
    let header = Header::parse(frame)?;
    if header.is_dependent {
        return None;
    }
    let bits_per_second = header.bytes.checked_mul(8)?.checked_mul(header.rate)?.checked_div(header.samples)?;
    let data_rate = bits_per_second.checked_div(1000)?.min(0x1fff);
    // num_ind_sub is 0. fscod, bsid, reserved, asvc, bsmod, acmod, lfeon, reserved, num_dep_sub, reserved
    let substream = (header.fscod << 22) | (header.bsid << 17) | (header.acmod << 9) | (header.lfeon << 8);
    let [_, substream @ ..] = substream.to_be_bytes();
    w.plain(b"dec3", |w| {
        w.u16(u16::try_from(data_rate << 3).unwrap_or(u16::MAX));
        w.raw(&substream);
    });
    Some(())
}
