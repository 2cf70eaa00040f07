//! Scaling lists, which SPS and PPS may have.

use crate::codec::rbsp_reader::RbspReader;

/// Skips `scaling_list_data` (ITU-T H.265 7.3.4).
pub(super) fn skip_scaling_list_data(bits: &mut RbspReader<'_>) -> Option<()> {
    /// Codes of one list, and the number of lists, by `sizeId`. The two larger sizes have `scaling_list_dc_coef_minus8` too.
    const SIZES: [(u32, u32); 4] = [(16, 6), (64, 6), (1 + 64, 6), (1 + 64, 2)];
    for (codes, matrices) in SIZES {
        for _ in 0..matrices {
            let scaling_list_pred_mode = bits.flag()?;
            // Coefficients, or scaling_list_pred_matrix_id_delta.
            bits.skip_codes(if scaling_list_pred_mode { codes } else { 1 })?;
        }
    }
    Some(())
}
