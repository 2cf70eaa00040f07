//! Global motion (AV1 5.9.24 to 5.9.29): parameters coded as differences from those of the primary reference frame.

use super::frame_reader::FrameReader;
use super::reference_frames::{NO_MOTION, REFS_PER_FRAME};

/// `WARPEDMODEL_PREC_BITS`.
const WARPEDMODEL_PREC_BITS: u32 = 16;

/// `gm_type`, in the order of increasing numbers of parameters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Model {
    Identity,
    Translation,
    RotZoom,
    Affine,
}

impl FrameReader<'_, '_> {
    /// Parses `global_motion_params`.
    pub(super) fn global_motion_params(&mut self) -> Option<()> {
        if self.is_intra() {
            return Some(());
        }
        let prev_gm_params = match self.primary_slot {
            Some(slot) => self.reference_frames.frame(slot)?.global_motion,
            None => NO_MOTION,
        };
        for reference in 0..REFS_PER_FRAME {
            let model = self.model()?;
            let prev = prev_gm_params.get(reference)?;
            let [mut across, mut down, mut matrix @ ..] = *NO_MOTION.get(reference)?;
            if model >= Model::RotZoom {
                let (scale, rotation) = (parameter(self, model, 2, prev)?, parameter(self, model, 3, prev)?);
                matrix = [scale, rotation, rotation.checked_neg()?, scale];
                if model == Model::Affine {
                    matrix = [scale, rotation, parameter(self, model, 4, prev)?, parameter(self, model, 5, prev)?];
                }
            }
            if model >= Model::Translation {
                across = parameter(self, model, 0, prev)?;
                down = parameter(self, model, 1, prev)?;
            }
            let [param_2, param_3, param_4, param_5] = matrix;
            *self.global_motion.get_mut(reference)? = [across, down, param_2, param_3, param_4, param_5];
        }
        Some(())
    }

    /// Parses `is_global`, `is_rot_zoom` and `is_translation`.
    fn model(&mut self) -> Option<Model> {
        let is_global = self.bits.flag()?;
        if !is_global {
            return Some(Model::Identity);
        }
        let is_rot_zoom = self.bits.flag()?;
        if is_rot_zoom {
            return Some(Model::RotZoom);
        }
        let is_translation = self.bits.flag()?;
        Some(if is_translation { Model::Translation } else { Model::Affine })
    }

    /// Parses `decode_signed_subexp_with_ref`: a value from `-most` to `most`.
    fn signed_subexp_with_ref(&mut self, most: i32, reference: i32) -> Option<i32> {
        let symbols = most.checked_mul(2)?.checked_add(1)?;
        let reference = reference.checked_add(most)?;
        let value = self.subexp(symbols)?;
        let unsigned = if reference.checked_mul(2)? <= symbols {
            inverse_recenter(reference, value)?
        } else {
            let last = symbols.checked_sub(1)?;
            last.checked_sub(inverse_recenter(last.checked_sub(reference)?, value)?)?
        };
        unsigned.checked_sub(most)
    }

    /// Parses `decode_subexp`: ranges of values, each twice as wide as the one before.
    fn subexp(&mut self, symbols: i32) -> Option<i32> {
        let (mut start, mut width) = (0_i32, 3_u32);
        let mut is_first = true;
        loop {
            let range = 1_i32.checked_shl(width)?;
            let rest = symbols.checked_sub(start)?;
            if rest <= range.checked_mul(3)? {
                let last = self.bits.non_symmetric(u32::try_from(rest).ok()?)?;
                return start.checked_add(i32::try_from(last).ok()?);
            }
            let subexp_more_bits = self.bits.flag()?;
            if !subexp_more_bits {
                return start.checked_add(i32::try_from(self.bits.bits(width)?).ok()?);
            }
            start = start.checked_add(range)?;
            // The first two ranges have the same width.
            width = if is_first { width } else { width.checked_add(1)? };
            is_first = false;
        }
    }
}

/// Parses `read_global_param`.
fn parameter(header: &mut FrameReader<'_, '_>, model: Model, index: usize, prev: &[i32; 6]) -> Option<i32> {
    // absBits and precBits: GM_ABS_TRANS_ONLY_BITS and GM_TRANS_ONLY_PREC_BITS, GM_ABS_TRANS_BITS and GM_TRANS_PREC_BITS,
    // GM_ABS_ALPHA_BITS and GM_ALPHA_PREC_BITS.
    let (abs_bits, prec_bits) = match (index, model) {
        (0 | 1, Model::Translation) if header.allow_high_precision_mv => (9, 3),
        (0 | 1, Model::Translation) => (8, 2),
        (0 | 1, _) => (12, 6),
        _ => (12, 15),
    };
    let shift = WARPEDMODEL_PREC_BITS.checked_sub(prec_bits)?;
    // The diagonal of the matrix is coded minus one.
    let round = if matches!(index, 2 | 5) { 1_i32 << WARPEDMODEL_PREC_BITS } else { 0 };
    let most = 1_i32.checked_shl(abs_bits)?;
    let reference = prev.get(index)?.checked_sub(round)?.checked_shr(shift)?;
    let value = header.signed_subexp_with_ref(most, reference)?;
    value.checked_shl(shift)?.checked_add(round)
}

/// Decodes a value that is numbered by its distance from `reference` (`inverse_recenter`).
fn inverse_recenter(reference: i32, value: i32) -> Option<i32> {
    if value > reference.checked_mul(2)? {
        Some(value)
    } else if value & 1 == 1 {
        reference.checked_sub(value.checked_add(1)? >> 1)
    } else {
        reference.checked_add(value >> 1)
    }
}
