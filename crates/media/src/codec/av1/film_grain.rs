//! Film grain (AV1 5.9.30): the end of the frame header. No later field depends on it.

use super::frame_reader::{FrameReader, FrameType};

impl FrameReader<'_, '_> {
    /// Skips `film_grain_params`.
    pub(super) fn film_grain_params(&mut self) -> Option<()> {
        let is_showable = self.show_frame || self.showable_frame;
        if !self.sequence_header.film_grain_params_present || !is_showable || !self.bits.flag()? {
            return Some(());
        }
        self.bits.skip(16)?; // grain_seed
        let update_grain = self.frame_type != FrameType::Inter || self.bits.flag()?;
        if !update_grain {
            return self.bits.skip(3); // film_grain_params_ref_idx
        }
        let color = self.sequence_header.color;
        let y_points = self.points()?;
        let chroma_scaling_from_luma = !color.mono_chrome && self.bits.flag()?;
        let is_420 = color.subsampling_x && color.subsampling_y;
        let (mut cb_points, mut cr_points) = (0, 0);
        if !(color.mono_chrome || chroma_scaling_from_luma || (is_420 && y_points == 0)) {
            (cb_points, cr_points) = (self.points()?, self.points()?);
        }
        self.bits.skip(2)?; // grain_scaling_minus_8
        let ar_coeff_lag = usize::from(self.bits.bits_u8(2)?);
        // numPosLuma, numPosChroma
        let luma_coefficients = ar_coeff_lag.checked_add(1)?.checked_mul(ar_coeff_lag)?.checked_mul(2)?;
        let mut chroma_coefficients = luma_coefficients;
        if y_points > 0 {
            self.bits.skip(luma_coefficients.checked_mul(8)?)?; // ar_coeffs_y_plus_128
            chroma_coefficients = luma_coefficients.checked_add(1)?;
        }
        for points in [cb_points, cr_points] {
            if chroma_scaling_from_luma || points > 0 {
                self.bits.skip(chroma_coefficients.checked_mul(8)?)?; // ar_coeffs_cb_plus_128, ar_coeffs_cr_plus_128
            }
        }
        self.bits.skip(4)?; // ar_coeff_shift_minus_6, grain_scale_shift
        for points in [cb_points, cr_points] {
            if points > 0 {
                self.bits.skip(25)?; // cb_mult, cb_luma_mult, cb_offset; cr_mult, cr_luma_mult, cr_offset
            }
        }
        self.bits.skip(2) // overlap_flag, clip_to_restricted_range
    }

    /// Skips the points of a scaling function. Returns their number.
    fn points(&mut self) -> Option<usize> {
        let points = usize::from(self.bits.bits_u8(4)?);
        self.bits.skip(points.checked_mul(16)?)?; // value and scaling of each
        Some(points)
    }
}
