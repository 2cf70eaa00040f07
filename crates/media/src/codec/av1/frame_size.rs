//! Frame sizes (AV1 5.9.5 to 5.9.9).

use super::frame_reader::FrameReader;
use super::reference_frames::FrameSize;

/// `SUPERRES_NUM` (3).
const SUPERRES_NUM: u32 = 8;
/// `SUPERRES_DENOM_MIN` (3).
const SUPERRES_DENOM_MIN: u32 = 9;

impl FrameReader<'_, '_> {
    /// Parses `frame_size`.
    pub(super) fn frame_size(&mut self) -> Option<()> {
        let (width, height) = if self.frame_size_override_flag {
            let (width_bits, height_bits) = self.sequence_header.frame_size_bits;
            (self.bits.bits(width_bits)?.checked_add(1)?, self.bits.bits(height_bits)?.checked_add(1)?)
        } else {
            self.sequence_header.max_frame_size
        };
        self.superres_params(width, height)
    }

    /// Skips `render_size`.
    pub(super) fn render_size(&mut self) -> Option<()> {
        let render_and_frame_size_different = self.bits.flag()?;
        if render_and_frame_size_different { self.bits.skip(32) } else { Some(()) }
    }

    /// Parses `frame_size_with_refs`.
    pub(super) fn frame_size_with_refs(&mut self) -> Option<()> {
        for slot in self.ref_frame_idx {
            let found_ref = self.bits.flag()?;
            if found_ref {
                let size = self.reference_frames.frame(slot)?.size;
                return self.superres_params(size.upscaled_width, size.height);
            }
        }
        self.frame_size()?;
        self.render_size()
    }

    /// Parses `superres_params`. `upscaled_width` is the width after super-resolution.
    fn superres_params(&mut self, upscaled_width: u32, height: u32) -> Option<()> {
        let mut width = upscaled_width;
        if self.sequence_header.enable_superres && self.bits.flag()? {
            let denominator = self.bits.bits(3)?.checked_add(SUPERRES_DENOM_MIN)?;
            let scaled = upscaled_width.checked_mul(SUPERRES_NUM)?.checked_add(denominator / 2)?;
            width = scaled.checked_div(denominator)?;
        }
        self.size = FrameSize { width, upscaled_width, height };
        Some(())
    }
}
