//! The format of the pictures of a layer (ITU-T H.265 7.3.2.2.1), which an SPS has, or the VPS for it (F.7.3.2.1.2).

use crate::codec::rbsp_reader::RbspReader;

/// Maximum width and height: a sample entry has 16 bits for each.
pub(super) const MAX_PIC_SIZE: u32 = 0xffff;

/// `chroma_format_idc` 3: 4:4:4.
const CHROMA_444: u32 = 3;

/// Width and height, chroma format and bit depths of the pictures of a layer.
#[derive(Debug, Clone)]
pub(super) struct PictureFormat {
    pub(super) coded_size: (u32, u32),
    /// Width and height within the conformance window.
    pub(super) size: (u32, u32),
    pub(super) chroma_format_idc: u32,
    pub(super) separate_colour_plane: bool,
    /// Of luma and chroma.
    pub(super) bit_depths: [u32; 2],
}

impl PictureFormat {
    /// Parses `chroma_format_idc` to `bit_depth_chroma_minus8`.
    pub(super) fn parse(bits: &mut RbspReader<'_>) -> Option<Self> {
        let chroma_format_idc = bits.ue(CHROMA_444)?;
        let separate_colour_plane = chroma_format_idc == CHROMA_444 && bits.flag()?;
        let coded_size = (bits.ue(MAX_PIC_SIZE)?, bits.ue(MAX_PIC_SIZE)?);
        let (width, height) = coded_size;
        let mut size = coded_size;
        if bits.flag()? {
            // SubWidthC and SubHeightC (table 6-1)
            let (unit_x, unit_y) = match chroma_format_idc {
                1 => (2, 2),
                2 => (2, 1),
                _ => (1, 1),
            };
            let mut within_window = |size: u32, unit: u32| {
                let offsets = bits.ue(MAX_PIC_SIZE)?.checked_add(bits.ue(MAX_PIC_SIZE)?)?;
                Some(size.saturating_sub(offsets.checked_mul(unit)?))
            };
            size = (within_window(width, unit_x)?, within_window(height, unit_y)?);
        }
        let bit_depths = [bits.ue(8)?.checked_add(8)?, bits.ue(8)?.checked_add(8)?];
        Some(Self { coded_size, size, chroma_format_idc, separate_colour_plane, bit_depths })
    }

    /// Parses `rep_format` of a VPS (F.7.3.2.1.2). Its chroma format is that of the `previous` one if it has none.
    pub(super) fn parse_of_vps(bits: &mut RbspReader<'_>, previous: Option<&Self>) -> Option<Self> {
        let coded_size = (bits.bits(16)?, bits.bits(16)?);
        let (chroma_format_idc, separate_colour_plane, bit_depths) = if bits.flag()? {
            let chroma_format_idc = bits.bits(2)?;
            let separate_colour_plane = chroma_format_idc == CHROMA_444 && bits.flag()?;
            let bit_depths = [bits.bits(4)?.checked_add(8)?, bits.bits(4)?.checked_add(8)?];
            (chroma_format_idc, separate_colour_plane, bit_depths)
        } else {
            previous.map(|format| (format.chroma_format_idc, format.separate_colour_plane, format.bit_depths))?
        };
        if bits.flag()? {
            bits.skip_codes(4)?; // conformance window
        }
        // Manifests state the size of the base layer, so the window does not matter.
        Some(Self { coded_size, size: coded_size, chroma_format_idc, separate_colour_plane, bit_depths })
    }
}
