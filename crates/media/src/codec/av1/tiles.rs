//! Tiles: how a frame is divided (AV1 5.9.15), and where each lies in a tile group (5.11.1).

use std::ops::Range;

use super::frame::FrameReader;
use crate::codec::bits::Bits;

/// `MAX_TILE_WIDTH`, `MAX_TILE_AREA` in pixels; `MAX_TILE_COLS` and `MAX_TILE_ROWS` (3).
const MAX_TILE_WIDTH: u32 = 4096;
const MAX_TILE_AREA: u32 = 4096 * 2304;
const MAX_TILES_ACROSS: u32 = 64;

/// The division of a frame, as far as tile groups depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TileInfo {
    /// `NumTiles`.
    pub(super) count: u32,
    /// `TileColsLog2` and `TileRowsLog2` together: bits of a tile's number.
    number_bits: u32,
    /// `TileSizeBytes`.
    size_bytes: u32,
}

impl FrameReader<'_, '_> {
    /// `tile_info`.
    pub(super) fn tile_info(&mut self) -> Option<TileInfo> {
        let superblock_log2 = if self.sequence.use_128x128_superblock { 7 } else { 6 };
        // A frame is counted in units of eight pixels first, and those in superblocks.
        let superblocks = |pixels: u32| {
            let eights = pixels.div_ceil(8);
            eights.div_ceil(if superblock_log2 == 7 { 16 } else { 8 })
        };
        let (columns, rows) = (superblocks(self.size.width), superblocks(self.size.height));
        let max_width = MAX_TILE_WIDTH >> superblock_log2;
        let max_area = MAX_TILE_AREA >> superblock_log2 >> superblock_log2;
        let area = columns.checked_mul(rows)?;
        let min_columns_log2 = tile_log2(max_width, columns);
        let min_log2 = min_columns_log2.max(tile_log2(max_area, area));
        let is_uniform = self.bits.flag()?;
        let (across, down) = if is_uniform {
            let across = self.uniform(columns, min_columns_log2)?;
            (across, self.uniform(rows, min_log2.saturating_sub(across.log2))?)
        } else {
            let across = self.listed(columns, max_width)?;
            let max_area = if min_log2 > 0 { area.checked_shr(min_log2.saturating_add(1))? } else { area };
            let max_height = max_area.checked_div(across.widest)?.max(1);
            (across, self.listed(rows, max_height)?)
        };
        let number_bits = across.log2.saturating_add(down.log2);
        let mut size_bytes = 0;
        if number_bits > 0 {
            self.bits.take(number_bits)?; // context_update_tile_id
            size_bytes = self.bits.take(2)?.saturating_add(1);
        }
        Some(TileInfo { count: across.count.checked_mul(down.count)?, number_bits, size_bytes })
    }

    /// Tiles of one size, as many as a power of two at least: the exponent is written as so many ones.
    fn uniform(&mut self, superblocks: u32, least_log2: u32) -> Option<Division> {
        let most_log2 = tile_log2(1, superblocks.min(MAX_TILES_ACROSS));
        let mut log2 = least_log2;
        while log2 < most_log2 && self.bits.flag()? {
            log2 = log2.saturating_add(1);
        }
        let widest = superblocks.div_ceil(1_u32.checked_shl(log2)?);
        Some(Division { count: superblocks.checked_add(widest)?.checked_sub(1)?.checked_div(widest)?, log2, widest })
    }

    /// Tiles each of a size of its own, at most `most`.
    fn listed(&mut self, superblocks: u32, most: u32) -> Option<Division> {
        let (mut rest, mut count, mut widest) = (superblocks, 0_u32, 0);
        while rest > 0 {
            let size = self.bits.non_symmetric(rest.min(most))?.saturating_add(1);
            widest = widest.max(size);
            rest = rest.saturating_sub(size);
            count = count.saturating_add(1);
        }
        (count <= MAX_TILES_ACROSS).then_some(Division { count, log2: tile_log2(1, count), widest })
    }
}

/// One direction of the division.
#[derive(Clone, Copy)]
struct Division {
    count: u32,
    log2: u32,
    /// Superblocks of the widest tile.
    widest: u32,
}

/// `tile_log2`: the smallest k such that `block << k` is at least `target`.
fn tile_log2(block: u32, target: u32) -> u32 {
    let (mut size, mut log2) = (u64::from(block.max(1)), 0_u32);
    while size < u64::from(target) {
        size <<= 1;
        log2 = log2.saturating_add(1);
    }
    log2
}

/// Appends the place of each tile of the tile group in `sample[group]` to `tiles`; returns whether it is the last group of the
/// frame, or `None` when a tile does not fit.
pub(super) fn tile_group(
    sample: &[u8],
    group: Range<usize>,
    info: &TileInfo,
    tiles: &mut Vec<Range<usize>>,
) -> Option<bool> {
    let mut bits = Bits::new(sample.get(group.clone())?);
    let (mut first, mut last) = (0, info.count.checked_sub(1)?);
    if info.count > 1 && bits.flag()? {
        (first, last) = (bits.take(info.number_bits)?, bits.take(info.number_bits)?);
    }
    if first > last || last >= info.count {
        return None;
    }
    let mut position = group.start.checked_add(bits.bytes_read())?;
    for _ in first..last {
        let size_end = position.checked_add(usize::try_from(info.size_bytes).ok()?)?;
        let field = sample.get(position..size_end.min(group.end))?;
        // The size is written less one, its least significant byte first.
        let size = field.iter().rev().fold(0_usize, |size, byte| (size << 8) | usize::from(*byte)).checked_add(1)?;
        let end = size_end.checked_add(size).filter(|end| *end < group.end)?;
        tiles.push(size_end..end);
        position = end;
    }
    if position >= group.end {
        return None;
    }
    tiles.push(position..group.end);
    Some(last.saturating_add(1) == info.count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_lie_behind_their_sizes_and_the_last_takes_the_rest() {
        let info = TileInfo { count: 4, number_bits: 2, size_bytes: 2 };
        let (mut tiles, group) = (vec![], [0, 1, 0, 9, 9, 0, 0, 8, 2, 0, 7, 7, 7, 6, 6]);
        assert_eq!(tile_group(&group, 0..15, &info, &mut tiles), Some(true));
        assert_eq!(tiles, [3..5, 7..8, 10..13, 13..15]);

        // Tiles 1 and 2 alone: 1, 01, 10
        let (mut tiles, group) = (vec![], [0b1011_0000, 0, 0, 9, 8]);
        assert_eq!(tile_group(&group, 0..5, &info, &mut tiles), Some(false));
        assert_eq!(tiles, [3..4, 4..5]);
        assert_eq!(tile_group(&group[..4], 0..4, &info, &mut vec![]), None, "no byte for the last");
        assert_eq!(tile_group(&[0b1100_1000, 1, 1], 0..3, &info, &mut vec![]), None, "from 2 to 1");
    }

    #[test]
    fn a_lone_tile_is_all_of_its_group() {
        let mut tiles = vec![];
        let info = TileInfo { count: 1, number_bits: 0, size_bytes: 0 };
        assert_eq!(tile_group(&[1, 2, 3], 1..3, &info, &mut tiles), Some(true));
        assert_eq!(tiles, [1..3]);
    }
}
