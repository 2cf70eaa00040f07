//! Sequence parameter sets of every kind, written field by field (ITU-T H.265 7.3.2.2).

use crate::bit_writer::{BitWriter, Choices};
use crate::reference_picture_set::ShortTermRefPicSet;
use crate::scaling_list::write_scaling_list_data;
use crate::vps::{Format, SecondLayer};
use crate::vui::write_vui_parameters;

/// The fields that slice headers depend on.
#[derive(Debug)]
pub struct Sps {
    pub separate_colour_plane: bool,
    pub chroma_array_type: u32,
    pub pic_order_cnt_lsb_bits: u32,
    /// `PicSizeInCtbsY` and `PicHeightInCtbsY`.
    pub pic_size_in_ctbs: u32,
    pub pic_height_in_ctbs: u32,
    pub sample_adaptive_offset_enabled: bool,
    pub short_term_ref_pic_sets: Vec<ShortTermRefPicSet>,
    /// `used_by_curr_pic_lt_sps_flag`, with `long_term_ref_pics_present_flag`.
    pub used_by_curr_pic_lt_sps: Option<Vec<bool>>,
    pub temporal_mvp_enabled: bool,
    pub motion_vector_resolution_control_idc: u32,
}

/// Writes `seq_parameter_set_rbsp` with id 3, of the base layer or the second one.
pub fn write_sps(c: &mut Choices<'_>, w: &mut BitWriter, layer: Option<&SecondLayer>) -> Sps {
    w.u(4, 0);
    // The SPS of the second layer may take its format from the VPS.
    let extension = layer.filter(|_| c.flag());
    let sub_layers = extension.map_or_else(|| c.up_to(6), |layer| layer.sub_layers);
    w.u(3, if extension.is_some() { 7 } else { sub_layers });
    if extension.is_none() {
        w.u(1, 1);
        write_profile_tier_level(c, w, true, sub_layers);
    }
    w.ue(3);
    let Format { size: (width, height), chroma_format, separate_colour_plane, depths } = write_format(c, w, extension);
    let pic_order_cnt_lsb_bits = w.ue(c.up_to(12)) + 4;
    if extension.is_none() {
        write_sub_layer_ordering_info(c, w, sub_layers);
    }
    let smallest = w.ue(c.up_to(1)) + 3;
    let log2_block = smallest + w.ue(1 + c.up_to(1));
    let pic_height_in_ctbs = height.div_ceil(1 << log2_block);
    let pic_size_in_ctbs = width.div_ceil(1 << log2_block) * pic_height_in_ctbs;
    [0, log2_block.min(5) - 2, c.up_to(2), c.up_to(2)].into_iter().for_each(|value| {
        w.ue(value);
    });
    if w.flag(c.flag()) {
        if extension.is_some() && w.flag(c.flag()) {
            w.u(6, 0);
        } else if w.flag(c.flag()) {
            write_scaling_list_data(c, w);
        }
    }
    w.flag(c.flag());
    let sample_adaptive_offset_enabled = w.flag(c.flag());
    if w.flag(c.flag()) {
        w.u(4, 7).u(4, 7);
        w.ue(smallest - 3);
        w.ue(log2_block.min(5) - smallest);
        w.flag(c.flag());
    }
    let mut short_term_ref_pic_sets: Vec<ShortTermRefPicSet> = Vec::new();
    for _ in 0..w.ue(if c.flag() { c.up_to(64) } else { c.up_to(3) }) {
        let next = ShortTermRefPicSet::write(c, w, &short_term_ref_pic_sets, false);
        short_term_ref_pic_sets.push(next);
    }
    let used_by_curr_pic_lt_sps = w.flag(c.flag()).then(|| {
        let count = w.ue(if c.flag() { c.up_to(32) } else { c.up_to(1) });
        (0..count)
            .map(|_| {
                w.u(pic_order_cnt_lsb_bits, c.up_to(9));
                w.flag(c.flag())
            })
            .collect()
    });
    let temporal_mvp_enabled = w.flag(c.flag());
    w.flag(c.flag());
    if w.flag(c.flag()) {
        write_vui_parameters(c, w, sub_layers);
    }
    let motion_vector_resolution_control_idc = write_sps_extensions(c, w, chroma_format, depths);
    Sps {
        separate_colour_plane,
        chroma_array_type: if separate_colour_plane { 0 } else { chroma_format },
        pic_order_cnt_lsb_bits,
        pic_size_in_ctbs,
        pic_height_in_ctbs,
        sample_adaptive_offset_enabled,
        short_term_ref_pic_sets,
        used_by_curr_pic_lt_sps,
        temporal_mvp_enabled,
        motion_vector_resolution_control_idc,
    }
}

