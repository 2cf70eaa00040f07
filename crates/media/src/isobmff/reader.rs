//! The box reader: bounded by the bytes it is given.

use super::FourCc;
use crate::number::u64_of;
use crate::{Error, Result};

/// A box in place: its type, its offset in the file, and its bytes.
#[derive(Debug, Clone, Copy)]
pub struct BoxView<'a> {
    /// The box type.
    pub kind: FourCc,
    /// Offset of the box header from the start of the file, in bytes.
    pub offset: u64,
    /// The whole box, header included.
    pub raw: &'a [u8],
    /// The bytes after the header.
    pub payload: &'a [u8],
}

impl<'a> BoxView<'a> {
    /// Reads the box at the start of `bytes`, which are at `offset` in the file.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the header is incomplete or the box is larger than `bytes`.
    pub fn parse(bytes: &'a [u8], offset: u64) -> Result<Self> {
        let short = |kind| Error::Malformed { kind, offset, reason: "its header is incomplete" };
        let unknown = FourCc(*b"????");
        let (size, rest) = bytes.split_first_chunk::<4>().ok_or(short(unknown))?;
        let (kind, rest) = rest.split_first_chunk::<4>().ok_or(short(unknown))?;
        let kind = FourCc(*kind);
        let (size, header) = match u32::from_be_bytes(*size) {
            // Size 0: to the end of the parent box (ISO/IEC 14496-12 4.2.2).
            0 => (Some(bytes.len()), 8),
            1 => {
                let large = rest.first_chunk::<8>().ok_or(short(kind))?;
                (usize::try_from(u64::from_be_bytes(*large)).ok(), 16)
            }
            small => (usize::try_from(small).ok(), 8),
        };
        let raw = size.and_then(|size| bytes.get(..size)).ok_or(Error::Malformed {
            kind,
            offset,
            reason: "it is larger than the box that holds it",
        })?;
        let payload = raw.get(header..).ok_or(Error::Malformed {
            kind,
            offset,
            reason: "its size is smaller than its header",
        })?;
        Ok(Self { kind, offset, raw, payload })
    }

    /// Returns an error about this box.
    #[must_use]
    pub fn malformed(&self, reason: &'static str) -> Error {
        Error::Malformed { kind: self.kind, offset: self.offset, reason }
    }

    /// Returns a cursor over the payload.
    #[must_use]
    pub fn reader(&self) -> Reader<'a> {
        Reader { rest: self.payload, kind: self.kind, box_offset: self.offset }
    }

    /// Returns the version and flags of a full box (ISO/IEC 14496-12 4.2.2), and a cursor after them.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the box ends before them.
    pub fn full(&self) -> Result<(u8, u32, Reader<'a>)> {
        let mut reader = self.reader();
        let word = reader.u32()?;
        let [version, ..] = word.to_be_bytes();
        Ok((version, word & 0x00ff_ffff, reader))
    }

    /// Returns the table of a full box that has a 32-bit entry count and entries of `N` bytes each, in place.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the box ends before its entries.
    pub(crate) fn table<const N: usize>(&self) -> Result<&'a [[u8; N]]> {
        let (_, _, mut reader) = self.full()?;
        let count = reader.u32()?;
        reader.table(count)
    }

    /// Returns the child boxes, from the first byte of the payload.
    #[must_use]
    pub fn children(&self) -> Boxes<'a> {
        Boxes { rest: self.payload, end: self.end() }
    }

    /// Returns the first child of type `kind`.
    ///
    /// # Errors
    /// [`Error::Malformed`] when a child before it is malformed.
    pub fn child(&self, kind: &[u8; 4]) -> Result<Option<Self>> {
        self.children().find_kind(kind)
    }

    /// Returns the first child of type `kind`, which is mandatory.
    ///
    /// # Errors
    /// [`Error::Malformed`] with `reason` when it is missing.
    pub fn required(&self, kind: &[u8; 4], reason: &'static str) -> Result<Self> {
        self.child(kind)?.ok_or_else(|| self.malformed(reason))
    }

    /// Returns the end of the box in the file.
    pub(crate) fn end(&self) -> u64 {
        // A file has fewer than 2^63 bytes, so the sum does not saturate.
        self.offset.saturating_add(u64_of(self.raw.len()))
    }
}

/// The sequence of boxes in a payload.
///
/// Fewer than eight bytes at the end, or eight zero bytes, end the sequence: QuickTime terminates some lists with a zero word.
#[derive(Debug, Clone)]
pub struct Boxes<'a> {
    rest: &'a [u8],
    end: u64,
}

impl<'a> Boxes<'a> {
    /// Returns the boxes in the rest of `reader`.
    #[must_use]
    pub fn after(reader: &Reader<'a>, parent: &BoxView<'a>) -> Self {
        Self { rest: reader.rest, end: parent.end() }
    }

    /// Returns the bytes that have not been read.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Returns the first box of type `kind`.
    ///
    /// # Errors
    /// [`Error::Malformed`] when a box before it is malformed.
    pub fn find_kind(mut self, kind: &[u8; 4]) -> Result<Option<BoxView<'a>>> {
        self.find(|found| found.as_ref().map_or(true, |found| found.kind == kind)).transpose()
    }
}

