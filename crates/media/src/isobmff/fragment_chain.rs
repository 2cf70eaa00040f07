//! The walk over one region of a fragmented movie, beside the walks over the others.

use std::ops::Range;

use super::index::ByteSpans;
use super::read_ahead::ReadAhead;
use super::top_level::{MAX_TOP_LEVEL_BOXES, TopLevelHeader};
use crate::number::u64_of;

/// Maximum number of bytes that one read of a chain takes. A chain ends before a larger fragment index. The chains of a movie
/// hold 32 reads at most, and as many bytes of earlier ones.
const MAX_READ: u64 = 512 * 1024;

/// Maximum number of bytes to read beyond those that are needed.
const MAX_READ_AHEAD: u64 = MAX_READ / 2;

/// Bytes of a read that looks for a fragment.
const WINDOW: u64 = MAX_READ / 2;

/// The start of a `moof` box: its size, its type, and the header of the `mfhd` box, of 16 bytes, that it begins with
/// (ISO/IEC 14496-12 8.8.4, 8.8.5).
const MOOF_SIGNATURE: &[u8; 12] = b"moof\0\0\0\x10mfhd";
/// Bytes of the box size before the signature.
const SIZE_BYTES: u64 = 4;

/// The boxes of a movie from `start` to the first box at or after `stop`.
#[derive(Debug)]
pub(super) struct Chain {
    /// The offset of its first box, once it is known.
    pub(super) start: Option<u64>,
    /// The offset of the box after its last one.
    pub(super) end: u64,
    /// The `moof` boxes, and the headers of the other boxes.
    pub(super) spans: ByteSpans,
    /// Number of boxes since the last `moof`.
    pub(super) boxes_seen: u32,
    /// Whether the last box was an `mfra`.
    pub(super) has_ended: bool,
    stop: u64,
    file_size: u64,
    /// Maximum number of bytes of the spans.
    max_bytes: u64,
    max_reads: u32,
    reads: u32,
    state: State,
    read_ahead: ReadAhead,
}

#[derive(Debug)]
enum State {
    /// The first `moof` is at or after `at`. It is searched for up to `limit`.
    Finding { at: u64, limit: u64 },
    /// A box begins at `end`. `bytes` holds its first bytes; the walk continues with `needed` bytes from there.
    Walking { bytes: Vec<u8>, needed: u64 },
    /// There is nothing more to read.
    Done,
}

/// The limits of a chain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Bytes of its spans.
    pub(super) bytes: u64,
    /// Number of reads.
    pub(super) reads: u32,
}

impl Chain {
    /// Creates a chain over `region` of a file, whose start is that of a box.
    pub(super) fn at(region: Range<u64>, file_size: u64, limits: Limits) -> Self {
        let read_ahead = ReadAhead::new(region.start);
        let state = State::Walking { bytes: Vec::new(), needed: read_ahead.bytes() };
        Self {
            start: Some(region.start),
            end: region.start,
            spans: ByteSpans::default(),
            boxes_seen: 0,
            has_ended: false,
            stop: region.end,
            file_size,
            max_bytes: limits.bytes,
            max_reads: limits.reads,
            reads: 0,
            state,
            read_ahead,
        }
    }

    /// Creates a chain over `region` of a file from its first `moof`, for which at most `searched` bytes are read.
    pub(super) fn within(region: Range<u64>, file_size: u64, limits: Limits, searched: u64) -> Self {
        let limit = region.start.saturating_add(searched).min(region.end);
        let state = State::Finding { at: region.start, limit };
        Self { start: None, state, ..Self::at(region, file_size, limits) }
    }

    /// Returns whether it holds a fragment, and so tells how many boxes have followed the last one.
    pub(super) fn has_fragments(&self) -> bool {
        self.spans.has_fragments()
    }

