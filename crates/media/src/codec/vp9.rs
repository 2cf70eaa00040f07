//! VP9: its configuration, and the frame data that may be encrypted.
//!
//! The binding to ISO files (VP Codec ISO Media File Format Binding 2.4) defines protection by `cenc` alone: the uncompressed
//! header of each frame stays clear, and so does the index at the end of a superframe; what is between them is protected. For
//! `cbcs` nothing is defined, and players do not agree, so a track in VP9 is refused then.
//!
//! How long an uncompressed header is depends on its fields, and on one thing before it: the sizes of the frames it refers to,
//! from which follows how many columns of tiles there may be.

use std::iter;
use std::ops::Range;

use super::bits::Bits;
use super::visual::Visual;
use super::{Colour, ProtectionRule, SampleEntry};
use crate::isobmff::BoxView;
use crate::{Error, Result};

/// Reads a `vp09` entry with its `VPCodecConfigurationBox`.
pub(super) fn sample_entry<'a>(entry: &BoxView<'a>) -> Result<SampleEntry<'a>> {
    let mut visual = Visual::parse(entry)?;
    let vpcc = visual.child(b"vpcC")?.ok_or(entry.malformed("it has no vpcC box"))?;
    let (_, _, mut reader) = vpcc.full()?;
    let fields: [u8; 6] = reader.array()?;
    let [_, _, _, colour @ ..] = fields;
    visual.or_colour(|| Colour::of(colour));
    Ok(SampleEntry::picture(entry.kind, codecs(fields), visual.facts, ProtectionRule::Vp9, visual.body))
}

/// What is not said is 4:2:0 with chroma between the lines, BT.709, in limited range.
const DEFAULT_COLOURS: &str = ".01.01.01.01.00";

/// `vp09.PP.LL.DD`, and the colours where they are not the default, from profile, level, depth and subsampling and range,
/// primaries, transfer, matrix.
fn codecs([profile, level, packed, primaries, transfer, matrix]: [u8; 6]) -> String {
    let (depth, subsampling, full_range) = (packed >> 4, (packed >> 1) & 7, packed & 1);
    let colours = format!(".{subsampling:02}.{primaries:02}.{transfer:02}.{matrix:02}.{full_range:02}");
    let colours = if colours == DEFAULT_COLOURS { "" } else { &colours };
    format!("vp09.{profile:02}.{level:02}.{depth:02}{colours}")
}

/// The parser of one segment's samples.
#[derive(Debug, Default)]
pub struct Vp9Parser {
    /// Widths of the frames in the slots: a key frame fills them all.
    widths: [Option<u32>; 8],
}

impl Vp9Parser {
    /// Appends the ranges of `sample` that hold compressed data to `protected`, in order and apart.
    ///
    /// Must be called on a segment's samples in decode order. `offset` is where the sample lies in the file, for errors.
    ///
    /// # Errors
    /// [`Error::MalformedSample`] when an uncompressed header does not parse.
    pub fn protected_ranges(&mut self, sample: &[u8], offset: u64, protected: &mut Vec<Range<usize>>) -> Result<()> {
        for frame in frames(sample) {
            let bytes = sample.get(frame.clone()).unwrap_or_default();
            let header = self.header(bytes).ok_or(Error::MalformedSample {
                offset,
                reason: "an uncompressed header does not parse, or refers to a frame its segment does not have",
            })?;
            let data = frame.start.saturating_add(header)..frame.end;
            if !data.is_empty() {
                protected.push(data);
            }
        }
        Ok(())
    }

    /// Reads `uncompressed_header` (VP9 6.2), and returns its length in bytes.
    fn header(&mut self, frame: &[u8]) -> Option<usize> {
        let mut header = Header { bits: Bits::new(frame), widths: &mut self.widths };
        header.read()?;
        Some(header.bits.bytes_read())
    }
}

/// The frames of a sample: those of the index at its end (VP9 annex B), or all of it. Frames of no bytes are left out.
fn frames(sample: &[u8]) -> Vec<Range<usize>> {
    indexed(sample).unwrap_or_else(|| iter::once(0..sample.len()).collect())
}

fn indexed(sample: &[u8]) -> Option<Vec<Range<usize>>> {
    let marker = *sample.last()?;
    if marker & 0xe0 != 0xc0 {
        return None;
    }
    let (count, width) = (usize::from(marker & 7).checked_add(1)?, usize::from((marker >> 3) & 3).checked_add(1)?);
    let index = count.checked_mul(width)?.checked_add(2)?;
    let index_start = sample.len().checked_sub(index)?;
    let sizes = sample.get(index_start..)?.split_first().filter(|(first, _)| **first == marker)?.1;
    let mut position = 0_usize;
    let mut frames = Vec::new();
    for size in sizes.chunks_exact(width).take(count) {
        let size = size.iter().rev().fold(0_usize, |size, byte| (size << 8) | usize::from(*byte));
        let end = position.checked_add(size).filter(|end| *end <= index_start)?;
        frames.extend((size > 0).then_some(position..end));
        position = end;
    }
    Some(frames)
}

/// A header being read.
struct Header<'r, 'a> {
    bits: Bits<'a>,
    widths: &'r mut [Option<u32>; 8],
}

/// `frame_sync_code`.
const SYNC_CODE: u32 = 0x49_83_42;

