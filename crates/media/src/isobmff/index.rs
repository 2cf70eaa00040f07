//! The index of a movie: the bytes of its `ftyp`, `moov` and `moof` boxes, and of the headers of the boxes around them.

use std::ops::Range;

use super::BoxView;
use crate::number::{Checked, u64_of};
use crate::{Error, Result};

/// The largest `moov` box that is accepted, in bytes: more than a day of the busiest movie seen. The other byte spans of an
/// index, including the `moof` boxes of a fragmented movie, share one limit of the same size.
pub const MAX_MOOV_BYTES: u64 = 256 * 1024 * 1024;

/// The index of a movie, with the offset in the file of each of its byte spans.
#[derive(Debug, Clone)]
pub struct Index {
    file_size: u64,
    spans: ByteSpans,
    moov_range: Range<u64>,
    moov: Vec<u8>,
    /// Bytes of the media, each with its offset in the file.
    media: Vec<(u64, Vec<u8>)>,
}

impl Index {
    /// Creates the index of a file of `file_size` bytes with a `moov` box at `moov_range`.
    pub(super) fn new(file_size: u64, spans: ByteSpans, moov_range: Range<u64>, moov: Vec<u8>) -> Self {
        Self { file_size, spans, moov_range, moov, media: Vec::new() }
    }

    /// Returns the length of the whole file in bytes.
    #[must_use]
    pub fn file_size(&self) -> u64 {
        self.file_size
    }

    /// Returns the byte range of the `moov` box, from which [`IndexReader::at`](super::IndexReader::at) reads the index again.
    #[must_use]
    pub fn moov_range(&self) -> Range<u64> {
        self.moov_range.clone()
    }

    /// Returns whether media precedes the `moov` box. The result is exact for an index that
    /// [`IndexReader::new`](super::IndexReader::new) has read.
    #[must_use]
    pub fn has_media_before_moov(&self) -> bool {
        let mut before = self.spans.iter().filter(|(span, _)| span.offset < self.moov_range.start);
        before.any(|(_, bytes)| bytes.get(4..8) == Some(b"mdat"))
    }

    /// Returns the byte spans of the file that the index holds, each with its offset. A sparse copy of them is enough for a
    /// prober, which walks from one box header to the next.
    pub fn spans(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let around = self.spans.iter().map(|(span, bytes)| (span.offset, bytes));
        around.chain([(self.moov_range.start, self.moov.as_slice())])
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
        BoxView::parse(&self.moov, self.moov_range.start)
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

    /// Checks that the spans stay within [`MAX_MOOV_BYTES`] of memory when `more` bytes are added.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`].
    pub(super) fn check_room_for(&self, more: u64) -> Result<()> {
        let spans = u64_of(std::mem::size_of_val(self.spans.as_slice()));
        let held = u64_of(self.bytes.len()).checked_add(spans).and_then(|held| held.checked_add(more));
        let found = held.or_out_of_range("The size of the movie fragment (moof) boxes")?;
        if found > MAX_MOOV_BYTES {
            let what = "the number of bytes in its movie fragment (moof) boxes";
            return Err(Error::LimitExceeded { what, found, limit: MAX_MOOV_BYTES });
        }
        Ok(())
    }

    fn iter(&self) -> impl Iterator<Item = (ByteSpan, &[u8])> {
        let ends = self.spans.iter().skip(1).map(|next| next.start).chain([self.bytes.len()]);
        self.spans.iter().zip(ends).map(|(span, end)| (*span, self.bytes.get(span.start..end).unwrap_or_default()))
    }
}
