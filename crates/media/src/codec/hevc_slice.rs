//! The slice segment header (ITU-T H.265 7.3.6.1), read for its length.
//!
//! What makes a header long or short lies in the parameter sets and in the header itself: how many pictures it may refer to
//! decides whether lists of them can be rearranged, how many it does refer to decides which fields of motion and weights
//! there are. A dependent slice segment has but its first and its last fields, whatever slice it depends on. The header ends
//! with a one and zeros up to a byte: where they are not, the header was misread, and it is not said to end there.

use super::hevc::{HEADER, ParameterSets};
use super::hevc_references::ReferenceSet;
use super::hevc_sets::{MAX_PICTURE_SETS, PictureSet, SequenceSet};
use super::rbsp::CountingReader;

/// `nal_unit_type` values of the pictures that decoding may start at (table 7-1).
const FIRST_RANDOM_ACCESS: u8 = 16;
const IDR_WITH_LEADING: u8 = 19;
const IDR_WITHOUT_LEADING: u8 = 20;

/// Encoded bytes of the NAL unit header and slice segment header of `nal`, which is a slice segment of type `kind` in the
/// base layer; `None` when it does not parse, or names parameter sets that are not known.
pub(super) fn header_bytes(nal: &[u8], kind: u8, sets: &ParameterSets) -> Option<usize> {
    let mut bits = CountingReader::new(nal, HEADER);
    let is_first_in_picture = bits.flag()?;
    if kind >= FIRST_RANDOM_ACCESS {
        bits.pass(1)?; // no_output_of_prior_pics_flag
    }
    let picture = sets.picture(bits.ue(MAX_PICTURE_SETS)?)?;
    let sequence = sets.sequence(picture.sequence_set)?;
    let mut is_dependent = false;
    if !is_first_in_picture {
        is_dependent = picture.has_dependent_segments && bits.flag()?;
        bits.pass(index_bits(sequence.picture_blocks))?; // slice_segment_address
    }
    let mut header = Header { bits, picture, sequence };
    if !is_dependent {
        header.slice(matches!(kind, IDR_WITH_LEADING | IDR_WITHOUT_LEADING))?;
    }
    header.end()?;
    Some(header.bits.encoded_bytes(nal, HEADER))
}

/// Bits of an index into `count` things: Ceil(Log2(count)).
fn index_bits(count: u32) -> u32 {
    u32::BITS.saturating_sub(count.saturating_sub(1).leading_zeros())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SliceType {
    B,
    P,
    I,
}

/// A header half read, and the parameter sets it names.
struct Header<'a> {
    bits: CountingReader<'a>,
    picture: &'a PictureSet,
    sequence: &'a SequenceSet,
}

