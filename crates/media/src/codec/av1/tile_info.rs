//! The tile layout of a frame (AV1 5.9.15).

use super::frame_reader::FrameReader;
use crate::codec::bit_reader::ceil_log2;

/// `MAX_TILE_WIDTH` in pixels (3).
const MAX_TILE_WIDTH: u32 = 4096;
/// `MAX_TILE_AREA` in pixels (3).
const MAX_TILE_AREA: u32 = 4096 * 2304;
/// `MAX_TILE_COLS` and `MAX_TILE_ROWS` (3).
const MAX_TILE_COLS: u32 = 64;

/// The properties of the tile layout that tile groups depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TileInfo {
    /// `NumTiles`.
    pub(super) num_tiles: u32,
    /// `tileBits`, bits of a tile's number: `TileColsLog2` plus `TileRowsLog2`.
    pub(super) tile_bits: u32,
    /// `TileSizeBytes`.
    pub(super) tile_size_bytes: u32,
}

impl FrameReader<'_, '_> {
    /// Parses `tile_info`.
    pub(super) fn tile_info(&mut self) -> Option<TileInfo> {
        let superblock_log2 = if self.sequence_header.use_128x128_superblock { 7 } else { 6 };
        // Sizes are rounded up to units of eight pixels first, and then to superblocks.
        let superblocks = |pixels: u32| {
            let eights = pixels.div_ceil(8);
            eights.div_ceil(if superblock_log2 == 7 { 16 } else { 8 })
        };
        let (columns, rows) = (superblocks(self.size.width), superblocks(self.size.height));
        let max_width = MAX_TILE_WIDTH >> superblock_log2;
        let max_area = MAX_TILE_AREA >> superblock_log2 >> superblock_log2;
        let area = columns.checked_mul(rows)?;
        let min_log2_cols = tile_log2(max_width, columns);
        let min_log2_tiles = min_log2_cols.max(tile_log2(max_area, area));
        let uniform_tile_spacing = self.bits.flag()?;
        let (tile_cols, tile_rows) = if uniform_tile_spacing {
            let tile_cols = self.uniform_tiles(columns, min_log2_cols)?;
            // This saturates at zero, because the columns alone may be enough.
            let min_log2_rows = min_log2_tiles.saturating_sub(tile_cols.log2);
            (tile_cols, self.uniform_tiles(rows, min_log2_rows)?)
        } else {
            let tile_cols = self.explicit_tiles(columns, max_width)?;
            let max_area = if min_log2_tiles > 0 { area.checked_shr(min_log2_tiles.checked_add(1)?)? } else { area };
            let max_height = max_area.checked_div(tile_cols.widest)?.max(1);
            (tile_cols, self.explicit_tiles(rows, max_height)?)
        };
        let tile_bits = tile_cols.log2.checked_add(tile_rows.log2)?;
        let mut tile_size_bytes = 0;
        if tile_bits > 0 {
            self.bits.bits(tile_bits)?; // context_update_tile_id
            tile_size_bytes = self.bits.bits(2)?.checked_add(1)?; // tile_size_bytes_minus_1
        }
        Some(TileInfo { num_tiles: tile_cols.count.checked_mul(tile_rows.count)?, tile_bits, tile_size_bytes })
    }

    /// Parses the number of tile columns or rows of the same size: `increment_tile_cols_log2` or `increment_tile_rows_log2`.
    fn uniform_tiles(&mut self, superblocks: u32, min_log2: u32) -> Option<TileDivision> {
        let max_log2 = ceil_log2(superblocks.min(MAX_TILE_COLS));
        let mut log2 = min_log2;
        while log2 < max_log2 && self.bits.flag()? {
            log2 = log2.checked_add(1)?;
        }
        let widest = superblocks.div_ceil(1_u32.checked_shl(log2)?);
        let count = superblocks.checked_add(widest)?.checked_sub(1)?.checked_div(widest)?;
        Some(TileDivision { count, log2, widest })
    }

    /// Parses the size of each tile column or row, at most `most` superblocks: `width_in_sbs_minus_1` or
    /// `height_in_sbs_minus_1`.
    fn explicit_tiles(&mut self, superblocks: u32, most: u32) -> Option<TileDivision> {
        let (mut rest, mut count, mut widest) = (superblocks, 0_u32, 0);
        while rest > 0 {
            let size = self.bits.non_symmetric(rest.min(most))?.checked_add(1)?;
            widest = widest.max(size);
            rest = rest.checked_sub(size)?;
            count = count.checked_add(1)?;
        }
        (count <= MAX_TILE_COLS).then_some(TileDivision { count, log2: ceil_log2(count), widest })
    }
}

/// The tile columns or the tile rows of a frame.
#[derive(Clone, Copy)]
struct TileDivision {
    count: u32,
    log2: u32,
    /// Superblocks of the widest column or the highest row.
    widest: u32,
}

/// Returns the smallest k such that `block << k` is at least `target` (`tile_log2`).
fn tile_log2(block: u32, target: u32) -> u32 {
    ceil_log2(target.div_ceil(block))
}
