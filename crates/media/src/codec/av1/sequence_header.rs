//! The sequence header (AV1 5.5): the parameters that all frames share.

use crate::codec::bit_reader::BitReader;

/// The fields of `sequence_header_obu` that frame headers depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "these are the flags of the standard, by their names there")]
pub(super) struct SequenceHeader {
    pub(super) reduced_still_picture_header: bool,
    /// Bits of a `frame_presentation_time`, if frames have one.
    pub(super) presentation_time_bits: Option<u32>,
    /// Bits of a `buffer_removal_time`, if there is decoder model information.
    pub(super) removal_time_bits: Option<u32>,
    pub(super) operating_points: Vec<OperatingPoint>,
    /// Bits of the width and the height in a frame header.
    pub(super) frame_size_bits: (u32, u32),
    pub(super) max_frame_size: (u32, u32),
    /// Bits of a frame id, and of a difference of two frame ids, if frames have ids.
    pub(super) frame_id_bits: Option<(u32, u32)>,
    pub(super) use_128x128_superblock: bool,
    pub(super) enable_warped_motion: bool,
    pub(super) enable_ref_frame_mvs: bool,
    /// `OrderHintBits`; 0 without `enable_order_hint`.
    pub(super) order_hint_bits: u32,
    /// `None` if each frame header decides.
    pub(super) force_screen_content_tools: Option<bool>,
    /// `None` if each frame header decides.
    pub(super) force_integer_mv: Option<bool>,
    pub(super) enable_superres: bool,
    pub(super) enable_cdef: bool,
    pub(super) enable_restoration: bool,
    pub(super) color: ColorConfig,
    pub(super) film_grain_params_present: bool,
}

/// An operating point: its layers, and whether it has decoder model parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OperatingPoint {
    pub(super) idc: u32,
    pub(super) has_decoder_model: bool,
}

/// `color_config` (5.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "these are the flags of the standard, by their names there")]
pub(super) struct ColorConfig {
    pub(super) mono_chrome: bool,
    /// Colour primaries, transfer characteristics, matrix coefficients, if described.
    pub(super) description: Option<[u8; 3]>,
    pub(super) full_range: bool,
    pub(super) subsampling_x: bool,
    pub(super) subsampling_y: bool,
    pub(super) chroma_sample_position: u8,
    pub(super) separate_uv_delta_q: bool,
}

impl SequenceHeader {
    /// Parses the payload of a sequence header OBU.
    pub(super) fn parse(payload: &[u8]) -> Option<Self> {
        let mut bits = BitReader::new(payload);
        let bits = &mut bits;
        let profile = bits.bits_u8(3)?;
        bits.skip(1)?; // still_picture
        let reduced = bits.flag()?;
        let mut timing = Timing::default();
        let mut operating_points = vec![OperatingPoint { idc: 0, has_decoder_model: false }];
        if reduced {
            bits.skip(5)?; // seq_level_idx
        } else {
            timing = Timing::parse(bits)?;
            operating_points = parse_operating_points(bits, &timing)?;
        }
        let (width_bits, height_bits) = (bits.bits(4)?.checked_add(1)?, bits.bits(4)?.checked_add(1)?);
        let max_frame_size = (bits.bits(width_bits)?.checked_add(1)?, bits.bits(height_bits)?.checked_add(1)?);
        let mut frame_id_bits = None;
        if !reduced && bits.flag()? {
            let delta_frame_id_bits = bits.bits(4)?.checked_add(2)?;
            let id_bits = bits.bits(3)?.checked_add(delta_frame_id_bits)?.checked_add(1)?;
            frame_id_bits = Some((id_bits, delta_frame_id_bits));
        }
        let use_128x128_superblock = bits.flag()?;
        bits.skip(2)?; // enable_filter_intra, enable_intra_edge_filter
        let tools = if reduced { Tools::default() } else { Tools::parse(bits)? };
        Some(Self {
            reduced_still_picture_header: reduced,
            presentation_time_bits: timing.presentation_time,
            removal_time_bits: timing.removal_time,
            operating_points,
            frame_size_bits: (width_bits, height_bits),
            max_frame_size,
            frame_id_bits,
            use_128x128_superblock,
            enable_warped_motion: tools.warped_motion,
            enable_ref_frame_mvs: tools.ref_frame_mvs,
            order_hint_bits: tools.order_hint_bits,
            force_screen_content_tools: tools.screen_content,
            force_integer_mv: tools.integer_mv,
            enable_superres: bits.flag()?,
            enable_cdef: bits.flag()?,
            enable_restoration: bits.flag()?,
            color: ColorConfig::parse(bits, profile)?,
            film_grain_params_present: bits.flag()?,
        })
    }

    /// Returns `NumPlanes`.
    pub(super) fn planes(&self) -> u32 {
        if self.color.mono_chrome { 1 } else { 3 }
    }
}

/// `timing_info` and `decoder_model_info` (5.5.3, 5.5.4): the number of bits of each time, if present.
#[derive(Debug, Default)]
struct Timing {
    presentation_time: Option<u32>,
    removal_time: Option<u32>,
    buffer_delay: Option<u32>,
}