impl Header<'_, '_> {
    fn read(&mut self) -> Option<()> {
        if self.bits.take(2)? != 2 {
            return None; // frame_marker
        }
        let (low, high) = (self.bits.take(1)?, self.bits.take(1)?);
        let profile = (high << 1) | low;
        if profile == 3 {
            self.bits.skip(1)?;
        }
        if self.bits.flag()? {
            return self.bits.skip(3); // show_existing_frame: frame_to_show_map_idx
        }
        let is_key = !self.bits.flag()?;
        let (show_frame, error_resilient) = (self.bits.flag()?, self.bits.flag()?);
        let mut refresh = u8::MAX;
        let width = if is_key {
            self.sync_code()?;
            self.color_config(profile)?;
            let width = self.frame_size()?;
            self.render_size()?;
            width
        } else {
            let intra_only = !show_frame && self.bits.flag()?;
            if !error_resilient {
                self.bits.skip(2)?; // reset_frame_context
            }
            if intra_only {
                self.sync_code()?;
                if profile > 0 {
                    self.color_config(profile)?;
                }
                refresh = self.bits.byte(8)?;
                let width = self.frame_size()?;
                self.render_size()?;
                width
            } else {
                refresh = self.bits.byte(8)?;
                self.inter()?
            }
        };
        if !error_resilient {
            self.bits.skip(2)?; // refresh_frame_context, frame_parallel_decoding_mode
        }
        self.bits.skip(2)?; // frame_context_idx
        self.loop_filter_params()?;
        self.bits.skip(8)?; // base_q_idx
        for _ in 0..3 {
            self.optional(4)?;
        }
        self.segmentation_params()?;
        self.tile_info(width)?;
        if self.bits.take(16)? == 0 {
            return None; // header_size_in_bytes
        }
        for slot in self.widths.iter_mut() {
            if refresh & 1 == 1 {
                *slot = Some(width);
            }
            refresh >>= 1;
        }
        Some(())
    }

    /// From `ref_frame_idx` to the interpolation filter; the width of the frame.
    fn inter(&mut self) -> Option<u32> {
        let mut slots = [0; 3];
        for slot in &mut slots {
            *slot = usize::try_from(self.bits.take(3)?).ok()?;
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
            None => self.frame_size()?,
        };
        self.render_size()?;
        self.bits.skip(1)?; // allow_high_precision_mv
        let is_filter_switchable = self.bits.flag()?;
        if !is_filter_switchable {
            self.bits.skip(2)?; // raw_interpolation_filter
        }
        Some(width)
    }

    fn sync_code(&mut self) -> Option<()> {
        (self.bits.take(24)? == SYNC_CODE).then_some(())
    }

    fn color_config(&mut self, profile: u32) -> Option<()> {
        const RGB: u32 = 7;
        if profile >= 2 {
            self.bits.skip(1)?; // ten_or_twelve_bit
        }
        let is_rgb = self.bits.take(3)? == RGB;
        match (is_rgb, profile) {
            (false, 1 | 3) => self.bits.skip(4), // color_range, subsampling_x, subsampling_y, reserved
            (false, _) | (true, 1 | 3) => self.bits.skip(1), // color_range; reserved
            (true, _) => Some(()),
        }
    }

    /// `frame_size`; the width.
    fn frame_size(&mut self) -> Option<u32> {
        let width = self.bits.take(16)?.saturating_add(1);
        self.bits.skip(16)?;
        Some(width)
    }

    fn render_size(&mut self) -> Option<()> {
        let differs = self.bits.flag()?;
        if differs { self.bits.skip(32) } else { Some(()) }
    }

    /// A field of `width` bits and a sign that may be left out.
    fn optional(&mut self, width: usize) -> Option<()> {
        let is_there = self.bits.flag()?;
        if is_there { self.bits.skip(width.saturating_add(1)) } else { Some(()) }
    }

    fn loop_filter_params(&mut self) -> Option<()> {
        self.bits.skip(9)?; // loop_filter_level, loop_filter_sharpness
        let delta_enabled = self.bits.flag()?;
        if delta_enabled && self.bits.flag()? {
            // Four for references, two for modes.
            for _ in 0..6 {
                self.optional(6)?;
            }
        }
        Some(())
    }

    fn segmentation_params(&mut self) -> Option<()> {
        /// Bits of a feature and its sign.
        const FEATURES: [usize; 4] = [9, 7, 2, 0];
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
                for width in FEATURES {
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

    /// `tile_info`: the number of columns as an exponent, written as so many ones up to the most.
    fn tile_info(&mut self, width: u32) -> Option<()> {
        // In superblocks of 64 pixels: a tile is 4 wide at least, 64 at most.
        let superblocks = width.div_ceil(64);
        let mut least = 0_u32;
        while 64_u32.checked_shl(least)? < superblocks {
            least = least.saturating_add(1);
        }
        let mut most = 1_u32;
        while superblocks.checked_shr(most)? >= 4 {
            most = most.saturating_add(1);
        }
        let mut log2 = least;
        while log2 < most.saturating_sub(1) && self.bits.flag()? {
            log2 = log2.saturating_add(1);
        }
        let has_rows = self.bits.flag()?;
        if has_rows { self.bits.skip(1) } else { Some(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_codecs_string_says_no_more_than_it_must() {
        assert_eq!(codecs([0, 31, 0x82, 1, 1, 1]), "vp09.00.31.08");
        assert_eq!(codecs([2, 10, 0xa3, 9, 16, 9]), "vp09.02.10.10.01.09.16.09.01");
    }

    #[test]
    fn a_superframe_is_divided_by_its_index() {
        assert_eq!(frames(&[1, 2, 3, 4, 5, 0xc1, 2, 3, 0xc1]), [0..2, 2..5]);
        assert_eq!(frames(&[1, 2, 3, 0xc9, 1, 0, 2, 0, 0xc9]), [0..1, 1..3]);
        assert_eq!(frames(&[1, 2, 3, 0xc1, 2, 3, 0xc1]), [0..7], "an index of more than there is is none");
        assert_eq!(frames(&[1, 2, 3]), [0..3]);
    }
}