/// Writes `chroma_format_idc` to `bit_depth_chroma_minus8`, or which format of the VPS it is.
fn write_format(c: &mut Choices<'_>, w: &mut BitWriter, extension: Option<&SecondLayer>) -> Format {
    if let Some(layer) = extension {
        let mut index = layer.format;
        if w.flag(c.flag()) {
            index = c.up_to(layer.formats.len() as u32 - 1);
            w.u(8, index);
        }
        return layer.formats[index as usize].clone();
    }
    let chroma_format = w.ue(c.up_to(3));
    let separate_colour_plane = chroma_format == 3 && w.flag(c.flag());
    let size = (w.ue((1 + c.up_to(240)) * 64), w.ue((1 + c.up_to(130)) * 64));
    if w.flag(c.flag()) {
        (0..4).for_each(|_| {
            w.ue(c.up_to(9));
        });
    }
    let depths = [w.ue(c.up_to(8)) + 8, w.ue(c.up_to(8)) + 8];
    Format { size, chroma_format, separate_colour_plane, depths }
}

/// Writes the sizes of the picture buffer for each sub-layer, or for all of them.
pub fn write_sub_layer_ordering_info(c: &mut Choices<'_>, w: &mut BitWriter, sub_layers: u32) {
    let per_layer = w.flag(c.flag());
    for _ in if per_layer { 0 } else { sub_layers }..=sub_layers {
        w.ue(15);
        w.ue(c.up_to(15));
        w.ue(c.up_to(5));
    }
}

/// Writes the extensions, and returns `motion_vector_resolution_control_idc`.
fn write_sps_extensions(c: &mut Choices<'_>, w: &mut BitWriter, chroma_format: u32, [luma, chroma]: [u32; 2]) -> u32 {
    if !w.flag(c.flag()) {
        return 0;
    }
    let (range, scc) = (w.flag(c.flag()), c.flag());
    w.u(2, 0);
    w.flag(scc);
    w.u(4, 0);
    if range {
        (0..9).for_each(|_| {
            w.flag(c.flag());
        });
    }
    if !scc {
        return 0;
    }
    w.flag(c.flag());
    if w.flag(c.flag()) {
        w.ue(31);
        w.ue(32);
        if w.flag(c.flag()) {
            let entries = w.ue(c.up_to(30)) + 1;
            for depth in if chroma_format == 0 { vec![luma] } else { vec![luma, chroma, chroma] } {
                (0..entries).for_each(|_| {
                    w.u(depth, c.up_to(255));
                });
            }
        }
    }
    let resolution = c.up_to(2);
    w.u(2, resolution).u(1, 0);
    resolution
}

/// Writes `profile_tier_level`, with a profile or without.
pub fn write_profile_tier_level(c: &mut Choices<'_>, w: &mut BitWriter, has_profile: bool, sub_layers: u32) {
    if has_profile {
        w.u(8, 1).u(32, 0x6000_0000).u(32, 0x9000_0000).u(16, 0);
    }
    w.u(8, 120);
    let present: Vec<_> = (0..sub_layers).map(|_| (w.flag(has_profile && c.flag()), w.flag(c.flag()))).collect();
    if sub_layers > 0 {
        w.u((8 - sub_layers) * 2, 0);
    }
    for (profile, level) in present {
        if profile {
            w.u(8, 1).u(32, 0x6000_0000).u(32, 0x9000_0000).u(16, 0);
        }
        if level {
            w.u(8, 93);
        }
    }
}
