//! Picture parameter sets of every kind, written field by field (ITU-T H.265 7.3.2.3).

use crate::bit_writer::{BitWriter, Choices};
use crate::scaling_list::write_scaling_list_data;
use crate::sps::Sps;

/// The fields that slice headers depend on.
#[derive(Debug)]
pub struct Pps {
    pub dependent_slice_segments_enabled: bool,
    pub output_flag_present: bool,
    pub num_extra_slice_header_bits: u32,
    pub cabac_init_present: bool,
    /// `num_ref_idx_l0_default_active_minus1` and that of list 1, each plus 1.
    pub num_ref_idx_default_active: [u32; 2],
    pub slice_chroma_qp_offsets_present: bool,
    pub weighted_pred: bool,
    pub weighted_bipred: bool,
    /// The greatest `num_entry_point_offsets`, if slices have the field.
    pub max_entry_point_offsets: Option<u32>,
    pub loop_filter_across_slices_enabled: bool,
    pub deblocking_filter_override_enabled: bool,
    pub deblocking_filter_disabled: bool,
    pub lists_modification_present: bool,
    pub slice_segment_header_extension_present: bool,
    pub chroma_qp_offset_list_enabled: bool,
    pub pps_curr_pic_ref_enabled: bool,
    pub slice_act_qp_offsets_present: bool,
}

/// Writes `pic_parameter_set_rbsp` with id 5, for the sequence parameter set with id 3.
pub fn write_pps(c: &mut Choices<'_>, w: &mut BitWriter, sps: &Sps) -> Pps {
    w.ue(5);
    w.ue(3);
    let (dependent_slice_segments_enabled, output_flag_present, num_extra_slice_header_bits) =
        (w.flag(c.flag()), w.flag(c.flag()), c.up_to(7) * c.up_to(1));
    w.u(3, num_extra_slice_header_bits);
    w.flag(c.flag());
    let cabac_init_present = w.flag(c.flag());
    let num_ref_idx_default_active = [w.ue(c.up_to(14)) + 1, w.ue(c.up_to(14)) + 1];
    w.se(-3);
    w.flag(c.flag());
    let transform_skip_enabled = w.flag(c.flag());
    if w.flag(c.flag()) {
        w.ue(0);
    }
    w.se(2);
    w.se(-2);
    let (slice_chroma_qp_offsets_present, weighted_pred, weighted_bipred) =
        (w.flag(c.flag()), w.flag(c.flag()), w.flag(c.flag()));
    w.flag(c.flag());
    let (tiles_enabled, entropy_coding_sync_enabled) = (w.flag(c.flag()), w.flag(c.flag()));
    let mut max_entry_point_offsets = entropy_coding_sync_enabled.then_some(sps.pic_height_in_ctbs - 1);
    if tiles_enabled {
        // One column, and rows of one coding tree block, except the last.
        let (columns, rows) = (w.ue(0), w.ue(c.up_to((sps.pic_height_in_ctbs - 1).min(3))));
        if !w.flag(c.flag()) {
            (0..columns + rows).for_each(|_| {
                w.ue(0);
            });
        }
        w.flag(c.flag());
        max_entry_point_offsets = max_entry_point_offsets.or(Some(rows));
    }
    let loop_filter_across_slices_enabled = w.flag(c.flag());
    let (mut deblocking_filter_override_enabled, mut deblocking_filter_disabled) = (false, false);
    if w.flag(c.flag()) {
        deblocking_filter_override_enabled = w.flag(c.flag());
        deblocking_filter_disabled = w.flag(c.flag());
        if !deblocking_filter_disabled {
            w.se(-1);
            w.se(1);
        }
    }
    if w.flag(c.flag()) {
        write_scaling_list_data(c, w);
    }
    let lists_modification_present = w.flag(c.flag());
    w.ue(0);
    let slice_segment_header_extension_present = w.flag(c.flag());
    let mut pps = Pps {
        dependent_slice_segments_enabled,
        output_flag_present,
        num_extra_slice_header_bits,
        cabac_init_present,
        num_ref_idx_default_active,
        slice_chroma_qp_offsets_present,
        weighted_pred,
        weighted_bipred,
        max_entry_point_offsets,
        loop_filter_across_slices_enabled,
        deblocking_filter_override_enabled,
        deblocking_filter_disabled,
        lists_modification_present,
        slice_segment_header_extension_present,
        chroma_qp_offset_list_enabled: false,
        pps_curr_pic_ref_enabled: false,
        slice_act_qp_offsets_present: false,
    };
    write_pps_extensions(c, w, &mut pps, transform_skip_enabled);
    pps
}

fn write_pps_extensions(c: &mut Choices<'_>, w: &mut BitWriter, pps: &mut Pps, transform_skip_enabled: bool) {
    if !w.flag(c.flag()) {
        return;
    }
    let (range, scc) = (w.flag(c.flag()), c.flag());
    w.u(2, 0);
    w.flag(scc);
    w.u(4, 0);
    if range {
        if transform_skip_enabled {
            w.ue(1);
        }
        w.flag(c.flag());
        pps.chroma_qp_offset_list_enabled = w.flag(c.flag());
        if pps.chroma_qp_offset_list_enabled {
            w.ue(0);
            for _ in 0..=w.ue(c.up_to(5)) {
                w.se(1);
                w.se(-1);
            }
        }
        w.ue(0);
        w.ue(0);
    }
    if scc {
        pps.pps_curr_pic_ref_enabled = w.flag(c.flag());
        if w.flag(c.flag()) {
            pps.slice_act_qp_offsets_present = w.flag(c.flag());
            [-1, 2, 3].into_iter().for_each(|value| w.se(value));
        }
        w.flag(false);
    }
}
