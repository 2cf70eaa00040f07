//! Short-term reference picture sets (ITU-T H.265 7.3.7, 7.4.8).
//!
//! A set is coded explicitly, or predicted from another set by moving its pictures by a distance and removing some of them.
//! Slice headers depend on the number of pictures in a set and on how many of them the slice refers to, so prediction is
//! carried out in full.

use crate::codec::rbsp_reader::RbspReader;

/// Maximum number of pictures in a set: no decoded picture buffer holds more (A.4.2).
const MAX_PICTURES: usize = 16;

/// The greatest `delta_poc_s0_minus1`, `delta_poc_s1_minus1` and `abs_delta_rps_minus1`.
const MAX_DELTA_POC_MINUS1: u32 = (1 << 15) - 1;

/// A picture of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ReferencePicture {
    /// `DeltaPocS0` or `DeltaPocS1`: picture order count minus that of the current picture; not zero.
    delta_poc: i32,
    /// `UsedByCurrPicS0` or `UsedByCurrPicS1`: whether the current picture may refer to it.
    is_used: bool,
}

/// `st_ref_pic_set`: the pictures before the current one in output order, nearest first, then those after it, nearest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ShortTermRefPicSet(Vec<ReferencePicture>);

impl ShortTermRefPicSet {
    /// Parses an `st_ref_pic_set`. `preceding` are the sets that precede it in the SPS or, for a slice header, all sets of the
    /// SPS.
    pub(super) fn parse(bits: &mut RbspReader<'_>, preceding: &[Self], in_slice_header: bool) -> Option<Self> {
        let inter_ref_pic_set_prediction = !preceding.is_empty() && bits.flag()?;
        if !inter_ref_pic_set_prediction {
            return Self::explicit(bits);
        }
        let last = u32::try_from(preceding.len()).ok()?.checked_sub(1)?;
        let delta_idx_minus1 = if in_slice_header { bits.ue(last)? } else { 0 };
        let reference = preceding.get(usize::try_from(last.checked_sub(delta_idx_minus1)?).ok()?)?;
        Self::predicted(bits, reference)
    }

    /// Returns the number of its pictures that the current picture may refer to.
    pub(super) fn used_pics(&self) -> u32 {
        self.0.iter().map(|picture| u32::from(picture.is_used)).sum()
    }

    fn explicit(bits: &mut RbspReader<'_>) -> Option<Self> {
        let most = u32::try_from(MAX_PICTURES).ok()?;
        let num_negative_pics = bits.ue(most)?;
        let num_positive_pics = bits.ue(most.checked_sub(num_negative_pics)?)?;
        let mut pictures = Vec::new();
        for (count, direction) in [(num_negative_pics, -1), (num_positive_pics, 1)] {
            let mut delta_poc = 0_i32;
            for _ in 0..count {
                let step = i32::try_from(bits.ue(MAX_DELTA_POC_MINUS1)?).ok()?.checked_add(1)?;
                delta_poc = delta_poc.checked_add(step.checked_mul(direction)?)?;
                pictures.push(ReferencePicture { delta_poc, is_used: bits.flag()? });
            }
        }
        Some(Self(pictures))
    }

    /// Predicts a set from `reference` (7-61, 7-62): from its pictures, and the picture that it belongs to, all moved by
    /// `deltaRps`.
    fn predicted(bits: &mut RbspReader<'_>, reference: &Self) -> Option<Self> {
        let delta_rps_sign = bits.flag()?;
        let abs_delta_rps = i32::try_from(bits.ue(MAX_DELTA_POC_MINUS1)?).ok()?.checked_add(1)?;
        let delta_rps = if delta_rps_sign { abs_delta_rps.checked_neg()? } else { abs_delta_rps };
        let mut pictures = Vec::new();
        for delta_poc in reference.0.iter().map(|picture| picture.delta_poc).chain([0]) {
            let is_used = bits.flag()?;
            let use_delta = is_used || bits.flag()?;
            let delta_poc = delta_poc.checked_add(delta_rps)?;
            if use_delta && delta_poc != 0 {
                pictures.push(ReferencePicture { delta_poc, is_used });
            }
        }
        pictures.sort_by_key(|picture| (picture.delta_poc > 0, picture.delta_poc.unsigned_abs()));
        (pictures.len() <= MAX_PICTURES).then_some(Self(pictures))
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::codec::bit_reader::bytes_of_bits;

    fn set(pictures: &[(i32, bool)]) -> ShortTermRefPicSet {
        let pictures =
            pictures.iter().map(|(delta_poc, is_used)| ReferencePicture { delta_poc: *delta_poc, is_used: *is_used });
        ShortTermRefPicSet(pictures.collect())
    }

    /// Parses a set from a string of 0s and 1s, all of which must be read.
    fn parse(text: &str, preceding: &[ShortTermRefPicSet], in_slice_header: bool) -> Option<ShortTermRefPicSet> {
        let nal = [vec![0xff], bytes_of_bits(text)].concat();
        let mut bits = RbspReader::new(&nal, NonZeroUsize::MIN);
        let set = ShortTermRefPicSet::parse(&mut bits, preceding, in_slice_header)?;
        assert_eq!(bits.bits_read(), text.bytes().filter(u8::is_ascii_digit).count(), "{text}");
        Some(set)
    }

    #[test]
    fn an_explicit_set_is_coded_nearest_first() {
        // two before: -1 (used), -3 (not used); one after: 4 (used)
        assert_eq!(parse("011 010 1 1 010 0 00100 1", &[], false).unwrap(), set(&[(-1, true), (-3, false), (4, true)]));
        assert_eq!(parse("1 1", &[], false).unwrap(), set(&[]));
        assert_eq!(set(&[(-1, true), (-3, false), (4, true)]).used_pics(), 2);
    }

    #[test]
    fn a_predicted_set_is_the_reference_set_moved() {
        let reference = set(&[(-1, true), (-3, true), (2, true)]);
        // by -2: -3 (used), -5 (not used), 0 (the current picture, which is left out), and the reference's picture at -2 (used)
        let found = parse("1 1 010 1 01 1 1", std::slice::from_ref(&reference), false).unwrap();
        assert_eq!(found, set(&[(-2, true), (-3, true), (-5, false)]));
        // by +2: 1, -1 (removed), 4, and 2
        let found = parse("1 0 010 1 00 1 1", &[reference], false).unwrap();
        assert_eq!(found, set(&[(1, true), (2, true), (4, true)]));
    }

    #[test]
    fn a_slice_header_names_the_set_that_it_predicts_from() {
        let sets = [set(&[(-4, true)]), set(&[(-1, true)])];
        assert_eq!(parse("1 010 1 1 1 1", &sets, true).unwrap(), set(&[(-1, true), (-5, true)]));
        assert_eq!(parse("1 011 1 1 1 1", &sets, true), None, "there are only two");
    }

    #[test]
    fn a_set_larger_than_any_buffer_does_not_parse() {
        assert_eq!(parse("000010010 1", &[], false), None, "17 before");
        assert_eq!(parse("000010001 010", &[], false), None, "16 before, 1 after");
    }
}
