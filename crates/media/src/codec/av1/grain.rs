//! Film grain (AV1 5.9.30): the end of the header, and long; nothing of it is kept.

use super::frame::{FrameReader, FrameType};

impl FrameReader<'_, '_> {
    pub(super) fn film_grain_params(&mut self) -> Option<()> {
        let is_seen = self.show_frame || self.showable_frame;
        if !self.sequence.film_grain_params_present || !is_seen || !self.bits.flag()? {
            return Some(());
        }
        self.bits.skip(16)?; // grain_seed
        let update_grain = self.frame_type != FrameType::Inter || self.bits.flag()?;
        if !update_grain {
            return self.bits.skip(3); // film_grain_params_ref_idx
        }
        let color = self.sequence.color;
        let luma = self.points()?;
        let chroma_from_luma = !color.mono_chrome && self.bits.flag()?;
        let has_subsampling = color.subsampling_x && color.subsampling_y;
        let (mut blue, mut red) = (0, 0);
        if !(color.mono_chrome || chroma_from_luma || (has_subsampling && luma == 0)) {
            (blue, red) = (self.points()?, self.points()?);
        }
        self.bits.skip(2)?; // grain_scaling_minus_8
        let lag = usize::try_from(self.bits.take(2)?).ok()?;
        let coefficients = lag.saturating_mul(lag.saturating_add(1)).saturating_mul(2);
        let mut chroma = coefficients;
        if luma > 0 {
            self.bits.skip(coefficients.saturating_mul(8))?; // ar_coeffs_y_plus_128
            chroma = coefficients.saturating_add(1);
        }
        for points in [blue, red] {
            if chroma_from_luma || points > 0 {
                self.bits.skip(chroma.saturating_mul(8))?; // ar_coeffs_cb_plus_128, ar_coeffs_cr_plus_128
            }
        }
        self.bits.skip(4)?; // ar_coeff_shift_minus_6, grain_scale_shift
        for points in [blue, red] {
            if points > 0 {
                self.bits.skip(25)?; // cb_mult, cb_luma_mult, cb_offset, and so for red
            }
        }
        self.bits.skip(2) // overlap_flag, clip_to_restricted_range
    }

    /// A scaling function, by its points; how many there are.
    fn points(&mut self) -> Option<usize> {
        let points = usize::try_from(self.bits.take(4)?).ok()?;
        self.bits.skip(points.saturating_mul(16))?;
        Some(points)
    }
}
