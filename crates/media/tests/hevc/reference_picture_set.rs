//! Short-term reference picture sets, written field by field (ITU-T H.265 7.3.7).

use crate::bit_writer::{BitWriter, Choices};

/// The greatest `sps_max_dec_pic_buffering_minus1`: pictures of a set, at most.
pub const MAX_PICTURES: usize = 15;

/// `st_ref_pic_set`: `DeltaPocS0` and `DeltaPocS1`, each with whether the current picture uses it (7.4.8).
#[derive(Debug, Default, Clone)]
pub struct ShortTermRefPicSet {
    pub before: Vec<(i32, bool)>,
    pub after: Vec<(i32, bool)>,
}

impl ShortTermRefPicSet {
    /// Number of pictures that the current picture uses.
    pub fn used_pics(&self) -> u32 {
        self.before.iter().chain(&self.after).filter(|(_, used)| *used).count() as u32
    }

    pub fn len(&self) -> usize {
        self.before.len() + self.after.len()
    }

    /// Writes `st_ref_pic_set`, and derives the set literally as the equations 7-61 and 7-62 do.
    pub fn write(c: &mut Choices<'_>, w: &mut BitWriter, preceding: &[Self], in_slice: bool) -> Self {
        if preceding.is_empty() || !w.flag(c.flag()) {
            let mut set = Self::default();
            let count = w.ue(c.up_to(8));
            let after = w.ue(c.up_to(7));
            for (count, direction, list) in [(count, -1, &mut set.before), (after, 1, &mut set.after)] {
                let mut distance = 0;
                for _ in 0..count {
                    distance += direction * (w.ue(c.up_to(40)) as i32 + 1);
                    list.push((distance, w.flag(c.flag())));
                }
            }
            return set;
        }
        let back = if in_slice { w.ue(c.up_to(preceding.len() as u32 - 1)) as usize } else { 0 };
        let reference = &preceding[preceding.len() - 1 - back];
        let negative = w.flag(c.flag());
        let abs_delta_rps = w.ue(c.up_to(20)) as i32 + 1;
        let delta_rps = if negative { -abs_delta_rps } else { abs_delta_rps };
        let flags: Vec<(bool, bool)> = (0..=reference.len())
            .map(|_| {
                // A set may not outgrow the decoded picture buffer.
                let used = w.flag(c.flag() && reference.len() < MAX_PICTURES);
                (used, used || w.flag(c.flag() && reference.len() < MAX_PICTURES))
            })
            .collect();
        let (negatives, all) = (reference.before.len(), reference.len());
        let mut set = Self::default();
        let add = |list: &mut Vec<(i32, bool)>, distance: i32, flag: usize| {
            if flags[flag].1 {
                list.push((distance, flags[flag].0));
            }
        };
        for (j, (distance, _)) in reference.after.iter().enumerate().rev().filter(|(_, (d, _))| d + delta_rps < 0) {
            add(&mut set.before, distance + delta_rps, negatives + j);
        }
        if delta_rps < 0 {
            add(&mut set.before, delta_rps, all);
        }
        for (j, (distance, _)) in reference.before.iter().enumerate().filter(|(_, (d, _))| d + delta_rps < 0) {
            add(&mut set.before, distance + delta_rps, j);
        }
        for (j, (distance, _)) in reference.before.iter().enumerate().rev().filter(|(_, (d, _))| d + delta_rps > 0) {
            add(&mut set.after, distance + delta_rps, j);
        }
        if delta_rps > 0 {
            add(&mut set.after, delta_rps, all);
        }
        for (j, (distance, _)) in reference.after.iter().enumerate().filter(|(_, (d, _))| d + delta_rps > 0) {
            add(&mut set.after, distance + delta_rps, negatives + j);
        }
        set
    }
}
