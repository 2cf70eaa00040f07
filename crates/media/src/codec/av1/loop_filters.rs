//! Loop filter, constrained directional enhancement filter (CDEF) and loop restoration (AV1 5.9.11, 5.9.19, 5.9.20). No later
//! field depends on them.

use super::frame_reader::FrameReader;

impl FrameReader<'_, '_> {
    /// Skips `loop_filter_params`.
    pub(super) fn loop_filter_params(&mut self) -> Option<()> {
        if self.coded_lossless || self.allow_intrabc {
            return Some(());
        }
        let levels = (self.bits.bits(6)?, self.bits.bits(6)?);
        if self.sequence_header.planes() > 1 && levels != (0, 0) {
            self.bits.skip(12)?; // loop_filter_level 2 and 3
        }
        self.bits.skip(3)?; // loop_filter_sharpness
        let delta_enabled = self.bits.flag()?;
        if delta_enabled && self.bits.flag()? {
            // loop_filter_ref_deltas (eight), loop_filter_mode_deltas (two)
            for _ in 0..10 {
                if self.bits.flag()? {
                    self.bits.skip(7)?;
                }
            }
        }
        Some(())
    }

    /// Skips `cdef_params`.
    pub(super) fn cdef_params(&mut self) -> Option<()> {
        if self.coded_lossless || self.allow_intrabc || !self.sequence_header.enable_cdef {
            return Some(());
        }
        self.bits.skip(2)?; // cdef_damping_minus_3
        let strengths = 1_usize.checked_shl(self.bits.bits(2)?)?;
        // Primary and secondary strength, for luma and for chroma.
        let width = if self.sequence_header.planes() > 1 { 12 } else { 6 };
        self.bits.skip(strengths.checked_mul(width)?)
    }

    /// Skips `lr_params`.
    pub(super) fn lr_params(&mut self) -> Option<()> {
        let all_lossless = self.coded_lossless && self.size.width == self.size.upscaled_width;
        if all_lossless || self.allow_intrabc || !self.sequence_header.enable_restoration {
            return Some(());
        }
        let (mut uses_luma, mut uses_chroma) = (false, false);
        for plane in 0..self.sequence_header.planes() {
            let is_restored = self.bits.bits(2)? != 0;
            if plane == 0 { uses_luma = is_restored } else { uses_chroma |= is_restored }
        }
        if uses_luma || uses_chroma {
            let shifted = self.bits.flag()?; // lr_unit_shift
            if shifted && !self.sequence_header.use_128x128_superblock {
                self.bits.skip(1)?; // lr_unit_extra_shift
            }
            let color = self.sequence_header.color;
            if color.subsampling_x && color.subsampling_y && uses_chroma {
                self.bits.skip(1)?; // lr_uv_shift
            }
        }
        Some(())
    }
}
