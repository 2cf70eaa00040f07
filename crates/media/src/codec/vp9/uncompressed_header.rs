//! The uncompressed header of a frame (VP9 6.2), parsed for its length.

use crate::codec::bit_reader::{BitReader, ceil_log2};

/// The width of the frame in each reference slot.
pub(super) type ReferenceWidths = [Option<u32>; 8];

/// Parses the `uncompressed_header` of a frame, updates the reference slots, and returns its length in bytes; `None` when it does
/// not parse or refers to an empty slot.
pub(super) fn header_bytes(frame: &[u8], widths: &mut ReferenceWidths) -> Option<usize> {
    let mut header = HeaderParser { bits: BitReader::new(frame), widths };
    header.uncompressed_header()?;
    Some(header.bits.bytes_read())
}

/// What the header of a key frame states about the video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Vp9KeyFrame {
    /// `profile`, 0 to 3.
    pub(crate) profile: u8,
    /// Bits per sample.
    pub(crate) bit_depth: u8,
    /// `chromaSubsampling` of `vpcC`: 1 for 4:2:0, 2 for 4:2:2, 3 for 4:4:4 and 4:4:0.
    pub(crate) chroma_subsampling: u8,
    /// `color_range`.
    pub(crate) is_full_range: bool,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Vp9KeyFrame {
    /// Reads the start of the header of the key frame that starts with `head`; `None` if another frame does.
    pub(crate) fn parse(head: &[u8]) -> Option<Self> {
        let mut header = HeaderParser { bits: BitReader::new(head), widths: &mut ReferenceWidths::default() };
        let profile = header.profile()?;
        let (show_existing_frame, is_inter_frame) = (header.bits.flag()?, header.bits.flag()?);
        if show_existing_frame || is_inter_frame {
            return None;
        }
        header.bits.skip(2)?; // show_frame, error_resilient_mode
        header.frame_sync_code()?;
        let ColorConfig { bit_depth, chroma_subsampling, is_full_range } = header.color_config(profile)?;
        let (width, height) = header.frame_size()?;
        let profile = u8::try_from(profile).ok()?;
        Some(Self { profile, bit_depth, chroma_subsampling, is_full_range, width, height })
    }
}

/// `color_config`.
struct ColorConfig {
    bit_depth: u8,
    /// As in [`Vp9KeyFrame`].
    chroma_subsampling: u8,
    is_full_range: bool,
}

/// A header that is being parsed.
struct HeaderParser<'r, 'a> {
    bits: BitReader<'a>,
    widths: &'r mut ReferenceWidths,
}

/// `frame_sync_code`.
const SYNC_CODE: u32 = 0x49_83_42;

impl HeaderParser<'_, '_> {
    fn uncompressed_header(&mut self) -> Option<()> {
        let profile = self.profile()?;
        let show_existing_frame = self.bits.flag()?;
        if show_existing_frame {
            return self.bits.skip(3); // frame_to_show_map_idx
        }
        let is_key_frame = !self.bits.flag()?;
        let (show_frame, error_resilient_mode) = (self.bits.flag()?, self.bits.flag()?);
        let mut refresh_frame_flags = u8::MAX;
        let width = if is_key_frame {
            self.frame_sync_code()?;
            self.color_config(profile)?;
            let (width, _) = self.frame_size()?;
            self.render_size()?;
            width
        } else {
            let intra_only = !show_frame && self.bits.flag()?;
            if !error_resilient_mode {
                self.bits.skip(2)?; // reset_frame_context
            }
            if intra_only {
                self.frame_sync_code()?;
                if profile > 0 {
                    self.color_config(profile)?;
                }
                refresh_frame_flags = self.bits.bits_u8(8)?;
                let (width, _) = self.frame_size()?;
                self.render_size()?;
                width
            } else {
                refresh_frame_flags = self.bits.bits_u8(8)?;
                self.inter_frame()?
            }
        };
        if !error_resilient_mode {
            self.bits.skip(2)?; // refresh_frame_context, frame_parallel_decoding_mode
        }
        self.bits.skip(2)?; // frame_context_idx
        self.loop_filter_params()?;
        self.bits.skip(8)?; // base_q_idx
        for _ in 0..3 {
            self.skip_optional(4)?; // delta_q_y_dc, delta_q_uv_dc, delta_q_uv_ac
        }
        self.segmentation_params()?;
        self.tile_info(width)?;
        let header_size_in_bytes = self.bits.bits(16)?;
        if header_size_in_bytes == 0 {
            return None;
        }
        for slot in self.widths.iter_mut() {
            if refresh_frame_flags & 1 == 1 {
                *slot = Some(width);
            }
            refresh_frame_flags >>= 1;
        }
        Some(())
    }

    /// Parses `frame_marker` to `reserved_zero`. Returns the profile.
    fn profile(&mut self) -> Option<u32> {
        let frame_marker = self.bits.bits(2)?;
        if frame_marker != 2 {
            return None;
        }
        let (profile_low_bit, profile_high_bit) = (self.bits.bits(1)?, self.bits.bits(1)?);
        let profile = (profile_high_bit << 1) | profile_low_bit;
        if profile == 3 {
            self.bits.skip(1)?; // reserved_zero
        }
        Some(profile)
    }

