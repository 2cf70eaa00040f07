//! Sample auxiliary information of a fragment: `senc` (ISO/IEC 23001-7 7.2), and the `saiz` and `saio` boxes (ISO/IEC 14496-12
//! 8.7.8, 8.7.9) that locate it.

use std::ops::Range;

use super::subsamples::{MAX_SUBSAMPLES, MAX_SUBSAMPLES_WITH_IV, Subsample, subsamples};
use crate::Result;
use crate::isobmff::BoxWriter;

/// Flag of `senc`: it has subsample entries.
const SENC_USES_SUBSAMPLES: u32 = 2;

/// The auxiliary information of the samples of one fragment.
#[derive(Debug, Default)]
pub(crate) struct SampleAuxiliaryInfo {
    samples: Vec<SampleInfo>,
    /// The subsamples of all samples.
    subsamples: Vec<Subsample>,
}

#[derive(Debug, Clone, Copy)]
struct SampleInfo {
    /// `InitializationVector`, if it is not constant.
    iv: Option<u64>,
    /// `subsample_count`, at most [`MAX_SUBSAMPLES`], or [`MAX_SUBSAMPLES_WITH_IV`].
    subsamples: u8,
}

impl SampleInfo {
    /// Returns the size of the information in `senc`.
    #[expect(clippy::arithmetic_side_effects, reason = "2 + 42 * 6 and 2 + 40 * 6 + 8 fit a byte")]
    fn bytes(self, with_subsamples: bool) -> u8 {
        let iv = if self.iv.is_some() { 8 } else { 0 };
        if with_subsamples { 2 + self.subsamples * 6 + iv } else { iv }
    }
}

impl SampleAuxiliaryInfo {
    /// Returns the number of bytes of the boxes for `samples` samples: with an IV each or a constant one, and with `ranges`
    /// protected ranges each, or encrypted whole.
    pub(crate) fn expected_bytes(samples: u64, has_iv: bool, ranges: Option<u8>) -> u64 {
        const SENC: u64 = 16;
        const SAIZ: u64 = 17;
        const SAIO: u64 = 20;
        let max = if has_iv { MAX_SUBSAMPLES_WITH_IV } else { MAX_SUBSAMPLES };
        let sample = SampleInfo { iv: has_iv.then_some(0), subsamples: ranges.unwrap_or(0).min(max) };
        let bytes = sample.bytes(ranges.is_some());
        let listed = if bytes == 0 { samples } else { 0 };
        // A movie has less than 2^32 samples.
        let of_samples = samples.saturating_mul(bytes.into()).saturating_add(listed);
        of_samples.saturating_add(SENC + SAIZ + SAIO)
    }

