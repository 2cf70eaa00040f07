//! Scaling lists (ITU-T H.265 7.3.4).

use crate::bit_writer::{BitWriter, Choices};

/// Writes `scaling_list_data`.
pub fn write_scaling_list_data(c: &mut Choices<'_>, w: &mut BitWriter) {
    for size in 0..4 {
        for matrix in (0..6).step_by(if size == 3 { 3 } else { 1 }) {
            if w.flag(c.one_in(4)) {
                if size > 1 {
                    w.se(8);
                }
                (0..64.min(1 << (4 + (size << 1)))).for_each(|_| w.se(0));
            } else {
                w.ue(if size == 3 { matrix / 3 } else { c.up_to(matrix) });
            }
        }
    }
}
