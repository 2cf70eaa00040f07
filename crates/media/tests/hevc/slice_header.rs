//! Slice segment headers of every kind, written field by field (ITU-T H.265 7.3.6.1).

use crate::bit_writer::{BitWriter, Choices, ceil_log2};
use crate::pps::Pps;
use crate::reference_picture_set::{MAX_PICTURES, ShortTermRefPicSet};
use crate::sps::Sps;
use crate::vps::SecondLayer;

/// The second layer and a `TemporalId`, for the slices of that layer (F.7.3.6.1).
pub type InLayer<'a> = Option<(&'a SecondLayer, u32)>;

/// Writes `slice_segment_header` of a NAL unit of this type, without `byte_alignment()`.
pub fn write_slice_segment_header(
    c: &mut Choices<'_>,
    w: &mut BitWriter,
    nal_unit_type: u8,
    (sps, pps): (&Sps, &Pps),
    layer: InLayer<'_>,
) {
    let first = w.flag(c.flag());
    if (16..=23).contains(&nal_unit_type) {
        w.flag(c.flag());
    }
    w.ue(5);
    let mut dependent = false;
    if !first {
        dependent = pps.dependent_slice_segments_enabled && w.flag(c.one_in(3));
        w.u(ceil_log2(sps.pic_size_in_ctbs), 1.min(sps.pic_size_in_ctbs - 1));
    }
    if !dependent {
        write_independent_fields(c, w, nal_unit_type, (sps, pps), layer);
    }
    if let Some(most) = pps.max_entry_point_offsets {
        let count = w.ue(c.up_to(most) * c.up_to(1));
        if count > 0 {
            let bits = w.ue(c.up_to(31)) + 1;
            (0..count).for_each(|_| {
                w.u(bits, c.up_to(1));
            });
        }
    }
    if pps.slice_segment_header_extension_present {
        let bytes = w.ue(c.up_to(12) * c.up_to(1));
        (0..bytes).for_each(|_| {
            w.u(8, c.up_to(4));
        });
    }
}

/// Writes the fields that a dependent slice segment takes from the slice segment before it.
fn write_independent_fields(
    c: &mut Choices<'_>,
    w: &mut BitWriter,
    nal_unit_type: u8,
    (sps, pps): (&Sps, &Pps),
    layer: InLayer<'_>,
) {
    w.u(pps.num_extra_slice_header_bits, c.up_to(127));
    let is_idr = matches!(nal_unit_type, 19 | 20);
    // P and B slices need a reference picture.
    let may_refer = !is_idr || pps.pps_curr_pic_ref_enabled || layer.is_some();
    let at = w.clone();
    let mut slice_type = w.ue(if may_refer { c.up_to(2) } else { 2 });
    let mut total = u32::from(pps.pps_curr_pic_ref_enabled);
    let mut temporal = false;
    // The slice type precedes the fields that decide whether it is possible: without a reference picture it is written again.
    let mut rest = BitWriter::default();
    if pps.output_flag_present {
        rest.flag(c.flag());
    }
    if sps.separate_colour_plane {
        rest.u(2, 1);
    }
    if !is_idr || layer.is_some_and(|(layer, _)| !layer.poc_lsb_not_present) {
        rest.u(sps.pic_order_cnt_lsb_bits, c.up_to(15));
    }
    if !is_idr {
        total += write_reference_pictures(c, &mut rest, sps);
        temporal = sps.temporal_mvp_enabled && rest.flag(c.flag());
    }
    if let Some((layer, temporal_id)) = layer {
        let asks = layer.depends_on_base && !layer.default_ref_layers_active;
        let inter_layer_pred_enabled = if asks { rest.flag(c.flag()) } else { layer.default_ref_layers_active };
        total += u32::from(inter_layer_pred_enabled) * layer.num_ref_layer_pics(temporal_id);
    }
    if total == 0 && slice_type != 2 {
        *w = at;
        slice_type = w.ue(2);
    }
    w.append(&rest);
    let mut filtered = false;
    if sps.sample_adaptive_offset_enabled {
        filtered |= w.flag(c.flag());
        if sps.chroma_array_type != 0 {
            filtered |= w.flag(c.flag());
        }
    }
    if slice_type != 2 {
        write_prediction(c, w, slice_type == 0, total, temporal, sps, pps);
    }
    w.se(-5);
    if pps.slice_chroma_qp_offsets_present {
        w.se(1);
        w.se(0);
    }
    if pps.slice_act_qp_offsets_present {
        [1, -1, 0].into_iter().for_each(|value| w.se(value));
    }
    if pps.chroma_qp_offset_list_enabled {
        w.flag(c.flag());
    }
    let mut disabled = pps.deblocking_filter_disabled;
    if pps.deblocking_filter_override_enabled && w.flag(c.flag()) {
        disabled = w.flag(c.flag());
        if !disabled {
            w.se(3);
            w.se(-3);
        }
    }
    if pps.loop_filter_across_slices_enabled && (filtered || !disabled) {
        w.flag(c.flag());
    }
}