    /// Parses `ref_frame_idx` to the interpolation filter. Returns the width of the frame.
    fn inter_frame(&mut self) -> Option<u32> {
        let mut slots = [0; 3];
        for slot in &mut slots {
            *slot = usize::try_from(self.bits.bits(3)?).ok()?;
            self.bits.skip(1)?; // ref_frame_sign_bias
        }
        let mut width = None;
        for slot in slots {
            if width.is_none() && self.bits.flag()? {
                width = Some((*self.widths.get(slot)?)?);
            }
        }
        let width = match width {
            Some(width) => width,
            None => self.frame_size()?.0,
        };
        self.render_size()?;
        self.bits.skip(1)?; // allow_high_precision_mv
        let is_filter_switchable = self.bits.flag()?;
        if !is_filter_switchable {
            self.bits.skip(2)?; // raw_interpolation_filter
        }
        Some(width)
    }

    fn frame_sync_code(&mut self) -> Option<()> {
        (self.bits.bits(24)? == SYNC_CODE).then_some(())
    }

    fn color_config(&mut self, profile: u32) -> Option<ColorConfig> {
        const RGB: u32 = 7;
        const C420: u8 = 1;
        const C422: u8 = 2;
        const C444: u8 = 3;
        let bit_depth = match profile {
            0 | 1 => 8,
            _ if self.bits.flag()? => 12,
            _ => 10,
        };
        let is_rgb = self.bits.bits(3)? == RGB;
        let is_full_range = is_rgb || self.bits.flag()?;
        let chroma_subsampling = match (is_rgb, profile) {
            (false, 1 | 3) => {
                let (subsampling_x, subsampling_y) = (self.bits.flag()?, self.bits.flag()?);
                self.bits.skip(1)?; // reserved
                match (subsampling_x, subsampling_y) {
                    (true, true) => C420,
                    (true, false) => C422,
                    (false, _) => C444,
                }
            }
            (true, 1 | 3) => {
                self.bits.skip(1)?; // reserved
                C444
            }
            (true, _) => C444,
            (false, _) => C420,
        };
        Some(ColorConfig { bit_depth, chroma_subsampling, is_full_range })
    }

    /// Parses `frame_size`. Returns width and height.
    fn frame_size(&mut self) -> Option<(u32, u32)> {
        Some((self.bits.bits(16)?.checked_add(1)?, self.bits.bits(16)?.checked_add(1)?))
    }

    fn render_size(&mut self) -> Option<()> {
        let differs = self.bits.flag()?;
        if differs { self.bits.skip(32) } else { Some(()) }
    }

    /// Skips an optional field of `width` bits and a sign.
    fn skip_optional(&mut self, width: usize) -> Option<()> {
        let is_present = self.bits.flag()?;
        if is_present { self.bits.skip(width.checked_add(1)?) } else { Some(()) }
    }

    fn loop_filter_params(&mut self) -> Option<()> {
        self.bits.skip(9)?; // loop_filter_level, loop_filter_sharpness
        let delta_enabled = self.bits.flag()?;
        if delta_enabled && self.bits.flag()? {
            // loop_filter_ref_deltas (four), loop_filter_mode_deltas (two)
            for _ in 0..6 {
                self.skip_optional(6)?;
            }
        }
        Some(())
    }

    fn segmentation_params(&mut self) -> Option<()> {
        /// Bits of each feature, its sign included.
        const FEATURE_BITS: [usize; 4] = [9, 7, 2, 0];
        if !self.bits.flag()? {
            return Some(());
        }
        if self.bits.flag()? {
            self.probabilities(7)?;
            if self.bits.flag()? {
                self.probabilities(3)?; // segmentation_temporal_update
            }
        }
        if self.bits.flag()? {
            self.bits.skip(1)?; // segmentation_abs_or_delta_update
            for _ in 0..8 {
                for width in FEATURE_BITS {
                    if self.bits.flag()? {
                        self.bits.skip(width)?;
                    }
                }
            }
        }
        Some(())
    }

    fn probabilities(&mut self, count: u32) -> Option<()> {
        (0..count).try_for_each(|_| {
            let is_coded = self.bits.flag()?;
            if is_coded { self.bits.skip(8) } else { Some(()) }
        })
    }

    /// Parses `tile_info`: the logarithm of the number of columns is written as ones, ended by a zero below the maximum.
    fn tile_info(&mut self, width: u32) -> Option<()> {
        // A tile column is 4 to 64 superblocks wide, and a superblock 64 pixels.
        let superblocks = width.div_ceil(64);
        let min_log2 = ceil_log2(superblocks.div_ceil(64));
        let max_log2 = (superblocks / 4).checked_ilog2().unwrap_or(0);
        let mut tile_cols_log2 = min_log2;
        while tile_cols_log2 < max_log2 && self.bits.flag()? {
            tile_cols_log2 = tile_cols_log2.checked_add(1)?;
        }
        let has_rows = self.bits.flag()?; // tile_rows_log2
        if has_rows { self.bits.skip(1) } else { Some(()) }
    }
}
