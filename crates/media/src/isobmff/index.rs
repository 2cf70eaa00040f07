//! The index of a movie: the bytes of its `ftyp`, `moov` and `moof` boxes, and of the headers of the boxes around them.

use std::ops::Range;

use super::{BoxView, FourCc};
use crate::number::u64_of;
use crate::{Error, Result};

/// The largest index that is accepted, in bytes: more than a day of the busiest movie seen. The `moov` box, the `moof` boxes of
/// a fragmented movie, and the other byte spans share it.
pub const MAX_MOOV_BYTES: u64 = 256 * 1024 * 1024;

/// The action for a fragmented file whose index is too large or too scattered.
pub(super) const REMUX: &str = "remux it to a file that is not fragmented, with one index";

/// The index of a movie, with the offset in the file of each of its byte spans.
#[derive(Debug, Clone)]
pub struct Index {
    file_size: u64,
    spans: ByteSpans,
    moov: MovieBox,
    /// A `moov` box after the first whose bytes differ.
    second_moov: Option<MovieBox>,
    /// Offset of the box that the end of the file cuts off, in a fragmented movie.
    cut_at: Option<u64>,
    /// Bytes of the media, each with its offset in the file.
    media: Vec<(u64, Vec<u8>)>,
}

/// A `moov` box.
#[derive(Debug, Clone)]
pub(super) struct MovieBox {
    /// Its byte range in the file; empty for a Matroska file, which has none.
    pub(super) range: Range<u64>,
    /// Its bytes; for a compressed `moov`, the box that it holds; for a Matroska file, the box that describes it.
    pub(super) bytes: Vec<u8>,
    /// For a `moov` that is not in the file like this: the header of a `free` box, which takes the place of a compressed `moov`, or of
    /// a whole Matroska file, in a copy of the file.
    pub(super) placeholder: Option<Vec<u8>>,
}

impl Index {
    /// Creates the index of a file of `file_size` bytes.
    pub(super) fn new(file_size: u64, spans: ByteSpans, moov: MovieBox) -> Self {
        Self { file_size, spans, moov, second_moov: None, cut_at: None, media: Vec::new() }
    }

    /// Adds what the walk over the file found besides the index: a second `moov`, and the box at which the file is cut off.
    pub(super) fn with_findings(self, second_moov: Option<MovieBox>, cut_at: Option<u64>) -> Self {
        Self { second_moov, cut_at, ..self }
    }

    /// Returns the length of the whole file in bytes.
    #[must_use]
    pub fn file_size(&self) -> u64 {
        self.file_size
    }

    /// Returns the byte range of the `moov` box, from which [`IndexReader::at`](super::IndexReader::at) reads the index again.
    #[must_use]
    pub fn moov_range(&self) -> Range<u64> {
        self.moov.range.clone()
    }

    /// Returns whether media precedes the `moov` box. The result is exact for an index that
    /// [`IndexReader::new`](super::IndexReader::new) has read.
    #[must_use]
    pub fn has_media_before_moov(&self) -> bool {
        let mut before = self.spans.iter().filter(|(span, _)| span.offset < self.moov.range.start);
        before.any(|(_, bytes)| bytes.get(4..8) == Some(b"mdat"))
    }

    /// Returns the byte spans of the file that the index holds, each with its offset. A sparse copy of them, of
    /// [`sparse_size`](Self::sparse_size) bytes, is enough for a prober, which walks from one box header to the next. A compressed
    /// `moov` is a `free` box in the copy, and follows the file uncompressed. So is a whole Matroska file, and the `moov` that
    /// describes it follows.
    pub fn spans(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let around = self.spans.iter().map(|(span, bytes)| (span.offset, bytes));
        let MovieBox { range, bytes, placeholder } = &self.moov;
        let moov_at = if placeholder.is_some() { self.file_size } else { range.start };
        let placeholder = placeholder.as_ref().map(|header| (range.start, header.as_slice()));
        around.chain(placeholder).chain([(moov_at, bytes.as_slice())])
    }

    /// Returns the length in bytes of the sparse copy that [`spans`](Self::spans) describes.
    #[must_use]
    pub fn sparse_size(&self) -> u64 {
        let appended = if self.moov.placeholder.is_some() { u64_of(self.moov.bytes.len()) } else { 0 };
        self.file_size.saturating_add(appended)
    }

