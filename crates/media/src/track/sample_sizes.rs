//! Sample sizes: the `stsz` and `stz2` boxes (ISO/IEC 14496-12 8.7.3).

use crate::Result;
use crate::isobmff::BoxView;
use crate::number::Checked;

/// The sizes of a track's samples, in place.
#[derive(Debug, Clone, Copy)]
pub(super) enum SampleSizes<'a> {
    /// `stsz` with one size for all samples.
    Fixed(u32),
    /// `stsz` with a size for each sample.
    Each(&'a [[u8; 4]]),
    /// `stz2`: 4, 8 or 16 bits for each sample.
    Compact { bits: u8, bytes: &'a [u8] },
}

impl<'a> SampleSizes<'a> {
    /// Reads the number of samples and their sizes from an `stbl` box.
    pub(super) fn parse(stbl: &BoxView<'a>) -> Result<(u32, Self)> {
        if let Some(stsz) = stbl.child(b"stsz")? {
            let (_, _, mut reader) = stsz.full()?;
            let (fixed, count) = (reader.u32()?, reader.u32()?);
            let sizes = if fixed == 0 { Self::Each(reader.table(count)?) } else { Self::Fixed(fixed) };
            return Ok((count, sizes));
        }
        let stz2 = stbl.required(b"stz2", "it has no sample sizes (stsz or stz2)")?;
        let (_, _, mut reader) = stz2.full()?;
        reader.skip(3)?;
        let (bits, count) = (reader.u8()?, reader.u32()?);
        let samples = usize::try_from(count).or_out_of_range("The number of samples")?;
        let bytes = match bits {
            4 => samples.div_ceil(2),
            8 => samples,
            16 => samples.checked_mul(2).or_out_of_range("The number of samples")?,
            _ => return Err(stz2.malformed("its field size is not 4, 8 or 16 bits")),
        };
        Ok((count, Self::Compact { bits, bytes: reader.bytes(bytes)? }))
    }

    /// Returns the size of the sample at `index`, from 0.
    pub(super) fn at(&self, index: u32) -> Option<u32> {
        let index = usize::try_from(index).ok()?;
        match self {
            Self::Fixed(size) => Some(*size),
            Self::Each(sizes) => sizes.get(index).copied().map(u32::from_be_bytes),
            Self::Compact { bits: 4, bytes } => {
                let pair = *bytes.get(index / 2)?;
                Some(u32::from(if index % 2 == 0 { pair >> 4 } else { pair & 15 }))
            }
            Self::Compact { bits: 8, bytes } => bytes.get(index).copied().map(u32::from),
            Self::Compact { bytes, .. } => {
                let (sizes, _) = bytes.as_chunks();
                sizes.get(index).map(|size| u32::from(u16::from_be_bytes(*size)))
            }
        }
    }
}
