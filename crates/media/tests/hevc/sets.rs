//! Parameter sets of any kind, written field by field as the syntax tables of ITU-T H.265 have them.

use crate::bits::{Bits, Choices, index_bits};

/// `sps_max_dec_pic_buffering_minus1`: the most pictures that may be kept.
pub const MOST: usize = 15;

/// A short-term reference picture set: distances and whether they are used, as `DeltaPocS0` and `DeltaPocS1` (7.4.8).
#[derive(Debug, Default, Clone)]
pub struct References {
    pub before: Vec<(i32, bool)>,
    pub after: Vec<(i32, bool)>,
}

impl References {
    pub fn used(&self) -> u32 {
        self.before.iter().chain(&self.after).filter(|(_, used)| *used).count() as u32
    }

    pub fn len(&self) -> usize {
        self.before.len() + self.after.len()
    }
}

#[derive(Debug)]
pub struct Sequence {
    pub separate_planes: bool,
    pub chroma_array_type: u32,
    pub order_count_bits: u32,
    /// Coding tree blocks in a picture, and rows of them.
    pub blocks: u32,
    pub rows: u32,
    pub sample_adaptive_offset: bool,
    pub short_term: Vec<References>,
    pub long_term: Option<Vec<bool>>,
    pub temporal_motion: bool,
    pub vector_resolution: u32,
}

#[derive(Debug)]
pub struct Picture {
    pub dependent_segments: bool,
    pub output_flag: bool,
    pub extra_bits: u32,
    pub cabac_init: bool,
    pub references: [u32; 2],
    pub chroma_offsets: bool,
    pub weighted: bool,
    pub weighted_both_ways: bool,
    /// The most entry points a slice may have, where it has any.
    pub entry_points: Option<u32>,
    pub filters_across_slices: bool,
    pub deblocking_override: bool,
    pub deblocking_disabled: bool,
    pub list_modification: bool,
    pub header_extension: bool,
    pub chroma_offset_list: bool,
    pub refers_to_itself: bool,
    pub colour_transform_offsets: bool,
}

/// `seq_parameter_set_rbsp` with id 3.
pub fn sequence(c: &mut Choices<'_>, w: &mut Bits) -> Sequence {
    w.u(4, 0);
    let sub_layers = c.up_to(6);
    w.u(3, sub_layers).u(1, 1);
    profile_tier_level(c, w, sub_layers);
    w.ue(3);
    let chroma_format = w.ue(c.up_to(3));
    let separate_planes = chroma_format == 3 && w.flag(c.flag());
    let (width, height) = (w.ue((1 + c.up_to(240)) * 64), w.ue((1 + c.up_to(130)) * 64));
    if w.flag(c.flag()) {
        (0..4).for_each(|_| {
            w.ue(c.up_to(9));
        });
    }
    let depths = [w.ue(c.up_to(8)) + 8, w.ue(c.up_to(8)) + 8];
    let order_count_bits = w.ue(c.up_to(12)) + 4;
    let per_layer = w.flag(c.flag());
    for _ in if per_layer { 0 } else { sub_layers }..=sub_layers {
        w.ue(15);
        w.ue(c.up_to(15));
        w.ue(c.up_to(5));
    }
    let smallest = w.ue(c.up_to(1)) + 3;
    let log2_block = smallest + w.ue(1 + c.up_to(1));
    let rows = height.div_ceil(1 << log2_block);
    let blocks = width.div_ceil(1 << log2_block) * rows;
    [0, log2_block.min(5) - 2, c.up_to(2), c.up_to(2)].into_iter().for_each(|value| {
        w.ue(value);
    });
    if w.flag(c.flag()) && w.flag(c.flag()) {
        scaling_lists(c, w);
    }
    w.flag(c.flag());
    let sample_adaptive_offset = w.flag(c.flag());
    if w.flag(c.flag()) {
        w.u(4, 7).u(4, 7);
        w.ue(smallest - 3);
        w.ue(log2_block.min(5) - smallest);
        w.flag(c.flag());
    }
    let mut short_term: Vec<References> = Vec::new();
    for _ in 0..w.ue(if c.flag() { c.up_to(64) } else { c.up_to(3) }) {
        let next = reference_set(c, w, &short_term, false);
        short_term.push(next);
    }
    let long_term = w.flag(c.flag()).then(|| {
        let count = w.ue(if c.flag() { c.up_to(32) } else { c.up_to(1) });
        (0..count)
            .map(|_| {
                w.u(order_count_bits, c.up_to(9));
                w.flag(c.flag())
            })
            .collect()
    });
    let temporal_motion = w.flag(c.flag());
    w.flag(c.flag());
    if w.flag(c.flag()) {
        usability(c, w, sub_layers);
    }
    let vector_resolution = sequence_extensions(c, w, chroma_format, depths);
    Sequence {
        separate_planes,
        chroma_array_type: if separate_planes { 0 } else { chroma_format },
        order_count_bits,
        blocks,
        rows,
        sample_adaptive_offset,
        short_term,
        long_term,
        temporal_motion,
        vector_resolution,
    }
}

