//! Short-term reference picture sets (ITU-T H.265 7.3.7, 7.4.8).
//!
//! A set is written out, or predicted from another set by moving that one by a distance and taking pictures out. Slice headers
//! depend on how many pictures a set has and how many of them the slice refers to, so prediction is carried out in full.

use super::rbsp::CountingReader;

/// Pictures a set may have: no decoded picture buffer holds more (A.4.2).
const MAX_PICTURES: usize = 16;

/// The largest distance between pictures that can be written.
const MAX_DISTANCE: u32 = (1 << 15) - 1;

/// A picture of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reference {
    /// Picture order count less that of the current picture; not zero.
    distance: i32,
    /// Whether the current picture may refer to it.
    is_used: bool,
}

/// A short-term reference picture set: the pictures before the current one, nearest first, then those after it, nearest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ReferenceSet(Vec<Reference>);

impl ReferenceSet {
    /// Reads `st_ref_pic_set`, which comes after the sets `before` in a sequence parameter set, or behind all of them, in the
    /// header of a slice.
    pub(super) fn parse(bits: &mut CountingReader<'_>, before: &[Self], in_slice_header: bool) -> Option<Self> {
        if before.is_empty() || !bits.flag()? {
            return Self::written_out(bits);
        }
        let last = u32::try_from(before.len()).ok()?.checked_sub(1)?;
        let back = if in_slice_header { bits.ue(last)? } else { 0 };
        let of = before.get(usize::try_from(last.checked_sub(back)?).ok()?)?;
        Self::predicted(bits, of)
    }

    /// How many of its pictures the current picture may refer to.
    pub(super) fn used(&self) -> u32 {
        self.0.iter().map(|picture| u32::from(picture.is_used)).fold(0, u32::saturating_add)
    }

    fn written_out(bits: &mut CountingReader<'_>) -> Option<Self> {
        let most = u32::try_from(MAX_PICTURES).ok()?;
        let before = bits.ue(most)?;
        let after = bits.ue(most.checked_sub(before)?)?;
        let mut pictures = Vec::new();
        for (count, direction) in [(before, -1), (after, 1)] {
            let mut distance = 0_i32;
            for _ in 0..count {
                let step = i32::try_from(bits.ue(MAX_DISTANCE)?).ok()?.checked_add(1)?;
                distance = distance.checked_add(step.checked_mul(direction)?)?;
                pictures.push(Reference { distance, is_used: bits.flag()? });
            }
        }
        Some(Self(pictures))
    }

    /// `of` seen from a picture some way off (7-61, 7-62): each of its pictures, and the picture it belongs to, may be in.
    fn predicted(bits: &mut CountingReader<'_>, of: &Self) -> Option<Self> {
        let is_negative = bits.flag()?;
        let moved = i32::try_from(bits.ue(MAX_DISTANCE)?).ok()?.checked_add(1)?;
        let moved = if is_negative { moved.checked_neg()? } else { moved };
        let mut pictures = Vec::new();
        for distance in of.0.iter().map(|picture| picture.distance).chain([0]) {
            let is_used = bits.flag()?;
            let is_in = is_used || bits.flag()?;
            let distance = distance.checked_add(moved)?;
            if is_in && distance != 0 {
                pictures.push(Reference { distance, is_used });
            }
        }
        pictures.sort_by_key(|picture| (picture.distance > 0, picture.distance.unsigned_abs()));
        (pictures.len() <= MAX_PICTURES).then_some(Self(pictures))
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;

    fn set(pictures: &[(i32, bool)]) -> ReferenceSet {
        ReferenceSet(
            pictures.iter().map(|(distance, is_used)| Reference { distance: *distance, is_used: *is_used }).collect(),
        )
    }

    /// Reads a set from bits written as text; they must be all of it.
    fn parse(text: &str, before: &[ReferenceSet], in_slice_header: bool) -> Option<ReferenceSet> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
        let mut nal = vec![0xff];
        for byte in digits.chunks(8) {
            nal.push(byte.iter().enumerate().fold(0, |byte, (place, bit)| byte | bit << (7 - place)));
        }
        let mut bits = CountingReader::new(&nal, NonZeroUsize::MIN);
        let set = ReferenceSet::parse(&mut bits, before, in_slice_header)?;
        assert_eq!(bits.consumed, digits.len() as u64, "{text}");
        Some(set)
    }

    #[test]
    fn a_set_is_written_out_nearest_first() {
        // two before: 1 (used), then 2 more (not); one after: 4 (used)
        assert_eq!(parse("011 010 1 1 010 0 00100 1", &[], false).unwrap(), set(&[(-1, true), (-3, false), (4, true)]));
        assert_eq!(parse("1 1", &[], false).unwrap(), set(&[]));
        assert_eq!(set(&[(-1, true), (-3, false), (4, true)]).used(), 2);
    }

    #[test]
    fn a_predicted_set_is_the_other_one_moved() {
        let of = set(&[(-1, true), (-3, true), (2, true)]);
        // by -2: -3 (used), -5 (in, not used), 0 (not itself), and the other picture at -2 (used)
        let found = parse("1 1 010 1 01 1 1", std::slice::from_ref(&of), false).unwrap();
        assert_eq!(found, set(&[(-2, true), (-3, true), (-5, false)]));
        // by +2: 1, out, 4, and 2
        let found = parse("1 0 010 1 00 1 1", &[of], false).unwrap();
        assert_eq!(found, set(&[(1, true), (2, true), (4, true)]));
    }

    #[test]
    fn a_slice_header_says_which_set_it_predicts_from() {
        let sets = [set(&[(-4, true)]), set(&[(-1, true)])];
        assert_eq!(parse("1 010 1 1 1 1", &sets, true).unwrap(), set(&[(-1, true), (-5, true)]));
        assert_eq!(parse("1 011 1 1 1 1", &sets, true), None, "there are but two");
    }

    #[test]
    fn a_set_larger_than_any_buffer_does_not_parse() {
        assert_eq!(parse("000010010 1", &[], false), None, "17 before");
        assert_eq!(parse("000010001 010", &[], false), None, "16 before, 1 after");
    }
}