/// Writes the reference picture sets, and returns the number of pictures that the slice may refer to.
fn write_reference_pictures(c: &mut Choices<'_>, w: &mut BitWriter, sps: &Sps) -> u32 {
    let sets = sps.short_term_ref_pic_sets.len() as u32;
    let short_term = if w.flag(sets > 0 && c.flag()) {
        let index = c.up_to(sets - 1);
        w.u(ceil_log2(sets), index);
        sps.short_term_ref_pic_sets[index as usize].clone()
    } else {
        ShortTermRefPicSet::write(c, w, &sps.short_term_ref_pic_sets, true)
    };
    let mut used = short_term.used_pics();
    if let Some(used_by_curr_pic_lt_sps) = &sps.used_by_curr_pic_lt_sps {
        let count = used_by_curr_pic_lt_sps.len() as u32;
        let left = (MAX_PICTURES - short_term.len()) as u32;
        let num_long_term_sps = if count > 0 { w.ue(c.up_to(count.min(left))) } else { 0 };
        let num_long_term_pics = w.ue(c.up_to(2.min(left - num_long_term_sps)));
        for number in 0..num_long_term_sps + num_long_term_pics {
            let is_used = if number < num_long_term_sps {
                let index = c.up_to(count - 1);
                w.u(ceil_log2(count), index);
                used_by_curr_pic_lt_sps[index as usize]
            } else {
                w.u(sps.pic_order_cnt_lsb_bits, c.up_to(15));
                w.flag(c.flag())
            };
            used += u32::from(is_used);
            if w.flag(c.flag()) {
                w.ue(c.up_to(9));
            }
        }
    }
    used
}

fn write_prediction(
    c: &mut Choices<'_>,
    w: &mut BitWriter,
    is_b: bool,
    total: u32,
    temporal: bool,
    sps: &Sps,
    pps: &Pps,
) {
    let mut active = pps.num_ref_idx_default_active;
    let lists = if is_b { 2 } else { 1 };
    if w.flag(c.flag()) {
        for count in &mut active[..lists] {
            *count = w.ue(c.up_to(14)) + 1;
        }
    }
    let mut entries: [Option<Vec<u32>>; 2] = [None, None];
    if pps.lists_modification_present && total > 1 {
        for list in 0..lists {
            if w.flag(c.flag()) {
                let chosen = (0..active[list]).map(|_| c.up_to(total - 1));
                entries[list] = Some(
                    chosen
                        .inspect(|entry| {
                            w.u(ceil_log2(total), *entry);
                        })
                        .collect(),
                );
            }
        }
    }
    if is_b {
        w.flag(c.flag());
    }
    if pps.cabac_init_present {
        w.flag(c.flag());
    }
    if temporal {
        let from_first = !is_b || w.flag(c.flag());
        let count = active[usize::from(!from_first)];
        if count > 1 {
            w.ue(c.up_to(count - 1));
        }
    }
    if if is_b { pps.weighted_bipred } else { pps.weighted_pred } {
        w.ue(c.up_to(7));
        if sps.chroma_array_type != 0 {
            w.se(0);
        }
        for list in 0..lists {
            write_pred_weight_table(
                c,
                w,
                active[list],
                &is_current(list, active[list], total, entries[list].as_deref(), pps),
                sps,
            );
        }
    }
    w.ue(c.up_to(4));
    if sps.motion_vector_resolution_control_idc == 2 {
        w.flag(c.flag());
    }
}

/// Returns which entries of a reference picture list are the current picture (8.3.4).
fn is_current(list: usize, active: u32, total: u32, entries: Option<&[u32]>, pps: &Pps) -> Vec<bool> {
    let length = active.max(total) as usize;
    let mut rps_list_temp = Vec::new();
    while rps_list_temp.len() < length {
        let others = total - u32::from(pps.pps_curr_pic_ref_enabled);
        rps_list_temp.extend((0..others).map(|_| false));
        rps_list_temp.extend(pps.pps_curr_pic_ref_enabled.then_some(true));
    }
    let mut found: Vec<bool> = match entries {
        Some(entries) => entries.iter().map(|entry| rps_list_temp[*entry as usize]).collect(),
        None => rps_list_temp[..active as usize].to_vec(),
    };
    if pps.pps_curr_pic_ref_enabled && entries.is_none() && list == 0 && length > active as usize {
        found[active as usize - 1] = true;
    }
    found
}

/// Writes the flags and weights of one list of `pred_weight_table`.
fn write_pred_weight_table(c: &mut Choices<'_>, w: &mut BitWriter, active: u32, is_current: &[bool], sps: &Sps) {
    let mut flags = [vec![false; active as usize], vec![false; active as usize]];
    for (place, flags) in flags.iter_mut().enumerate() {
        if place == 0 || sps.chroma_array_type != 0 {
            for (flag, is_current) in flags.iter_mut().zip(is_current) {
                *flag = !is_current && w.flag(c.flag());
            }
        }
    }
    for (luma, chroma) in flags[0].iter().zip(&flags[1]) {
        if *luma {
            w.se(3);
            w.se(-3);
        }
        if *chroma {
            [1, -2, 3, -4].into_iter().for_each(|value| w.se(value));
        }
    }
}
