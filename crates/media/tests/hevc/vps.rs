//! Video parameter sets of two layers, of every kind, written field by field (ITU-T H.265 7.3.2.1, F.7.3.2.1).

use crate::bit_writer::{BitWriter, Choices, ceil_log2};
use crate::sps::{write_profile_tier_level, write_sub_layer_ordering_info};
use crate::vui::write_hrd_parameters;

/// What the parameter sets and slice headers of the second layer depend on.
#[derive(Debug)]
pub struct SecondLayer {
    pub nuh_layer_id: u8,
    pub depends_on_base: bool,
    pub default_ref_layers_active: bool,
    pub poc_lsb_not_present: bool,
    pub sub_layers: u32,
    /// `sub_layers_vps_max_minus1` of the base layer, and `max_tid_il_ref_pics_plus1`.
    base_sub_layers: u32,
    max_tid_ref_pics_plus1: u32,
    /// `rep_format` structures, and the index of that of the layer.
    pub formats: Vec<Format>,
    pub format: u32,
}

/// `rep_format`.
#[derive(Debug, Clone)]
pub struct Format {
    pub size: (u32, u32),
    pub chroma_format: u32,
    pub separate_colour_plane: bool,
    pub depths: [u32; 2],
}

impl SecondLayer {
    /// `numRefLayerPics` (F-52).
    pub fn num_ref_layer_pics(&self, temporal_id: u32) -> u32 {
        let exists = self.base_sub_layers >= temporal_id;
        let is_referred = temporal_id == 0 || self.max_tid_ref_pics_plus1 > temporal_id;
        u32::from(self.depends_on_base && exists && is_referred)
    }
}

/// Writes `video_parameter_set_rbsp` of two layers.
pub fn write_vps(c: &mut Choices<'_>, w: &mut BitWriter) -> SecondLayer {
    let sub_layers = c.up_to(6);
    w.u(4, 0).u(2, 3).u(6, 1).u(3, sub_layers).u(1, 1).u(16, 0xffff);
    write_profile_tier_level(c, w, true, sub_layers);
    write_sub_layer_ordering_info(c, w, sub_layers);
    let nuh_layer_id = if c.flag() { 1 + c.up_to(61) } else { 1 };
    w.u(6, nuh_layer_id);
    // The layers of each set, as indices.
    let mut layer_sets = vec![vec![0]];
    for _ in 0..w.ue(c.up_to(3)) {
        let layers = [vec![0, 1], vec![0], vec![1]][c.up_to(2) as usize].clone();
        for id in 0..=nuh_layer_id {
            w.flag(id == 0 && layers.contains(&0) || id == nuh_layer_id && layers.contains(&1));
        }
        layer_sets.push(layers);
    }
    if w.flag(c.flag()) {
        w.u(32, 1001).u(32, 60_000);
        if w.flag(c.flag()) {
            w.ue(3);
        }
        for number in 0..w.ue(c.up_to(2)) {
            w.ue(number);
            if number > 0 {
                w.flag(true);
            }
            write_hrd_parameters(c, w, sub_layers);
        }
    }
    w.flag(true);
    w.align_with_ones();
    write_vps_extension(c, w, sub_layers, nuh_layer_id, layer_sets)
}

fn write_vps_extension(
    c: &mut Choices<'_>,
    w: &mut BitWriter,
    sub_layers: u32,
    nuh_layer_id: u32,
    mut layer_sets: Vec<Vec<u32>>,
) -> SecondLayer {
    write_profile_tier_level(c, w, false, sub_layers);
    let views = write_dimensions(c, w, nuh_layer_id);
    let view_id_len = c.up_to(15);
    w.u(4, view_id_len);
    (0..if view_id_len > 0 { views } else { 0 }).for_each(|view| {
        w.u(view_id_len, view);
    });
    let depends_on_base = w.flag(c.flag());
    let num_layer_sets_of_base = layer_sets.len();
    if !depends_on_base {
        for _ in 0..w.ue(c.up_to(2)) {
            layer_sets.push(if w.flag(c.flag()) { vec![1] } else { Vec::new() });
        }
    }
    let mut base_sub_layers = sub_layers;
    if w.flag(c.flag()) {
        base_sub_layers = c.up_to(6);
        w.u(3, base_sub_layers).u(3, 6);
    }
    let mut max_tid_ref_pics_plus1 = 7;
    if w.flag(c.flag()) && depends_on_base {
        max_tid_ref_pics_plus1 = c.up_to(7);
        w.u(3, max_tid_ref_pics_plus1);
    }
    let default_ref_layers_active = w.flag(c.flag());
    let profiles = w.ue(c.up_to(5));
    for _ in 2..=profiles {
        let is_present = w.flag(c.flag());
        write_profile_tier_level(c, w, is_present, sub_layers);
    }
    write_output_layer_sets(c, w, &layer_sets, num_layer_sets_of_base, profiles, depends_on_base);
    let (formats, format) = write_rep_formats(c, w);
    w.u(2, c.up_to(3));
    let poc_lsb_not_present = !depends_on_base && w.flag(c.flag());
    // cross_layer_pic_type_aligned_flag and the rest
    w.u(24, c.up_to(0xffff));
    SecondLayer {
        nuh_layer_id: nuh_layer_id as u8,
        depends_on_base,
        default_ref_layers_active,
        poc_lsb_not_present,
        sub_layers,
        base_sub_layers,
        max_tid_ref_pics_plus1,
        formats,
        format,
    }
}