impl Timing {
    fn parse(bits: &mut BitReader<'_>) -> Option<Self> {
        let mut timing = Self::default();
        let timing_info_present = bits.flag()?;
        if !timing_info_present {
            return Some(timing);
        }
        bits.skip(64)?; // num_units_in_display_tick, time_scale
        let equal_picture_interval = bits.flag()?;
        if equal_picture_interval {
            bits.skip_uvlc()?; // num_ticks_per_picture_minus_1
        }
        let decoder_model_info_present = bits.flag()?;
        if decoder_model_info_present {
            timing.buffer_delay = Some(bits.bits(5)?.checked_add(1)?);
            bits.skip(32)?; // num_units_in_decoding_tick
            timing.removal_time = Some(bits.bits(5)?.checked_add(1)?);
            let presentation = bits.bits(5)?.checked_add(1)?;
            timing.presentation_time = Some(presentation).filter(|_| !equal_picture_interval);
        }
        Some(timing)
    }
}

fn parse_operating_points(bits: &mut BitReader<'_>, timing: &Timing) -> Option<Vec<OperatingPoint>> {
    let has_display_delay = bits.flag()?;
    let count = bits.bits(5)?.checked_add(1)?;
    (0..count)
        .map(|_| {
            let idc = bits.bits(12)?;
            if bits.bits(5)? > 7 {
                bits.skip(1)?; // seq_tier
            }
            let mut has_decoder_model = false;
            if let Some(width) = timing.buffer_delay {
                has_decoder_model = bits.flag()?;
                if has_decoder_model {
                    bits.bits(width)?; // decoder_buffer_delay
                    bits.bits(width)?; // encoder_buffer_delay
                    bits.skip(1)?; // low_delay_mode_flag
                }
            }
            if has_display_delay && bits.flag()? {
                bits.skip(4)?; // initial_display_delay_minus_1
            }
            Some(OperatingPoint { idc, has_decoder_model })
        })
        .collect()
}

/// Coding tools that a reduced still picture header leaves out.
#[derive(Debug, Default)]
struct Tools {
    warped_motion: bool,
    ref_frame_mvs: bool,
    screen_content: Option<bool>,
    integer_mv: Option<bool>,
    order_hint_bits: u32,
}

impl Tools {
    fn parse(bits: &mut BitReader<'_>) -> Option<Self> {
        let mut tools = Self::default();
        bits.skip(2)?; // enable_interintra_compound, enable_masked_compound
        tools.warped_motion = bits.flag()?;
        bits.skip(1)?; // enable_dual_filter
        let enable_order_hint = bits.flag()?;
        if enable_order_hint {
            bits.skip(1)?; // enable_jnt_comp
            tools.ref_frame_mvs = bits.flag()?;
        }
        tools.screen_content = forced(bits)?;
        if tools.screen_content != Some(false) {
            tools.integer_mv = forced(bits)?;
        }
        if enable_order_hint {
            tools.order_hint_bits = bits.bits(3)?.checked_add(1)?;
        }
        Some(tools)
    }
}

/// Parses whether a tool is forced on or off for all frames; the inner `None` if each frame header decides.
#[expect(clippy::option_option, reason = "the outer one is the end of the bits, as in every parser here")]
fn forced(bits: &mut BitReader<'_>) -> Option<Option<bool>> {
    let is_decided_by_frame = bits.flag()?;
    if is_decided_by_frame { Some(None) } else { bits.flag().map(Some) }
}

impl ColorConfig {
    fn parse(bits: &mut BitReader<'_>, profile: u8) -> Option<Self> {
        let high_bitdepth = bits.flag()?;
        let twelve_bit = profile == 2 && high_bitdepth && bits.flag()?;
        let mono_chrome = profile != 1 && bits.flag()?;
        let mut description = None;
        if bits.flag()? {
            description = Some([bits.bits_u8(8)?, bits.bits_u8(8)?, bits.bits_u8(8)?]);
        }
        let mut color = Self {
            mono_chrome,
            description,
            full_range: true,
            subsampling_x: true,
            subsampling_y: true,
            chroma_sample_position: 0,
            separate_uv_delta_q: false,
        };
        if mono_chrome {
            color.full_range = bits.flag()?;
            return Some(color);
        }
        if description == Some(SRGB) {
            (color.subsampling_x, color.subsampling_y) = (false, false);
        } else {
            color.full_range = bits.flag()?;
            (color.subsampling_x, color.subsampling_y) = match profile {
                0 => (true, true),
                1 => (false, false),
                _ if twelve_bit => {
                    let x = bits.flag()?;
                    (x, x && bits.flag()?)
                }
                _ => (true, false),
            };
            if color.subsampling_x && color.subsampling_y {
                color.chroma_sample_position = bits.bits_u8(2)?;
            }
        }
        color.separate_uv_delta_q = bits.flag()?;
        Some(color)
    }
}

/// BT.709 primaries, the sRGB transfer function, and the identity matrix: RGB without subsampling.
const SRGB: [u8; 3] = [1, 13, 0];
