//! Output order of frames, and the fields that are inferred from it (AV1 5.9.22, 7.8).

use super::frame_reader::FrameReader;
use super::reference_frames::{REFS_PER_FRAME, SLOTS};

// LAST_FRAME to ALTREF_FRAME, as indices of the references.
const LAST: usize = 0;
const LAST2: usize = 1;
const LAST3: usize = 2;
const GOLDEN: usize = 3;
const BWDREF: usize = 4;
const ALTREF2: usize = 5;
const ALTREF: usize = 6;

/// Returns how much later `a` is output than `b` (`get_relative_dist`). Order hints have `order_hint_bits` bits and wrap
/// around.
fn relative_dist(a: u32, b: u32, order_hint_bits: u32) -> i32 {
    let Some(half) = order_hint_bits.checked_sub(1).and_then(|shift| 1_i32.checked_shl(shift)) else { return 0 };
    let difference = a.cast_signed().wrapping_sub(b.cast_signed());
    (difference & half.wrapping_sub(1)).wrapping_sub(difference & half)
}

impl FrameReader<'_, '_> {
    /// Returns how much later the frame of each slot is output than this frame.
    fn distances(&self) -> [i32; SLOTS] {
        let bits = self.sequence_header.order_hint_bits;
        self.reference_frames.order_hints().map(|hint| relative_dist(hint, self.order_hint, bits))
    }

    /// Infers `ref_frame_idx` from two references: `set_frame_refs` (7.8).
    pub(super) fn set_frame_refs(
        &self,
        last_frame_idx: usize,
        gold_frame_idx: usize,
    ) -> Option<[usize; REFS_PER_FRAME]> {
        let distances = self.distances();
        let mut used = [false; SLOTS];
        *used.get_mut(last_frame_idx)? = true;
        *used.get_mut(gold_frame_idx)? = true;
        let mut chosen = [None; REFS_PER_FRAME];
        *chosen.get_mut(LAST)? = Some(last_frame_idx);
        *chosen.get_mut(GOLDEN)? = Some(gold_frame_idx);
        // Returns the unused slot that `better` prefers, among those output after this frame or among those output before it.
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
        for reference in [LAST2, LAST3, BWDREF, ALTREF2, ALTREF] {
            let slot = chosen.get_mut(reference)?;
            if slot.is_none() {
                *slot = pick(false, |new, found| new >= found);
            }
        }
        let (earliest, _) = distances.iter().enumerate().min_by_key(|(_, distance)| **distance)?;
        Some(chosen.map(|slot| slot.unwrap_or(earliest)))
    }

    /// Returns `skipModeAllowed` (5.9.22): whether the frame has references before and after it, or two before it.
    pub(super) fn skip_mode_allowed(&self) -> Option<bool> {
        if self.is_intra() || !self.reference_select || self.sequence_header.order_hint_bits == 0 {
            return Some(false);
        }
        let distances = self.distances();
        let ref_distances: Vec<i32> =
            self.ref_frame_idx.iter().map(|slot| distances.get(*slot).copied()).collect::<Option<_>>()?;
        let hints = self.reference_frames.order_hints();
        let before = self.ref_frame_idx.iter().zip(&ref_distances).filter(|(_, distance)| **distance < 0);
        let Some((forward, _)) = before.max_by_key(|(_, distance)| **distance) else { return Some(false) };
        if ref_distances.iter().any(|distance| *distance > 0) {
            return Some(true);
        }
        let (forward_hint, bits) = (*hints.get(*forward)?, self.sequence_header.order_hint_bits);
        let is_before =
            |slot: &usize| hints.get(*slot).is_some_and(|hint| relative_dist(*hint, forward_hint, bits) < 0);
        Some(self.ref_frame_idx.iter().any(is_before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_wrap_around() {
        assert_eq!(relative_dist(5, 3, 7), 2);
        assert_eq!(relative_dist(3, 5, 7), -2);
        assert_eq!(relative_dist(1, 127, 7), 2);
        assert_eq!(relative_dist(127, 1, 7), -2);
        assert_eq!(relative_dist(9, 1, 0), 0);
    }
}