impl Header<'_> {
    /// The fields of a slice, which dependent segments take over.
    fn slice(&mut self, is_idr: bool) -> Option<()> {
        let (picture, sequence) = (self.picture, self.sequence);
        self.bits.pass(picture.extra_bits)?; // slice_reserved_flag
        let slice_type = match self.bits.ue(2)? {
            0 => SliceType::B,
            1 => SliceType::P,
            _ => SliceType::I,
        };
        self.bits.pass(u32::from(picture.has_output_flag))?; // pic_output_flag
        self.bits.pass(if sequence.has_separate_planes { 2 } else { 0 })?; // colour_plane_id
        let (mut available, mut has_temporal_motion) = (0, false);
        if !is_idr {
            available = self.reference_pictures()?;
            has_temporal_motion = sequence.has_temporal_motion && self.bits.flag()?;
        }
        let mut is_filtered = false;
        if sequence.has_sample_adaptive_offset {
            let luma = self.bits.flag()?;
            is_filtered = (sequence.has_chroma && self.bits.flag()?) || luma;
        }
        if slice_type != SliceType::I {
            let available = u32::from(picture.refers_to_itself).saturating_add(available);
            self.prediction(slice_type, available, has_temporal_motion)?;
        }
        self.bits.pass_codes(1)?; // slice_qp_delta
        self.bits.pass_codes(if picture.has_chroma_offsets { 2 } else { 0 })?;
        self.bits.pass_codes(if picture.has_colour_transform_offsets { 3 } else { 0 })?;
        self.bits.pass(u32::from(picture.has_chroma_offset_list))?; // cu_chroma_qp_offset_enabled_flag
        let mut is_deblocked = !picture.has_deblocking_disabled;
        if picture.has_deblocking_override && self.bits.flag()? {
            is_deblocked = !self.bits.flag()?;
            self.bits.pass_codes(if is_deblocked { 2 } else { 0 })?; // beta and tc offsets
        }
        if picture.filters_across_slices && (is_filtered || is_deblocked) {
            self.bits.pass(1)?; // slice_loop_filter_across_slices_enabled_flag
        }
        Some(())
    }

    /// The pictures kept for reference; returns how many of them this picture may refer to.
    fn reference_pictures(&mut self) -> Option<u32> {
        let (bits, sequence) = (&mut self.bits, self.sequence);
        bits.pass(sequence.order_count_bits)?; // slice_pic_order_cnt_lsb
        let sets = &sequence.short_term;
        let mut used = if bits.flag()? {
            let index = bits.bits(index_bits(u32::try_from(sets.len()).ok()?))?;
            sets.get(usize::try_from(index).ok()?)?.used()
        } else {
            ReferenceSet::parse(bits, sets, true)?.used()
        };
        if sequence.has_long_term {
            const MAX_LONG_TERM: u32 = 32;
            let listed = &sequence.long_term;
            let count_listed = u32::try_from(listed.len()).ok()?;
            let chosen = if listed.is_empty() { 0 } else { bits.ue(MAX_LONG_TERM)? };
            let written_out = bits.ue(MAX_LONG_TERM)?;
            for number in 0..chosen.saturating_add(written_out) {
                let is_used = if number < chosen {
                    let index = bits.bits(index_bits(count_listed))?;
                    *listed.get(usize::try_from(index).ok()?)?
                } else {
                    bits.pass(sequence.order_count_bits)?; // poc_lsb_lt
                    bits.flag()?
                };
                used = used.saturating_add(u32::from(is_used));
                if bits.flag()? {
                    bits.pass_codes(1)?; // delta_poc_msb_cycle_lt
                }
            }
        }
        Some(used)
    }

    /// The fields of P and B slices. `available` is `NumPicTotalCurr`: the pictures that may be referred to.
    fn prediction(&mut self, slice_type: SliceType, available: u32, has_temporal_motion: bool) -> Option<()> {
        const MAX_REFERENCES_MINUS_1: u32 = 14;
        const MAX_CANDIDATES: u32 = 4;
        let (bits, picture) = (&mut self.bits, self.picture);
        let is_b = slice_type == SliceType::B;
        let mut active = picture.references;
        if bits.flag()? {
            for count in active.iter_mut().take(if is_b { 2 } else { 1 }) {
                *count = bits.ue(MAX_REFERENCES_MINUS_1)?.saturating_add(1);
            }
        }
        let [first, second] = active;
        let lists = if is_b { [first, second] } else { [first, 0] };
        let mut chosen = [None, None];
        if picture.has_list_modification && available > 1 {
            for (chosen, count) in chosen.iter_mut().zip(lists).take(if is_b { 2 } else { 1 }) {
                if bits.flag()? {
                    let entries = (0..count).map(|_| bits.bits(index_bits(available)));
                    *chosen = Some(entries.collect::<Option<Vec<_>>>()?);
                }
            }
        }
        bits.pass(u32::from(is_b))?; // mvd_l1_zero_flag
        bits.pass(u32::from(picture.has_cabac_init))?; // cabac_init_flag
        if has_temporal_motion {
            let is_from_first = !is_b || bits.flag()?; // collocated_from_l0_flag, 1 when it is not there
            if (if is_from_first { first } else { second }) > 1 {
                bits.pass_codes(1)?; // collocated_ref_idx
            }
        }
        if (picture.is_weighted && !is_b) || (picture.is_weighted_both_ways && is_b) {
            self.weights(lists, &chosen, available)?;
        }
        self.bits.ue(MAX_CANDIDATES)?; // five_minus_max_num_merge_cand
        self.bits.pass(u32::from(self.sequence.slice_decides_resolution)) // use_integer_mv_flag
    }

    /// `pred_weight_table` (7.3.6.3). The current picture, where it stands in a list, has no weight.
    fn weights(&mut self, lists: [u32; 2], chosen: &[Option<Vec<u32>>; 2], available: u32) -> Option<()> {
        let (bits, has_chroma) = (&mut self.bits, self.sequence.has_chroma);
        bits.pass_codes(if has_chroma { 2 } else { 1 })?; // denominators
        for (place, (count, chosen)) in lists.into_iter().zip(chosen).enumerate() {
            let others = (0..count).filter(|entry| {
                let is_itself = |entry: u32| entry.checked_rem(available) == available.checked_sub(1);
                let stands_last = place == 0 && available > count && entry.checked_add(1) == Some(count);
                !self.picture.refers_to_itself
                    || match chosen {
                        Some(chosen) => !usize::try_from(*entry)
                            .is_ok_and(|entry| chosen.get(entry).is_some_and(|entry| is_itself(*entry))),
                        None => !is_itself(*entry) && !stands_last,
                    }
            });
            let others = others.count();
            let mut flags = |is_there: bool| -> Option<Vec<bool>> {
                (0..others).map(|_| if is_there { bits.flag() } else { Some(false) }).collect()
            };
            let (luma, chroma) = (flags(true)?, flags(has_chroma)?);
            for (luma, chroma) in luma.into_iter().zip(chroma) {
                bits.pass_codes(if luma { 2 } else { 0 })?; // weight and offset
                bits.pass_codes(if chroma { 4 } else { 0 })?; // the same of two components
            }
        }
        Some(())
    }

    /// The fields every header ends with.
    fn end(&mut self) -> Option<()> {
        const MAX_EXTENSION_BYTES: u32 = 256;
        let bits = &mut self.bits;
        if self.picture.has_entry_points {
            // A substream has a coding tree block at least.
            let entry_points = bits.ue(self.sequence.picture_blocks)?;
            if entry_points > 0 {
                let length = bits.ue(31)?.saturating_add(1);
                bits.pass(entry_points.checked_mul(length)?)?;
            }
        }
        if self.picture.has_header_extension {
            let bytes = bits.ue(MAX_EXTENSION_BYTES)?;
            bits.pass(bytes.checked_mul(8)?)?;
        }
        let is_aligned_by_one = bits.flag()?;
        let zeros = bits.consumed.next_multiple_of(8).checked_sub(bits.consumed)?;
        let zeros = bits.bits(u32::try_from(zeros).ok()?)?;
        (is_aligned_by_one && zeros == 0).then_some(())
    }
}