    /// Adds `bytes` of the media, which are at `offset` in the file: a range that
    /// [`sample_heads`](crate::track::sample_heads) returned.
    pub fn add_media(&mut self, offset: u64, bytes: &[u8]) {
        self.media.push((offset, bytes.to_vec()));
    }

    /// Returns those of the `size` bytes at `offset` in the file that were added, up to the first that was not.
    pub(crate) fn media(&self, offset: u64, size: u32) -> &[u8] {
        let found = self.media.iter().find_map(|(start, bytes)| {
            let from = usize::try_from(offset.checked_sub(*start)?).ok()?;
            bytes.get(from..).filter(|bytes| !bytes.is_empty())
        });
        let found = found.unwrap_or_default();
        usize::try_from(size).ok().and_then(|size| found.get(..size)).unwrap_or(found)
    }

    /// Returns the `moov` box.
    pub(crate) fn moov(&self) -> Result<BoxView<'_>> {
        BoxView::parse(&self.moov.bytes, self.moov.range.start)
    }

    /// Returns the `moov` box after the first whose bytes differ, if the file has one.
    pub(crate) fn second_moov(&self) -> Option<Result<BoxView<'_>>> {
        self.second_moov.as_ref().map(|moov| BoxView::parse(&moov.bytes, moov.range.start))
    }

    /// Returns the offset of the box that the end of the file cuts off, in a fragmented movie.
    pub(crate) fn cut_at(&self) -> Option<u64> {
        self.cut_at
    }

    /// Returns the types of the boxes around the `moov` and the `moof` boxes, in file order.
    pub(crate) fn other_boxes(&self) -> impl Iterator<Item = FourCc> {
        let others = self.spans.iter().filter(|(span, _)| !span.is_fragment);
        others.filter_map(|(_, bytes)| bytes.get(4..8)?.first_chunk().copied().map(FourCc))
    }

    /// Returns the `moof` boxes of a fragmented movie, in file order.
    pub(crate) fn moofs(&self) -> impl Iterator<Item = Result<BoxView<'_>>> {
        let fragments = self.spans.iter().filter(|(span, _)| span.is_fragment);
        fragments.map(|(span, bytes)| BoxView::parse(bytes, span.offset))
    }
}

/// Byte spans of a file in reading order, in one buffer, because a recording may have a million.
#[derive(Debug, Clone, Default)]
pub(super) struct ByteSpans {
    spans: Vec<ByteSpan>,
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
struct ByteSpan {
    /// Offset in the file.
    offset: u64,
    /// Offset in the buffer.
    start: usize,
    is_fragment: bool,
}

impl ByteSpans {
    /// Appends `bytes`, which are at `offset` in the file. `is_fragment` marks a whole `moof` box.
    pub(super) fn push(&mut self, offset: u64, bytes: &[u8], is_fragment: bool) {
        self.spans.push(ByteSpan { offset, start: self.bytes.len(), is_fragment });
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends other spans.
    pub(super) fn append(&mut self, other: &Self) {
        for (span, bytes) in other.iter() {
            self.push(span.offset, bytes, span.is_fragment);
        }
    }

    /// Returns whether one of the spans is a `moof` box.
    pub(super) fn has_fragments(&self) -> bool {
        self.spans.iter().any(|span| span.is_fragment)
    }

    /// Returns the memory that the spans take when `more` bytes are added. It is far below 2^64.
    pub(super) fn size_with(&self, more: u64) -> u64 {
        let spans = u64_of(std::mem::size_of_val(self.spans.as_slice()));
        u64_of(self.bytes.len()).saturating_add(spans).saturating_add(more)
    }

    /// Checks that the index stays within [`MAX_MOOV_BYTES`] of memory when `more` bytes are added to the spans, `moov` boxes
    /// included.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`].
    pub(super) fn check_room_for(&self, more: u64) -> Result<()> {
        let found = self.size_with(more);
        if found > MAX_MOOV_BYTES {
            let what = "the number of bytes in its index (moov and moof boxes)";
            return Err(Error::LimitExceeded { what, found, limit: MAX_MOOV_BYTES, action: REMUX });
        }
        Ok(())
    }

    fn iter(&self) -> impl Iterator<Item = (ByteSpan, &[u8])> {
        let ends = self.spans.iter().skip(1).map(|next| next.start).chain([self.bytes.len()]);
        self.spans.iter().zip(ends).map(|(span, end)| (*span, self.bytes.get(span.start..end).unwrap_or_default()))
    }
}
