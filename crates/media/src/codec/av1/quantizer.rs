//! Quantization, segmentation, and what follows from them: whether a frame is lossless (AV1 5.9.12, 5.9.14, 5.9.17, 5.9.18).

use super::frame::FrameReader;
use super::reference::SEGMENTS;

/// `Segmentation_Feature_Bits`, with the bit of the sign where `Segmentation_Feature_Signed` (3). The first feature, which is
/// signed, changes the quantizer.
const FEATURES: [u32; 8] = [9, 7, 7, 7, 7, 3, 0, 0];

impl FrameReader<'_, '_> {
    /// From `quantization_params` to `delta_lf_params`.
    pub(super) fn quantization_params(&mut self) -> Option<()> {
        self.base_q_idx = self.bits.take(8)?;
        let mut is_flat = self.delta_q()? == 0;
        if self.sequence.planes() > 1 {
            let diff_uv_delta = self.sequence.color.separate_uv_delta_q && self.bits.flag()?;
            for _ in 0..if diff_uv_delta { 4 } else { 2 } {
                is_flat &= self.delta_q()? == 0;
            }
        }
        let using_qmatrix = self.bits.flag()?;
        if using_qmatrix {
            // qm_y, qm_u, qm_v
            self.bits.skip(if self.sequence.color.separate_uv_delta_q { 12 } else { 8 })?;
        }
        self.segmentation_params()?;
        self.delta_params()?;
        let base = i32::try_from(self.base_q_idx).ok()?;
        let mut indices =
            self.quantizer_deltas.iter().map(|delta| base.saturating_add(delta.unwrap_or(0)).clamp(0, 255));
        self.coded_lossless = is_flat && indices.all(|index| index == 0);
        Some(())
    }

    /// `read_delta_q`.
    fn delta_q(&mut self) -> Option<i32> {
        let is_coded = self.bits.flag()?;
        if is_coded { self.bits.signed(7) } else { Some(0) }
    }

    /// `segmentation_params`: of the features, those that change the quantizer are kept.
    fn segmentation_params(&mut self) -> Option<()> {
        if !self.bits.flag()? {
            return Some(());
        }
        let mut update_data = true;
        if let Some(primary) = self.primary_slot {
            let update_map = self.bits.flag()?;
            if update_map {
                self.bits.skip(1)?; // segmentation_temporal_update
            }
            update_data = self.bits.flag()?;
            self.quantizer_deltas = self.references.frame(primary)?.quantizer_deltas;
        }
        if update_data {
            for segment in 0..SEGMENTS {
                let mut quantizer_delta = None;
                for (feature, width) in FEATURES.into_iter().enumerate() {
                    if self.bits.flag()? {
                        if feature == 0 {
                            quantizer_delta = Some(self.bits.signed(width)?);
                        } else {
                            self.bits.take(width)?;
                        }
                    }
                }
                *self.quantizer_deltas.get_mut(segment)? = quantizer_delta;
            }
        }
        Some(())
    }

    /// `delta_q_params` and `delta_lf_params`.
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
