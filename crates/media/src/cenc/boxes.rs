//! The boxes of common encryption.

use std::ops::Range;

use super::subsample::{MAX_SUBSAMPLES, MAX_SUBSAMPLES_WITH_IV, Subsample, subsamples};
use super::{Mode, TrackEncryption};
use crate::Result;
use crate::isobmff::{BoxWriter, FourCc};

/// Flag of `senc`: subsample entries are listed.
const SENC_USES_SUBSAMPLES: u32 = 2;

/// `ProtectionSchemeInfoBox` (ISO/IEC 23001-7 4.2, ISO/IEC 14496-12 8.12.1) of a track whose entry was `original`.
pub(crate) fn sinf(w: &mut BoxWriter, original: FourCc, encryption: &TrackEncryption) {
    w.plain(b"sinf", |w| {
        w.plain(b"frma", |w| w.fourcc(original));
        w.full(b"schm", 0, 0, |w| {
            w.fourcc(encryption.scheme().fourcc());
            w.u32(0x0001_0000);
        });
        w.plain(b"schi", |w| tenc(w, encryption));
    });
}

/// `TrackEncryptionBox` (ISO/IEC 23001-7 8.2). For `cbcs` of version 1, audio as well: Safari refuses version 0.
fn tenc(w: &mut BoxWriter, encryption: &TrackEncryption) {
    let (version, pattern, per_sample_iv_size) = match encryption.mode {
        Mode::Cbcs { pattern, .. } => (1, (pattern.crypt << 4) | pattern.skip, 0),
        Mode::Cenc { .. } => (0, 0, 8),
    };
    w.full(b"tenc", version, 0, |w| {
        w.u8(0);
        w.u8(pattern);
        w.u8(1); // default_isProtected
        w.u8(per_sample_iv_size);
        w.raw(encryption.kid.as_bytes());
        if let Mode::Cbcs { iv, .. } = encryption.mode {
            w.u8(16); // default_constant_IV_size
            w.raw(iv.as_bytes());
        }
    });
}

/// The auxiliary information of a fragment's samples: `senc` (ISO/IEC 23001-7 7.2), and `saiz` and `saio` (ISO/IEC 14496-12
/// 8.7.8, 8.7.9) that lead to it.
#[derive(Debug, Default)]
pub(crate) struct SampleAuxiliaryInfo {
    /// For each sample, its IV if it has one of its own, and how many subsamples it has.
    samples: Vec<(Option<u64>, u16)>,
    /// The subsamples of all samples.
    entries: Vec<Subsample>,
}

impl SampleAuxiliaryInfo {
    /// Notes the next sample, of `size` bytes at `offset` in the file, of which `ranges` are encrypted with `iv`; a sample
    /// that is encrypted whole has none.
    ///
    /// # Errors
    /// See [`subsamples`].
    pub(crate) fn push(
        &mut self,
        iv: Option<u64>,
        ranges: Option<&mut Vec<Range<usize>>>,
        size: usize,
        offset: u64,
    ) -> Result<()> {
        let most = if iv.is_some() { MAX_SUBSAMPLES_WITH_IV } else { MAX_SUBSAMPLES };
        let count = ranges.map(|ranges| subsamples(size, ranges, offset, most, &mut self.entries)).transpose()?;
        self.samples.push((iv, count.unwrap_or(0)));
        Ok(())
    }

    /// Writes the boxes. `moof_start` is where the movie fragment began in `w`, from which `saio` counts.
    ///
    /// Samples that are encrypted whole under a constant IV have no auxiliary information. Then `senc` stands alone with
    /// their number: Bento4's decrypter takes a fragment without `senc` for a clear one, and players have failed on a `saiz`
    /// of nothing.
    pub(crate) fn write(&self, w: &mut BoxWriter, moof_start: usize) {
        let sample_count = u32::try_from(self.samples.len()).unwrap_or(u32::MAX);
        let with_subsamples = !self.entries.is_empty();
        let mut first_sample = 0;
        w.full(b"senc", 0, if with_subsamples { SENC_USES_SUBSAMPLES } else { 0 }, |w| {
            w.u32(sample_count);
            first_sample = w.position().saturating_sub(moof_start);
            let mut rest = self.entries.as_slice();
            for (iv, count) in &self.samples {
                if let Some(iv) = iv {
                    w.u64(*iv);
                }
                if with_subsamples {
                    w.u16(*count);
                }
                let (own, after) = rest.split_at_checked(usize::from(*count)).unwrap_or((rest, &[]));
                rest = after;
                for entry in own {
                    w.u16(entry.clear);
                    w.u32(entry.protected);
                }
            }
        });
        // `subsamples` has seen to it that this fits a byte.
        let size = |(iv, count): &(Option<u64>, u16)| {
            let entries = if with_subsamples { count.saturating_mul(6).saturating_add(2) } else { 0 };
            u8::try_from(entries.saturating_add(if iv.is_some() { 8 } else { 0 })).unwrap_or(u8::MAX)
        };
        let first = self.samples.first().map_or(0, size);
        if self.samples.iter().all(|sample| size(sample) == 0) {
            return;
        }
        let uniform = self.samples.iter().all(|sample| size(sample) == first);
        w.full(b"saiz", 0, 0, |w| {
            w.u8(if uniform { first } else { 0 });
            w.u32(sample_count);
            if !uniform {
                self.samples.iter().for_each(|sample| w.u8(size(sample)));
            }
        });
        w.full(b"saio", 0, 0, |w| {
            w.u32(1);
            w.u32(u32::try_from(first_sample).unwrap_or(u32::MAX));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_encrypted_whole_have_a_senc_of_their_number_alone() {
        let mut w = BoxWriter::new();
        SampleAuxiliaryInfo { samples: vec![(None, 0); 3], entries: vec![] }.write(&mut w, 0);
        assert_eq!(w.finish().unwrap(), b"\0\0\0\x10senc\0\0\0\0\0\0\0\x03");
    }

    #[test]
    fn saio_points_behind_the_sample_count_of_senc() {
        let mut w = BoxWriter::new();
        w.zeros(100);
        let entries = vec![Subsample { clear: 10, protected: 20 }, Subsample { clear: 5, protected: 0 }];
        SampleAuxiliaryInfo { samples: vec![(None, 2), (None, 0)], entries }.write(&mut w, 92);
        let bytes = w.finish().unwrap();
        let senc = &bytes[100..132];
        assert_eq!(senc[..16], [&[0, 0, 0, 32][..], b"senc", &[0, 0, 0, 2, 0, 0, 0, 2]].concat());
        assert_eq!(senc[16..], [0, 2, 0, 10, 0, 0, 0, 20, 0, 5, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bytes[132..151], [&[0, 0, 0, 19][..], b"saiz", &[0, 0, 0, 0, 0, 0, 0, 0, 2, 14, 2]].concat());
        assert_eq!(bytes[151..], [&[0, 0, 0, 20][..], b"saio", &[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 24]].concat());
    }

    #[test]
    fn samples_with_ivs_of_their_own_and_no_subsamples_have_eight_bytes_each() {
        let mut w = BoxWriter::new();
        SampleAuxiliaryInfo { samples: vec![(Some(7), 0), (Some(8), 0)], entries: vec![] }.write(&mut w, 0);
        let bytes = w.finish().unwrap();
        assert_eq!(bytes[8..32], [0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 8]);
        assert_eq!(bytes[36..49], *b"saiz\0\0\0\0\x08\0\0\0\x02");
    }
}
