//! Tile groups (AV1 5.11.1): the byte range of each tile.

use std::ops::Range;

use super::tile_info::TileInfo;
use crate::codec::bit_reader::BitReader;

/// Appends the range of each tile of the tile group in `sample[group]` to `tiles`. Returns whether it is the last tile group of
/// the frame, or `None` when a tile does not fit.
pub(super) fn tile_group(
    sample: &[u8],
    group: Range<usize>,
    tile_info: &TileInfo,
    tiles: &mut Vec<Range<usize>>,
) -> Option<bool> {
    let mut bits = BitReader::new(sample.get(group.clone())?);
    let (mut tg_start, mut tg_end) = (0, tile_info.num_tiles.checked_sub(1)?);
    let tile_start_and_end_present = tile_info.num_tiles > 1 && bits.flag()?;
    if tile_start_and_end_present {
        (tg_start, tg_end) = (bits.bits(tile_info.tile_bits)?, bits.bits(tile_info.tile_bits)?);
    }
    if tg_start > tg_end || tg_end >= tile_info.num_tiles {
        return None;
    }
    let mut position = group.start.checked_add(bits.bytes_read())?;
    for _ in tg_start..tg_end {
        let size_end = position.checked_add(usize::try_from(tile_info.tile_size_bytes).ok()?)?;
        let field = sample.get(position..size_end.min(group.end))?;
        // tile_size_minus_1, least significant byte first
        let size = field.iter().rev().fold(0_usize, |size, byte| (size << 8) | usize::from(*byte)).checked_add(1)?;
        let end = size_end.checked_add(size).filter(|end| *end < group.end)?;
        tiles.push(size_end..end);
        position = end;
    }
    if position >= group.end {
        return None;
    }
    tiles.push(position..group.end);
    Some(tg_end.checked_add(1)? == tile_info.num_tiles)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_follow_their_sizes_and_the_last_takes_the_rest() {
        let tile_info = TileInfo { num_tiles: 4, tile_bits: 2, tile_size_bytes: 2 };
        let (mut tiles, group) = (vec![], [0, 1, 0, 9, 9, 0, 0, 8, 2, 0, 7, 7, 7, 6, 6]);
        assert_eq!(tile_group(&group, 0..15, &tile_info, &mut tiles), Some(true));
        assert_eq!(tiles, [3..5, 7..8, 10..13, 13..15]);

        // Only tiles 1 and 2: 1, 01, 10
        let (mut tiles, group) = (vec![], [0b1011_0000, 0, 0, 9, 8]);
        assert_eq!(tile_group(&group, 0..5, &tile_info, &mut tiles), Some(false));
        assert_eq!(tiles, [3..4, 4..5]);
        assert_eq!(tile_group(&group[..4], 0..4, &tile_info, &mut vec![]), None, "no byte for the last tile");
        assert_eq!(tile_group(&[0b1100_1000, 1, 1], 0..3, &tile_info, &mut vec![]), None, "from 2 to 1");
    }

    #[test]
    fn a_single_tile_is_the_whole_tile_group() {
        let mut tiles = vec![];
        let tile_info = TileInfo { num_tiles: 1, tile_bits: 0, tile_size_bytes: 0 };
        assert_eq!(tile_group(&[1, 2, 3], 1..3, &tile_info, &mut tiles), Some(true));
        assert_eq!(tiles, [1..3]);
    }
}