/// The extensions of a sequence parameter set; returns `motion_vector_resolution_control_idc`.
fn sequence_extensions(c: &mut Choices<'_>, w: &mut Bits, chroma_format: u32, [luma, chroma]: [u32; 2]) -> u32 {
    if !w.flag(c.flag()) {
        return 0;
    }
    let (range, screen) = (w.flag(c.flag()), c.flag());
    w.u(2, 0);
    w.flag(screen);
    w.u(4, 0);
    if range {
        (0..9).for_each(|_| {
            w.flag(c.flag());
        });
    }
    if !screen {
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

/// `pic_parameter_set_rbsp` with id 5, for the sequence parameter set with id 3.
pub fn picture(c: &mut Choices<'_>, w: &mut Bits, sps: &Sequence) -> Picture {
    w.ue(5);
    w.ue(3);
    let (dependent_segments, output_flag, extra_bits) = (w.flag(c.flag()), w.flag(c.flag()), c.up_to(7) * c.up_to(1));
    w.u(3, extra_bits);
    w.flag(c.flag());
    let cabac_init = w.flag(c.flag());
    let references = [w.ue(c.up_to(14)) + 1, w.ue(c.up_to(14)) + 1];
    w.se(-3);
    w.flag(c.flag());
    let skips_transform = w.flag(c.flag());
    if w.flag(c.flag()) {
        w.ue(0);
    }
    w.se(2);
    w.se(-2);
    let (chroma_offsets, weighted, weighted_both_ways) = (w.flag(c.flag()), w.flag(c.flag()), w.flag(c.flag()));
    w.flag(c.flag());
    let (tiles, wavefronts) = (w.flag(c.flag()), w.flag(c.flag()));
    let mut entry_points = wavefronts.then_some(sps.rows - 1);
    if tiles {
        // One column, and rows of one coding tree block but for the last.
        let (columns, rows) = (w.ue(0), w.ue(c.up_to((sps.rows - 1).min(3))));
        if !w.flag(c.flag()) {
            (0..columns + rows).for_each(|_| {
                w.ue(0);
            });
        }
        w.flag(c.flag());
        entry_points = entry_points.or(Some(rows));
    }
    let filters_across_slices = w.flag(c.flag());
    let (mut deblocking_override, mut deblocking_disabled) = (false, false);
    if w.flag(c.flag()) {
        deblocking_override = w.flag(c.flag());
        deblocking_disabled = w.flag(c.flag());
        if !deblocking_disabled {
            w.se(-1);
            w.se(1);
        }
    }
    if w.flag(c.flag()) {
        scaling_lists(c, w);
    }
    let list_modification = w.flag(c.flag());
    w.ue(0);
    let header_extension = w.flag(c.flag());
    let mut own = Picture {
        dependent_segments,
        output_flag,
        extra_bits,
        cabac_init,
        references,
        chroma_offsets,
        weighted,
        weighted_both_ways,
        entry_points,
        filters_across_slices,
        deblocking_override,
        deblocking_disabled,
        list_modification,
        header_extension,
        chroma_offset_list: false,
        refers_to_itself: false,
        colour_transform_offsets: false,
    };
    picture_extensions(c, w, &mut own, skips_transform);
    own
}

fn picture_extensions(c: &mut Choices<'_>, w: &mut Bits, own: &mut Picture, skips_transform: bool) {
    if !w.flag(c.flag()) {
        return;
    }
    let (range, screen) = (w.flag(c.flag()), c.flag());
    w.u(2, 0);
    w.flag(screen);
    w.u(4, 0);
    if range {
        if skips_transform {
            w.ue(1);
        }
        w.flag(c.flag());
        own.chroma_offset_list = w.flag(c.flag());
        if own.chroma_offset_list {
            w.ue(0);
            for _ in 0..=w.ue(c.up_to(5)) {
                w.se(1);
                w.se(-1);
            }
        }
        w.ue(0);
        w.ue(0);
    }
    if screen {
        own.refers_to_itself = w.flag(c.flag());
        if w.flag(c.flag()) {
            own.colour_transform_offsets = w.flag(c.flag());
            [-1, 2, 3].into_iter().for_each(|value| w.se(value));
        }
        w.flag(false);
    }
}

/// `st_ref_pic_set`; what it comes to is worked out as the equations 7-61 and 7-62 are written.
pub fn reference_set(c: &mut Choices<'_>, w: &mut Bits, before: &[References], in_slice: bool) -> References {
    if before.is_empty() || !w.flag(c.flag()) {
        let mut own = References::default();
        let count = w.ue(c.up_to(8));
        let after = w.ue(c.up_to(7));
        for (count, direction, list) in [(count, -1, &mut own.before), (after, 1, &mut own.after)] {
            let mut distance = 0;
            for _ in 0..count {
                distance += direction * (w.ue(c.up_to(40)) as i32 + 1);
                list.push((distance, w.flag(c.flag())));
            }
        }
        return own;
    }
    let back = if in_slice { w.ue(c.up_to(before.len() as u32 - 1)) as usize } else { 0 };
    let of = &before[before.len() - 1 - back];
    let negative = w.flag(c.flag());
    let moved = w.ue(c.up_to(20)) as i32 + 1;
    let moved = if negative { -moved } else { moved };
    let flags: Vec<(bool, bool)> = (0..=of.len())
        .map(|_| {
            // No set may outgrow the buffer: what might is left out.
            let used = w.flag(c.flag() && of.len() < MOST);
            (used, used || w.flag(c.flag() && of.len() < MOST))
        })
        .collect();
    let (negatives, all) = (of.before.len(), of.len());
    let mut own = References::default();
    let keep = |list: &mut Vec<(i32, bool)>, distance: i32, flag: usize| {
        if flags[flag].1 {
            list.push((distance, flags[flag].0));
        }
    };
    for (j, (distance, _)) in of.after.iter().enumerate().rev().filter(|(_, (d, _))| d + moved < 0) {
        keep(&mut own.before, distance + moved, negatives + j);
    }
    if moved < 0 {
        keep(&mut own.before, moved, all);
    }
    for (j, (distance, _)) in of.before.iter().enumerate().filter(|(_, (d, _))| d + moved < 0) {
        keep(&mut own.before, distance + moved, j);
    }
    for (j, (distance, _)) in of.before.iter().enumerate().rev().filter(|(_, (d, _))| d + moved > 0) {
        keep(&mut own.after, distance + moved, j);
    }
    if moved > 0 {
        keep(&mut own.after, moved, all);
    }
    for (j, (distance, _)) in of.after.iter().enumerate().filter(|(_, (d, _))| d + moved > 0) {
        keep(&mut own.after, distance + moved, negatives + j);
    }
    own
}

fn profile_tier_level(c: &mut Choices<'_>, w: &mut Bits, sub_layers: u32) {
    w.u(8, 1).u(32, 0x6000_0000).u(32, 0x9000_0000).u(16, 0).u(8, 120);
    let present: Vec<_> = (0..sub_layers).map(|_| (w.flag(c.flag()), w.flag(c.flag()))).collect();
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

fn scaling_lists(c: &mut Choices<'_>, w: &mut Bits) {
    for size in 0..4 {
        for matrix in (0..6).step_by(if size == 3 { 3 } else { 1 }) {
            if w.flag(c.seldom(4)) {
                if size > 1 {
                    w.se(8);
                }
                (0..64.min(1 << (4 + (size << 1)))).for_each(|_| w.se(0));
            } else {
                w.ue(if size == 3 { matrix / 3 } else { c.up_to(matrix) });
            }
        }
    }
}

fn usability(c: &mut Choices<'_>, w: &mut Bits, sub_layers: u32) {
    if w.flag(c.flag()) {
        if c.flag() {
            w.u(8, 255).u(16, 4).u(16, 3);
        } else {
            w.u(8, 1);
        }
    }
    if w.flag(c.flag()) {
        w.flag(c.flag());
    }
    if w.flag(c.flag()) {
        w.u(3, 5).u(1, 0);
        if w.flag(c.flag()) {
            w.u(8, 9).u(8, 16).u(8, 9);
        }
    }
    if w.flag(c.flag()) {
        w.ue(c.up_to(5));
        w.ue(c.up_to(5));
    }
    w.u(3, 0);
    if w.flag(c.flag()) {
        (0..4).for_each(|_| {
            w.ue(0);
        });
    }
    if w.flag(c.flag()) {
        w.u(32, 1001).u(32, 60_000);
        if w.flag(c.flag()) {
            w.ue(0);
        }
        if w.flag(c.flag()) {
            reference_decoder(c, w, sub_layers);
        }
    }
    if w.flag(c.flag()) {
        w.u(3, 3);
        [0, 2, 1, 15, 15].into_iter().for_each(|value| {
            w.ue(value);
        });
    }
}

fn reference_decoder(c: &mut Choices<'_>, w: &mut Bits, sub_layers: u32) {
    let (units, slices) = (w.flag(c.flag()), w.flag(c.flag()));
    let mut sub_pictures = false;
    if units || slices {
        sub_pictures = w.flag(c.flag());
        if sub_pictures {
            w.u(8, 1).u(5, 2).u(1, 1).u(5, 3);
        }
        w.u(4, 1).u(4, 1);
        if sub_pictures {
            w.u(4, 1);
        }
        w.u(5, 23).u(5, 23).u(5, 23);
    }
    for _ in 0..=sub_layers {
        let general = w.flag(c.flag());
        let within = general || w.flag(c.flag());
        let mut low_delay = false;
        if within {
            w.ue(0);
        } else {
            low_delay = w.flag(c.flag());
        }
        let buffers = if low_delay { 1 } else { w.ue(c.up_to(2)) + 1 };
        for _ in 0..u32::from(units) + u32::from(slices) {
            for buffer in 0..buffers {
                w.ue(10_000 + buffer);
                w.ue(20_000 - buffer);
                if sub_pictures {
                    w.ue(5 - buffer);
                    w.ue(5 + buffer);
                }
                w.flag(c.flag());
            }
        }
    }
}

/// `slice_segment_header` of a NAL unit of type `kind`, without what aligns it.
pub fn slice(c: &mut Choices<'_>, w: &mut Bits, kind: u8, sps: &Sequence, pps: &Picture) {
    let first = w.flag(c.flag());
    if (16..=23).contains(&kind) {
        w.flag(c.flag());
    }
    w.ue(5);
    let mut dependent = false;
    if !first {
        dependent = pps.dependent_segments && w.flag(c.seldom(3));
        w.u(index_bits(sps.blocks), 1.min(sps.blocks - 1));
    }
    if !dependent {
        crate::slice::body(c, w, kind, sps, pps);
    }
    if let Some(most) = pps.entry_points {
        let count = w.ue(c.up_to(most) * c.up_to(1));
        if count > 0 {
            let bits = w.ue(c.up_to(31)) + 1;
            (0..count).for_each(|_| {
                w.u(bits, c.up_to(1));
            });
        }
    }
    if pps.header_extension {
        let bytes = w.ue(c.up_to(12) * c.up_to(1));
        (0..bytes).for_each(|_| {
            w.u(8, c.up_to(4));
        });
    }
}
