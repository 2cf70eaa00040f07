//! The order in which frames are shown, and what is inferred from it (AV1 5.9.22, 7.8).

use super::frame::FrameReader;
use super::reference::{REFERENCES, SLOTS};

/// `LAST_FRAME` and the like, as positions among the references.
const LAST: usize = 0;
const LAST2: usize = 1;
const LAST3: usize = 2;
const GOLDEN: usize = 3;
const BWDREF: usize = 4;
const ALTREF2: usize = 5;
const ALTREF: usize = 6;

/// `get_relative_dist`: how much later `a` is shown than `b`, of hints that are counted in `bits` bits and wrap around.
fn relative_distance(a: u32, b: u32, bits: u32) -> i32 {
    let Some(half) = bits.checked_sub(1).and_then(|shift| 1_i32.checked_shl(shift)) else { return 0 };
    let difference = a.cast_signed().wrapping_sub(b.cast_signed());
    (difference & half.wrapping_sub(1)).wrapping_sub(difference & half)
}

impl FrameReader<'_, '_> {
    /// How much later than this frame each slot's is shown.
    fn distances(&self) -> [i32; SLOTS] {
        let bits = self.sequence.order_hint_bits;
        self.references.order_hints().map(|hint| relative_distance(hint, self.order_hint, bits))
    }

    /// `set_frame_refs` (7.8): the references that follow from two of them.
    pub(super) fn set_frame_refs(&self, last: usize, gold: usize) -> Option<[usize; REFERENCES]> {
        let distances = self.distances();
        let mut used = [false; SLOTS];
        *used.get_mut(last)? = true;
        *used.get_mut(gold)? = true;
        let mut chosen = [None; REFERENCES];
        *chosen.get_mut(LAST)? = Some(last);
        *chosen.get_mut(GOLDEN)? = Some(gold);
        // The unused slot that `better` prefers, of those shown after this frame or before it.
        let mut pick = |later: bool, better: fn(i32, i32) -> bool| {
            let mut best: Option<(usize, i32)> = None;
            for (slot, (distance, used)) in distances.iter().zip(used).enumerate() {
                if !used && (*distance >= 0) == later && best.is_none_or(|(_, found)| better(*distance, found)) {
                    best = Some((slot, *distance));
                }
            }
            let (slot, _) = best?;
            *used.get_mut(slot)? = true;
            Some(slot)
        };
        *chosen.get_mut(ALTREF)? = pick(true, |new, found| new >= found);
        *chosen.get_mut(BWDREF)? = pick(true, |new, found| new < found);
        *chosen.get_mut(ALTREF2)? = pick(true, |new, found| new < found);
        for position in [LAST2, LAST3, BWDREF, ALTREF2, ALTREF] {
            let own = chosen.get_mut(position)?;
            if own.is_none() {
                *own = pick(false, |new, found| new >= found);
            }
        }
        let (earliest, _) = distances.iter().enumerate().min_by_key(|(_, distance)| **distance)?;
        Some(chosen.map(|slot| slot.unwrap_or(earliest)))
    }

    /// `skipModeAllowed` (5.9.22): whether there are two references to skip to, the nearest before this frame and the nearest
    /// after it, or the two nearest before it.
    pub(super) fn skip_mode_allowed(&self) -> Option<bool> {
        if self.is_intra() || !self.reference_select || self.sequence.order_hint_bits == 0 {
            return Some(false);
        }
        let distances = self.distances();
        let referred: Vec<i32> =
            self.ref_frame_idx.iter().map(|slot| distances.get(*slot).copied()).collect::<Option<_>>()?;
        let hints = self.references.order_hints();
        let nearest = self.ref_frame_idx.iter().zip(&referred).filter(|(_, distance)| **distance < 0);
        let Some((nearest, _)) = nearest.max_by_key(|(_, distance)| **distance) else { return Some(false) };
        if referred.iter().any(|distance| *distance > 0) {
            return Some(true);
        }
        let (nearest, bits) = (*hints.get(*nearest)?, self.sequence.order_hint_bits);
        let before = |slot: &usize| hints.get(*slot).is_some_and(|hint| relative_distance(*hint, nearest, bits) < 0);
        Some(self.ref_frame_idx.iter().any(before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_wrap_around() {
        assert_eq!(relative_distance(5, 3, 7), 2);
        assert_eq!(relative_distance(3, 5, 7), -2);
        assert_eq!(relative_distance(1, 127, 7), 2);
        assert_eq!(relative_distance(127, 1, 7), -2);
        assert_eq!(relative_distance(9, 1, 0), 0);
    }
}
