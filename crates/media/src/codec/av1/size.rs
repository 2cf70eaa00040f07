//! Frame sizes (AV1 5.9.5 to 5.9.9).

use super::frame::FrameReader;
use super::reference::FrameSize;

/// `SUPERRES_NUM` and `SUPERRES_DENOM_MIN` (3).
const SUPERRES_NUMERATOR: u32 = 8;
const SUPERRES_LEAST_DENOMINATOR: u32 = 9;

impl FrameReader<'_, '_> {
    /// `frame_size`.
    pub(super) fn frame_size(&mut self) -> Option<()> {
        let (width, height) = if self.frame_size_override {
            let bits = self.sequence.frame_size_bits;
            (self.bits.take(bits.0)?.saturating_add(1), self.bits.take(bits.1)?.saturating_add(1))
        } else {
            self.sequence.max_frame_size
        };
        self.superres_params(width, height)
    }

    /// `render_size`.
    pub(super) fn render_size(&mut self) -> Option<()> {
        let differs = self.bits.flag()?;
        if differs { self.bits.skip(32) } else { Some(()) }
    }

    /// `frame_size_with_refs`.
    pub(super) fn frame_size_with_refs(&mut self) -> Option<()> {
        for position in self.ref_frame_idx {
            if self.bits.flag()? {
                let size = self.references.frame(position)?.size;
                return self.superres_params(size.upscaled_width, size.height);
            }
        }
        self.frame_size()?;
        self.render_size()
    }

    /// `superres_params`, of a frame that is `upscaled_width` wide when it is shown.
    fn superres_params(&mut self, upscaled_width: u32, height: u32) -> Option<()> {
        let mut width = upscaled_width;
        if self.sequence.enable_superres && self.bits.flag()? {
            let denominator = self.bits.take(3)?.saturating_add(SUPERRES_LEAST_DENOMINATOR);
            let scaled = upscaled_width.checked_mul(SUPERRES_NUMERATOR)?.checked_add(denominator / 2)?;
            width = scaled.checked_div(denominator)?;
        }
        self.size = FrameSize { width, upscaled_width, height };
        Some(())
    }
}
