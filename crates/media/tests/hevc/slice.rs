//! Slice headers of any kind, written field by field as table 7.3.6.1 of ITU-T H.265 has them.

use crate::bits::{Bits, Choices, index_bits};
use crate::sets::{MOST, Picture, Sequence, reference_set};

/// Everything in a slice segment header that a dependent one leaves out.
pub fn body(c: &mut Choices<'_>, w: &mut Bits, kind: u8, sps: &Sequence, pps: &Picture) {
    w.u(pps.extra_bits, c.up_to(127));
    let is_idr = matches!(kind, 19 | 20);
    // P and B slices need a picture to refer to.
    let may_refer = !is_idr || pps.refers_to_itself;
    let at = w.clone();
    let mut slice_type = w.ue(if may_refer { c.up_to(2) } else { 2 });
    let mut total = u32::from(pps.refers_to_itself);
    let mut temporal = false;
    // The type is written before what says whether it is possible: that is tried, and written again.
    let mut rest = Bits::default();
    let tape = &mut *c;
    if pps.output_flag {
        rest.flag(tape.flag());
    }
    if sps.separate_planes {
        rest.u(2, 1);
    }
    if !is_idr {
        total += references(tape, &mut rest, sps);
        temporal = sps.temporal_motion && rest.flag(tape.flag());
    }
    if total == 0 && slice_type != 2 {
        *w = at;
        slice_type = w.ue(2);
    }
    w.append(&rest);
    let mut filtered = false;
    if sps.sample_adaptive_offset {
        filtered |= w.flag(c.flag());
        if sps.chroma_array_type != 0 {
            filtered |= w.flag(c.flag());
        }
    }
    if slice_type != 2 {
        prediction(c, w, slice_type == 0, total, temporal, sps, pps);
    }
    w.se(-5);
    if pps.chroma_offsets {
        w.se(1);
        w.se(0);
    }
    if pps.colour_transform_offsets {
        [1, -1, 0].into_iter().for_each(|value| w.se(value));
    }
    if pps.chroma_offset_list {
        w.flag(c.flag());
    }
    let mut disabled = pps.deblocking_disabled;
    if pps.deblocking_override && w.flag(c.flag()) {
        disabled = w.flag(c.flag());
        if !disabled {
            w.se(3);
            w.se(-3);
        }
    }
    if pps.filters_across_slices && (filtered || !disabled) {
        w.flag(c.flag());
    }
}

/// The reference pictures of a picture; returns how many it may refer to.
fn references(c: &mut Choices<'_>, w: &mut Bits, sps: &Sequence) -> u32 {
    w.u(sps.order_count_bits, c.up_to(15));
    let sets = sps.short_term.len() as u32;
    let short_term = if w.flag(sets > 0 && c.flag()) {
        let index = c.up_to(sets - 1);
        w.u(index_bits(sets), index);
        sps.short_term[index as usize].clone()
    } else {
        reference_set(c, w, &sps.short_term, true)
    };
    let mut used = short_term.used();
    if let Some(listed) = &sps.long_term {
        let count = listed.len() as u32;
        let left = (MOST - short_term.len()) as u32;
        let chosen = if count > 0 { w.ue(c.up_to(count.min(left))) } else { 0 };
        let others = w.ue(c.up_to(2.min(left - chosen)));
        for number in 0..chosen + others {
            let is_used = if number < chosen {
                let index = c.up_to(count - 1);
                w.u(index_bits(count), index);
                listed[index as usize]
            } else {
                w.u(sps.order_count_bits, c.up_to(15));
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

fn prediction(
    c: &mut Choices<'_>,
    w: &mut Bits,
    is_b: bool,
    total: u32,
    temporal: bool,
    sps: &Sequence,
    pps: &Picture,
) {
    let mut active = pps.references;
    let lists = if is_b { 2 } else { 1 };
    if w.flag(c.flag()) {
        for count in &mut active[..lists] {
            *count = w.ue(c.up_to(14)) + 1;
        }
    }
    let mut entries: [Option<Vec<u32>>; 2] = [None, None];
    if pps.list_modification && total > 1 {
        for list in 0..lists {
            if w.flag(c.flag()) {
                let chosen = (0..active[list]).map(|_| c.up_to(total - 1));
                entries[list] = Some(
                    chosen
                        .inspect(|entry| {
                            w.u(index_bits(total), *entry);
                        })
                        .collect(),
                );
            }
        }
    }
    if is_b {
        w.flag(c.flag());
    }
    if pps.cabac_init {
        w.flag(c.flag());
    }
    if temporal {
        let from_first = !is_b || w.flag(c.flag());
        let count = active[usize::from(!from_first)];
        if count > 1 {
            w.ue(c.up_to(count - 1));
        }
    }
    if if is_b { pps.weighted_both_ways } else { pps.weighted } {
        w.ue(c.up_to(7));
        if sps.chroma_array_type != 0 {
            w.se(0);
        }
        for list in 0..lists {
            weights(c, w, active[list], &is_itself(list, active[list], total, entries[list].as_deref(), pps), sps);
        }
    }
    w.ue(c.up_to(4));
    if sps.vector_resolution == 2 {
        w.flag(c.flag());
    }
}

/// Which entries of a reference picture list are the current picture (8.3.4).
fn is_itself(list: usize, active: u32, total: u32, entries: Option<&[u32]>, pps: &Picture) -> Vec<bool> {
    let length = active.max(total) as usize;
    let mut temporary = Vec::new();
    while temporary.len() < length {
        let others = total - u32::from(pps.refers_to_itself);
        temporary.extend((0..others).map(|_| false));
        temporary.extend(pps.refers_to_itself.then_some(true));
    }
    let mut found: Vec<bool> = match entries {
        Some(entries) => entries.iter().map(|entry| temporary[*entry as usize]).collect(),
        None => temporary[..active as usize].to_vec(),
    };
    if pps.refers_to_itself && entries.is_none() && list == 0 && length > active as usize {
        found[active as usize - 1] = true;
    }
    found
}

fn weights(c: &mut Choices<'_>, w: &mut Bits, active: u32, is_itself: &[bool], sps: &Sequence) {
    let mut flags = [vec![false; active as usize], vec![false; active as usize]];
    for (place, flags) in flags.iter_mut().enumerate() {
        if place == 0 || sps.chroma_array_type != 0 {
            for (flag, is_itself) in flags.iter_mut().zip(is_itself) {
                *flag = !is_itself && w.flag(c.flag());
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