    /// Adds the next sample, of `size` bytes at `offset` in the file: `ranges` of it are encrypted with `iv`. Without `ranges`,
    /// the whole sample is encrypted.
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
        let max = if iv.is_some() { MAX_SUBSAMPLES_WITH_IV } else { MAX_SUBSAMPLES };
        let count = ranges.map(|ranges| subsamples(size, ranges, offset, max, &mut self.subsamples)).transpose()?;
        self.samples.push(SampleInfo { iv, subsamples: count.unwrap_or(0) });
        Ok(())
    }

    /// Writes the boxes. `moof_start` is the position in `w` of the movie fragment, to which `saio` is relative.
    ///
    /// Samples that are encrypted whole with a constant IV have auxiliary information of zero bytes each. All three boxes are
    /// written for them too: a fragment with `senc` must have `saio` (ISO/IEC 23000-19 8.2.2.1), and Bento4's decrypter treats
    /// a fragment without `senc` as clear. `saiz` lists the zero of each sample: players compare its number of samples with
    /// that of the fragment, and fail on a `saiz` for no samples.
    pub(crate) fn write(&self, w: &mut BoxWriter, moof_start: usize) {
        let with_subsamples = !self.subsamples.is_empty();
        let mut first_sample = 0;
        w.full(b"senc", 0, if with_subsamples { SENC_USES_SUBSAMPLES } else { 0 }, |w| {
            w.u32_of(self.samples.len());
            first_sample = w.position();
            let mut rest = self.subsamples.as_slice();
            for sample in &self.samples {
                if let Some(iv) = sample.iv {
                    w.u64(iv);
                }
                if with_subsamples {
                    w.u16(u16::from(sample.subsamples));
                }
                let (subsamples, after) = rest.split_at_checked(usize::from(sample.subsamples)).unwrap_or((rest, &[]));
                rest = after;
                for subsample in subsamples {
                    w.u16(subsample.clear);
                    w.u32(subsample.protected);
                }
            }
        });
        let sizes = || self.samples.iter().map(|sample| sample.bytes(with_subsamples));
        let first = sizes().next().unwrap_or(0);
        // A default of zero means that the sizes are listed.
        let is_uniform = first > 0 && sizes().all(|size| size == first);
        w.full(b"saiz", 0, 0, |w| {
            w.u8(if is_uniform { first } else { 0 });
            w.u32_of(self.samples.len());
            if !is_uniform {
                sizes().for_each(|size| w.u8(size));
            }
        });
        w.full(b"saio", 0, 0, |w| {
            w.u32(1);
            // The fragment began before its senc.
            w.u32_of(first_sample.saturating_sub(moof_start));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(samples: &[(Option<u64>, u8)], subsamples: Vec<Subsample>) -> SampleAuxiliaryInfo {
        let sample = |(iv, subsamples): &(Option<u64>, u8)| SampleInfo { iv: *iv, subsamples: *subsamples };
        SampleAuxiliaryInfo { samples: samples.iter().map(sample).collect(), subsamples }
    }

    #[test]
    fn samples_encrypted_whole_with_a_constant_iv_have_listed_information_of_no_bytes() {
        let mut w = BoxWriter::new();
        info(&[(None, 0); 3], vec![]).write(&mut w, 0);
        let expected = [
            b"\0\0\0\x10senc\0\0\0\0\0\0\0\x03".as_slice(),
            b"\0\0\0\x14saiz\0\0\0\0\0\0\0\0\x03\0\0\0",
            b"\0\0\0\x14saio\0\0\0\0\0\0\0\x01\0\0\0\x10",
        ];
        assert_eq!(w.finish().unwrap(), expected.concat());
    }

    #[test]
    fn the_expected_size_is_that_of_the_boxes() {
        for (iv, ranges) in [(None, None), (Some(7), None), (None, Some(1)), (Some(7), Some(3)), (None, Some(200))] {
            let max = if iv.is_some() { MAX_SUBSAMPLES_WITH_IV } else { MAX_SUBSAMPLES };
            let count = ranges.unwrap_or(0).min(max);
            let subsamples = vec![Subsample { clear: 1, protected: 2 }; 5 * usize::from(count)];
            let mut w = BoxWriter::new();
            info(&[(iv, count); 5], subsamples).write(&mut w, 0);
            let written = w.finish().unwrap().len() as u64;
            assert_eq!(SampleAuxiliaryInfo::expected_bytes(5, iv.is_some(), ranges), written, "{iv:?} {ranges:?}");
        }
    }

    #[test]
    fn saio_points_after_the_sample_count_of_senc() {
        let mut w = BoxWriter::new();
        w.zeros(100);
        let subsamples = vec![Subsample { clear: 10, protected: 20 }, Subsample { clear: 5, protected: 0 }];
        info(&[(None, 2), (None, 0)], subsamples).write(&mut w, 92);
        let bytes = w.finish().unwrap();
        let senc = &bytes[100..132];
        assert_eq!(senc[..16], [&[0, 0, 0, 32][..], b"senc", &[0, 0, 0, 2, 0, 0, 0, 2]].concat());
        assert_eq!(senc[16..], [0, 2, 0, 10, 0, 0, 0, 20, 0, 5, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bytes[132..151], [&[0, 0, 0, 19][..], b"saiz", &[0, 0, 0, 0, 0, 0, 0, 0, 2, 14, 2]].concat());
        assert_eq!(bytes[151..], [&[0, 0, 0, 20][..], b"saio", &[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 24]].concat());
    }

    #[test]
    fn samples_with_an_iv_each_and_no_subsamples_have_eight_bytes_each() {
        let mut w = BoxWriter::new();
        info(&[(Some(7), 0), (Some(8), 0)], vec![]).write(&mut w, 0);
        let bytes = w.finish().unwrap();
        assert_eq!(bytes[8..32], [0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 8]);
        assert_eq!(bytes[36..49], *b"saiz\0\0\0\0\x08\0\0\0\x02");
    }
}
