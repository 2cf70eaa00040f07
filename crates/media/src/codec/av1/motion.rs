//! Global motion (AV1 5.9.24 to 5.9.29): numbers written as differences from those of the primary reference.

use super::frame::FrameReader;
use super::reference::{REFERENCES, STILL};

/// `WARPEDMODEL_PREC_BITS`.
const PRECISION: u32 = 16;

/// What a model of motion has, in the order of more and more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Model {
    Identity,
    Translation,
    RotZoom,
    Affine,
}

impl FrameReader<'_, '_> {
    pub(super) fn global_motion_params(&mut self) -> Option<()> {
        if self.is_intra() {
            return Some(());
        }
        let before = match self.primary_slot {
            Some(slot) => self.references.frame(slot)?.motion,
            None => STILL,
        };
        for reference in 0..REFERENCES {
            let model = self.model()?;
            let before = before.get(reference)?;
            let [mut across, mut down, mut matrix @ ..] = *STILL.get(reference)?;
            if model >= Model::RotZoom {
                let (scale, turn) = (self.parameter(model, 2, before)?, self.parameter(model, 3, before)?);
                matrix = [scale, turn, turn.wrapping_neg(), scale];
                if model == Model::Affine {
                    matrix = [scale, turn, self.parameter(model, 4, before)?, self.parameter(model, 5, before)?];
                }
            }
            if model >= Model::Translation {
                across = self.parameter(model, 0, before)?;
                down = self.parameter(model, 1, before)?;
            }
            let [scale, turn, shear, stretch] = matrix;
            *self.motion.get_mut(reference)? = [across, down, scale, turn, shear, stretch];
        }
        Some(())
    }

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

    /// `read_global_param`.
    fn parameter(&mut self, model: Model, index: usize, before: &[i32; 6]) -> Option<i32> {
        let coarse = u32::from(!self.allow_high_precision_mv);
        // GM_ABS_TRANS_ONLY_BITS and the like, GM_TRANS_ONLY_PREC_BITS and the like.
        let (absolute, precision) = match (index, model) {
            (0 | 1, Model::Translation) => (9_u32.saturating_sub(coarse), 3_u32.saturating_sub(coarse)),
            (0 | 1, _) => (12, 6),
            _ => (12, 15),
        };
        let shift = PRECISION.checked_sub(precision)?;
        // The diagonal of the matrix is written less one.
        let one = if matches!(index, 2 | 5) { 1_i32 << PRECISION } else { 0 };
        let most = 1_i32.checked_shl(absolute)?;
        let reference = before.get(index)?.wrapping_sub(one).checked_shr(shift)?;
        let value = self.signed_subexp_with_ref(most, reference)?;
        Some(value.checked_shl(shift)?.wrapping_add(one))
    }

    /// `decode_signed_subexp_with_ref`, of values from `-most` to `most`.
    fn signed_subexp_with_ref(&mut self, most: i32, reference: i32) -> Option<i32> {
        let symbols = most.checked_mul(2)?.checked_add(1)?;
        let reference = reference.checked_add(most)?;
        let value = self.subexp(symbols)?;
        let centred = if reference.checked_mul(2)? <= symbols {
            inverse_recenter(reference, value)
        } else {
            let last = symbols.checked_sub(1)?;
            last.wrapping_sub(inverse_recenter(last.wrapping_sub(reference), value))
        };
        Some(centred.wrapping_sub(most))
    }

    /// `decode_subexp`: classes of values, each twice as wide as the one before.
    fn subexp(&mut self, symbols: i32) -> Option<i32> {
        let (mut start, mut width) = (0_i32, 3_u32);
        let mut is_first = true;
        loop {
            let class = 1_i32.checked_shl(width)?;
            let rest = symbols.checked_sub(start)?;
            if rest <= class.checked_mul(3)? {
                let last = self.bits.non_symmetric(u32::try_from(rest).ok()?)?;
                return start.checked_add(i32::try_from(last).ok()?);
            }
            let is_further = self.bits.flag()?;
            if !is_further {
                return start.checked_add(i32::try_from(self.bits.take(width)?).ok()?);
            }
            start = start.checked_add(class)?;
            // The first two classes are of one width.
            width = if is_first { width } else { width.checked_add(1)? };
            is_first = false;
        }
    }
}

/// `inverse_recenter`: values in the order of their distance from `reference`.
fn inverse_recenter(reference: i32, value: i32) -> i32 {
    if value > reference.wrapping_mul(2) {
        value
    } else if value & 1 == 1 {
        reference.wrapping_sub(value.wrapping_add(1) >> 1)
    } else {
        reference.wrapping_add(value >> 1)
    }
}