/// Writes the scalability dimensions, and returns `NumViews`.
fn write_dimensions(c: &mut Choices<'_>, w: &mut BitWriter, nuh_layer_id: u32) -> u32 {
    w.flag(false);
    // The view order, quality, or auxiliary pictures.
    let is_used: Vec<bool> = (0..16).map(|kind| (1..4).contains(&kind) && c.flag()).collect();
    is_used.iter().for_each(|is_used| {
        w.flag(*is_used);
    });
    let kinds: Vec<usize> = (0..16).filter(|kind| is_used[*kind]).collect();
    let lengths: Vec<u32> = kinds.iter().map(|_| 1 + c.up_to(7)).collect();
    lengths.iter().for_each(|length| {
        w.u(3, length - 1);
    });
    if w.flag(nuh_layer_id != 1 || c.flag()) {
        w.u(6, nuh_layer_id);
    }
    let mut views = 1;
    for (kind, length) in kinds.into_iter().zip(lengths) {
        let dimension_id = c.up_to((1 << length) - 1);
        w.u(length, dimension_id);
        views += u32::from(kind == 1 && dimension_id > 0);
    }
    views
}

fn write_output_layer_sets(
    c: &mut Choices<'_>,
    w: &mut BitWriter,
    layer_sets: &[Vec<u32>],
    num_layer_sets_of_base: usize,
    profiles: u32,
    depends_on_base: bool,
) {
    let (mut added, mut default_output_layer_idc) = (0, 0);
    if layer_sets.len() > 1 {
        added = w.ue(c.up_to(3)) as usize;
        default_output_layer_idc = c.up_to(3);
        w.u(2, default_output_layer_idc);
    }
    for index in 1..layer_sets.len() + added {
        let set = if index < layer_sets.len() {
            index
        } else {
            let choices = layer_sets.len() as u32 - 1;
            let chosen = c.up_to(choices - 1);
            if layer_sets.len() > 2 {
                w.u(ceil_log2(choices), chosen);
            }
            chosen as usize + 1
        };
        let layers = &layer_sets[set];
        let is_output: Vec<bool> = if index >= num_layer_sets_of_base || default_output_layer_idc >= 2 {
            layers.iter().map(|_| w.flag(c.flag())).collect()
        } else {
            layers.iter().map(|layer| default_output_layer_idc == 0 || Some(layer) == layers.last()).collect()
        };
        let outputs: Vec<u32> =
            layers.iter().zip(is_output).filter(|(_, is_output)| *is_output).map(|(layer, _)| *layer).collect();
        for layer in layers {
            let is_reference = *layer == 0 && depends_on_base && outputs.contains(&1);
            if profiles > 0 && (outputs.contains(layer) || is_reference) {
                let bits = ceil_log2(profiles + 1);
                w.u(bits, c.up_to(profiles));
            }
        }
        if outputs == [1] && depends_on_base {
            w.flag(c.flag());
        }
    }
}

/// Writes the formats of frames, and returns the index of that of the second layer.
fn write_rep_formats(c: &mut Choices<'_>, w: &mut BitWriter) -> (Vec<Format>, u32) {
    let last = w.ue(c.up_to(3));
    let mut formats: Vec<Format> = Vec::new();
    for _ in 0..=last {
        let size = ((1 + c.up_to(240)) * 64, (1 + c.up_to(130)) * 64);
        w.u(16, size.0).u(16, size.1);
        let mut format = Format { size, chroma_format: 1, separate_colour_plane: false, depths: [8; 2] };
        let previous = formats.last();
        if w.flag(previous.is_none() || c.flag()) {
            format.chroma_format = c.up_to(3);
            w.u(2, format.chroma_format);
            format.separate_colour_plane = format.chroma_format == 3 && w.flag(c.flag());
            format.depths = [c.up_to(8) + 8, c.up_to(8) + 8];
            w.u(4, format.depths[0] - 8).u(4, format.depths[1] - 8);
        } else {
            format = Format { size, ..previous.unwrap().clone() };
        }
        if w.flag(c.flag()) {
            (0..4).for_each(|_| {
                w.ue(c.up_to(9));
            });
        }
        formats.push(format);
    }
    let mut format = last.min(1);
    if last > 0 && w.flag(c.flag()) {
        format = c.up_to(last);
        w.u(ceil_log2(last + 1), format);
    }
    (formats, format)
}