impl<'a> Iterator for Boxes<'a> {
    type Item = Result<BoxView<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.first_chunk::<8>().is_none_or(|header| *header == [0; 8]) {
            return None;
        }
        let offset = self.end.saturating_sub(u64_of(self.rest.len()));
        let found = BoxView::parse(self.rest, offset);
        self.rest = found.as_ref().ok().and_then(|found| self.rest.get(found.raw.len()..)).unwrap_or_default();
        Some(found)
    }
}

/// A cursor over the fields of a box.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
    kind: FourCc,
    box_offset: u64,
}

impl<'a> Reader<'a> {
    /// Reads `N` bytes.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the box ends before them; the same holds for every method below.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(self.ends_early())?;
        self.rest = rest;
        Ok(*head)
    }

    /// Reads 8 bits, unsigned.
    ///
    /// # Errors
    /// See [`Reader::array`].
    pub fn u8(&mut self) -> Result<u8> {
        self.array().map(u8::from_be_bytes)
    }

    /// Reads 16 bits, unsigned.
    ///
    /// # Errors
    /// See [`Reader::array`].
    pub fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// Reads 32 bits, unsigned.
    ///
    /// # Errors
    /// See [`Reader::array`].
    pub fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// Reads 64 bits, unsigned.
    ///
    /// # Errors
    /// See [`Reader::array`].
    pub fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// Reads 32 bits, or 64 in a box of version 1 (times of `mvhd`, `tkhd`, `mdhd`, `elst`, `tfdt`).
    ///
    /// # Errors
    /// See [`Reader::array`].
    pub fn word(&mut self, version: u8) -> Result<u64> {
        if version == 1 { self.u64() } else { self.u32().map(u64::from) }
    }

    /// Skips `count` bytes.
    ///
    /// # Errors
    /// See [`Reader::array`].
    pub fn skip(&mut self, count: usize) -> Result<()> {
        self.bytes(count).map(drop)
    }

    /// Reads `count` bytes.
    ///
    /// # Errors
    /// See [`Reader::array`].
    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(count).ok_or(self.ends_early())?;
        self.rest = rest;
        Ok(head)
    }

    /// Reads a table of `count` entries of `N` bytes each, in place.
    ///
    /// # Errors
    /// See [`Reader::array`].
    pub fn table<const N: usize>(&mut self, count: u32) -> Result<&'a [[u8; N]]> {
        let bytes = usize::try_from(count).ok().and_then(|count| count.checked_mul(N));
        let (entries, _) = self.bytes(bytes.ok_or(self.ends_early())?)?.as_chunks();
        Ok(entries)
    }

    /// Limits the cursor to at most `length` more bytes.
    pub fn truncate(&mut self, length: usize) {
        self.rest = self.rest.get(..length).unwrap_or(self.rest);
    }

    /// Returns the bytes that have not been read.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn ends_early(&self) -> Error {
        Error::Malformed { kind: self.kind, offset: self.box_offset, reason: "it ends before its fields do" }
    }
}

/// Returns the 32-bit field at `position`, from 0, of a table entry that consists of such fields.
#[inline]
pub(crate) fn entry_field<const N: usize>(entry: &[u8; N], position: usize) -> u32 {
    let (fields, _) = entry.as_chunks();
    fields.get(position).copied().map_or(0, u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_have_their_offset_in_the_file() {
        let bytes = [&[0, 0, 0, 24][..], b"moov", &[0, 0, 0, 8], b"free", &[0, 0, 0, 8], b"udta"].concat();
        let moov = BoxView::parse(&bytes, 1000).unwrap();
        let children: Vec<_> = moov.children().map(|child| child.unwrap()).map(|c| (c.kind.0, c.offset)).collect();
        assert_eq!(children, [(*b"free", 1008), (*b"udta", 1016)]);
    }

    #[test]
    fn a_box_larger_than_its_parent_is_malformed() {
        let bytes = [&[0, 0, 0, 16][..], b"moov", &[0, 0, 0, 9], b"free"].concat();
        let moov = BoxView::parse(&bytes, 0).unwrap();
        let error = moov.children().next().unwrap().unwrap_err();
        assert_eq!(
            error.to_string(),
            "the free box at byte 8 is malformed: it is larger than the box that holds it; remux the file, or export it again"
        );
        assert_eq!(moov.children().count(), 1, "the sequence ends at the malformed box");
    }

    #[test]
    fn size_zero_reaches_to_the_end_and_size_one_announces_64_bits() {
        let to_the_end = [&[0, 0, 0, 0][..], b"mdat", &[7; 5]].concat();
        assert_eq!(BoxView::parse(&to_the_end, 0).unwrap().payload, [7; 5]);
        let large = [&[0, 0, 0, 1][..], b"mdat", &17u64.to_be_bytes(), &[7]].concat();
        assert_eq!(BoxView::parse(&large, 0).unwrap().payload, [7]);
    }

    #[test]
    fn a_table_longer_than_its_box_is_malformed() {
        let bytes = [&[0, 0, 0, 12][..], b"stss", &[0; 4]].concat();
        let stss = BoxView::parse(&bytes, 0).unwrap();
        assert!(stss.reader().table::<4>(u32::MAX).is_err());
        assert_eq!(stss.reader().table::<4>(1).unwrap(), [[0; 4]]);
    }

    #[test]
    fn a_zero_word_of_quicktime_ends_the_sequence() {
        let bytes = [&[0, 0, 0, 20][..], b"udta", &[0; 12]].concat();
        assert_eq!(BoxView::parse(&bytes, 0).unwrap().children().count(), 0);
    }
}
