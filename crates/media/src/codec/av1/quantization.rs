//! Quantization and segmentation, which determine whether a frame is lossless (AV1 5.9.12, 5.9.14, 5.9.17, 5.9.18).

use super::frame_reader::FrameReader;
use super::reference_frames::MAX_SEGMENTS;

/// `Segmentation_Feature_Bits`, with a bit for the sign if `Segmentation_Feature_Signed` (3). The first feature, which is
/// signed, is `SEG_LVL_ALT_Q`.
const FEATURE_BITS: [u32; 8] = [9, 7, 7, 7, 7, 3, 0, 0];

impl FrameReader<'_, '_> {
    /// Parses `quantization_params` to `delta_lf_params`.
    pub(super) fn quantization_params(&mut self) -> Option<()> {
        self.base_q_idx = self.bits.bits(8)?;
        let mut has_no_delta = self.delta_q()? == 0;
        if self.sequence_header.planes() > 1 {
            let diff_uv_delta = self.sequence_header.color.separate_uv_delta_q && self.bits.flag()?;
            for _ in 0..if diff_uv_delta { 4 } else { 2 } {
                has_no_delta &= self.delta_q()? == 0;
            }
        }
        let using_qmatrix = self.bits.flag()?;
        if using_qmatrix {
            // qm_y, qm_u, qm_v
            self.bits.skip(if self.sequence_header.color.separate_uv_delta_q { 12 } else { 8 })?;
        }
        self.segmentation_params()?;
        self.delta_params()?;
        // The quantizer index is clamped to 0 to 255, so it is 0 unless the sum is positive.
        let base_q_idx = i32::try_from(self.base_q_idx).ok()?;
        let mut sums = self.segment_quantizers.iter().map(|delta| base_q_idx.checked_add(delta.unwrap_or(0)));
        self.coded_lossless = has_no_delta && sums.all(|sum| sum.is_some_and(|sum| sum <= 0));
        Some(())
    }

    /// Parses `read_delta_q`.
    fn delta_q(&mut self) -> Option<i32> {
        let delta_coded = self.bits.flag()?;
        if delta_coded { self.bits.signed(7) } else { Some(0) }
    }

    /// Parses `segmentation_params`. Only the feature `SEG_LVL_ALT_Q` matters.
    fn segmentation_params(&mut self) -> Option<()> {
        let segmentation_enabled = self.bits.flag()?;
        if !segmentation_enabled {
            return Some(());
        }
        let mut update_data = true;
        if let Some(primary) = self.primary_slot {
            let update_map = self.bits.flag()?;
            if update_map {
                self.bits.skip(1)?; // segmentation_temporal_update
            }
            update_data = self.bits.flag()?;
            self.segment_quantizers = self.reference_frames.frame(primary)?.segment_quantizers;
        }
        if update_data {
            for segment in 0..MAX_SEGMENTS {
                let mut quantizer_delta = None;
                for (feature, width) in FEATURE_BITS.into_iter().enumerate() {
                    let feature_enabled = self.bits.flag()?;
                    if feature_enabled {
                        if feature == 0 {
                            quantizer_delta = Some(self.bits.signed(width)?);
                        } else {
                            self.bits.bits(width)?;
                        }
                    }
                }
                *self.segment_quantizers.get_mut(segment)? = quantizer_delta;
            }
        }
        Some(())
    }

    /// Parses `delta_q_params` and `delta_lf_params`.
    fn delta_params(&mut self) -> Option<()> {
        let delta_q_present = self.base_q_idx > 0 && self.bits.flag()?;
        if delta_q_present {
            self.bits.skip(2)?; // delta_q_res
            let delta_lf_present = !self.allow_intrabc && self.bits.flag()?;
            if delta_lf_present {
                self.bits.skip(3)?; // delta_lf_res, delta_lf_multi
            }
        }
        Some(())
    }
}