    /// Returns the next range to read; `None` when the chain is complete.
    pub(super) fn want(&self) -> Option<Range<u64>> {
        let range = match &self.state {
            State::Finding { at, limit } => {
                let end = at.saturating_add(WINDOW).min(*limit);
                // A signature that begins in this window may end after it.
                *at..end.saturating_add(SIZE_BYTES).saturating_add(u64_of(MOOF_SIGNATURE.len())).min(self.file_size)
            }
            State::Walking { bytes, needed } => {
                let from = self.end.saturating_add(u64_of(bytes.len()));
                from..self.end.saturating_add(*needed).min(self.file_size)
            }
            State::Done => return None,
        };
        let length = range.end.saturating_sub(range.start);
        (length > 0 && length <= MAX_READ && self.reads < self.max_reads).then_some(range)
    }

    /// Takes the bytes of the range that [`want`](Self::want) returned.
    pub(super) fn supply(&mut self, read: &[u8]) {
        self.reads = self.reads.saturating_add(1);
        self.state = match std::mem::replace(&mut self.state, State::Done) {
            State::Finding { at, limit } => {
                if let Some(position) = find_moof(read) {
                    let start = at.saturating_add(u64_of(position));
                    (self.start, self.end, self.read_ahead) = (Some(start), start, ReadAhead::new(start));
                    self.walk(read.get(position..).unwrap_or_default())
                } else {
                    let at = at.saturating_add(WINDOW);
                    if at < limit { State::Finding { at, limit } } else { State::Done }
                }
            }
            State::Walking { mut bytes, .. } => {
                bytes.extend_from_slice(read);
                self.walk(&bytes)
            }
            State::Done => State::Done,
        };
    }

    fn read_ahead(&self) -> u64 {
        self.read_ahead.bytes().min(MAX_READ_AHEAD)
    }

    /// Reads boxes from `bytes`, which are at `end` in the file. The chain ends before anything but a fragment, its media, and
    /// the boxes between: [`IndexReader`](super::IndexReader) decides on it when it gets there.
    fn walk(&mut self, bytes: &[u8]) -> State {
        let mut rest = bytes;
        while self.end < self.stop {
            let left_in_file = self.file_size.saturating_sub(self.end);
            let Some(header) = TopLevelHeader::parse(rest, left_in_file) else {
                let needed = self.read_ahead();
                // Nothing more is wanted of a header that the end of the file cuts off.
                return State::Walking { bytes: rest.to_vec(), needed };
            };
            let end = self.end.checked_add(header.size).filter(|end| *end <= self.file_size);
            let (Some(end), true) = (end, header.is_plausible()) else { return State::Done };
            if [b"moov", b"ftyp"].contains(&&header.kind.0) || self.boxes_seen >= MAX_TOP_LEVEL_BOXES {
                return State::Done;
            }
            let whole = usize::try_from(header.size).ok().and_then(|size| rest.split_at_checked(size));
            let is_fragment = header.kind == b"moof";
            if is_fragment && whole.is_none() {
                let needed = header.size.saturating_add(self.read_ahead());
                return State::Walking { bytes: rest.to_vec(), needed };
            }
            let kept = whole.filter(|_| is_fragment).map_or(rest.get(..header.length), |(moof, _)| Some(moof));
            if self.spans.size_with(u64_of(kept.map_or(0, <[u8]>::len))) > self.max_bytes {
                return State::Done;
            }
            self.spans.push(self.end, kept.unwrap_or(rest), is_fragment);
            self.boxes_seen = if is_fragment { 0 } else { self.boxes_seen.saturating_add(1) };
            self.has_ended = !is_fragment && (self.has_ended || header.kind == b"mfra");
            let from = self.end.saturating_add(16);
            self.end = end;
            if whole.is_none() {
                self.read_ahead.skip(from, end);
            }
            rest = whole.map(|(_, after)| after).unwrap_or_default();
            if rest.is_empty() && self.end < self.stop {
                return State::Walking { bytes: Vec::new(), needed: self.read_ahead() };
            }
        }
        State::Done
    }
}

/// Returns the position of the first `moof` box in `bytes`. Media can look like one; then no walk arrives at it.
fn find_moof(bytes: &[u8]) -> Option<usize> {
    let signature = MOOF_SIGNATURE.as_slice();
    let position = bytes.windows(signature.len()).position(|window| window == signature)?;
    position.checked_sub(usize::try_from(SIZE_BYTES).ok()?)
}
