//! Finding a movie's index by reading as little of the file as possible.
//!
//! The top level of an MP4 is a sequence of boxes: `ftyp`, `moov` (the index), `mdat` (the media), in any order and with
//! padding between them. [`IndexReader`] walks the sequence without any I/O: it requests a range, takes the bytes, and ends
//! with an [`Index`]. The first read takes enough for `ftyp` and the box after it; after a media box, a small read finds the
//! next header. Reading the index of a movie of any length costs `moov` + [`FIRST_READ`] + a few small reads: two or three
//! requests in practice.
//!
//! The walk goes on after the `moov`, because a file of two movies joined end to end has a second one. A copy of the first is
//! skipped, as players do; a different one is handed over with the index, and refused by
//! [`Movie::parse`](crate::track::Movie::parse).
//!
//! # Fragmented movies
//!
//! A `moov` with an `mvex` announces movie fragments (ISO/IEC 14496-12 8.8): each is a `moof` box, the index of the media next
//! to it. The walk then continues to the end of the file and collects every `moof`. The indexes of fragments that a file may
//! have (`sidx` and `mfra`) can be wrong, and only the `moof` boxes describe the samples, so the walk does not rely on them. They
//! are where a [`FragmentSearch`] starts, which reads far fragments side by side.
//!
//! A recording that was interrupted ends anywhere: inside a fragment or a box header, or with zeros that the file system has
//! appended. Whatever follows the last whole box is not read, and the index has the offset at which the file is cut off.
//!
//! # Matroska
//!
//! A Matroska or WebM file has no boxes. [`crate::matroska`] reads it, and describes it by a `moov` box that the file does not
//! contain: its range is empty, and [`IndexReader::at`] reads such a file again.
//!
//! # Reading an index again
//!
//! The `moov` itself shows whether a file is fragmented. To read an index a second time, it is enough to store the range of
//! the `moov`: [`IndexReader::at`] repeats the walk where necessary.

use std::collections::BTreeMap;
use std::ops::Range;

use super::compressed_moov::uncompressed;
use super::fragment_chain::Chain;
use super::fragment_search::expected_reads;
use super::index::{ByteSpans, MovieBox, REMUX};
use super::read_ahead::ReadAhead;
use super::top_level::{MAX_TOP_LEVEL_BOXES, TopLevelHeader, sniff};
use super::{BoxView, FourCc, FragmentSearch, Index, MAX_MOOV_BYTES};
use crate::matroska::{MatroskaReader, SIGNATURE};
use crate::number::{Checked, u64_of};
use crate::{Error, Result};

/// Bytes of the first read: `ftyp`, and for many short or fast-start files the whole index.
const FIRST_READ: u64 = 16 * 1024;

/// Bytes to read after a `moov` in the same read: the header of the box after it.
const NEXT_HEADER: u64 = 16;

/// Maximum number of reads for an index: a quarter of an hour of requests to an object store.
const MAX_READS: u32 = 1 << 16;

/// Number of reads of fragments before a search, which show how far apart they are.
const READS_BEFORE_SEARCH: u32 = 8;

/// A search is worth its reads when the walk is expected to take at least this many more.
const MIN_EXPECTED_READS: u64 = 64;

/// The sans-I/O reader of a movie's index.
///
/// ```
/// # use vpp_media::isobmff::IndexReader;
/// # fn read(file: &[u8]) -> vpp_media::Result<()> {
/// let mut reader = IndexReader::new(u64::try_from(file.len()).unwrap())?;
/// while let Some(range) = reader.want() {
///     reader.supply(&file[range.start as usize..range.end as usize])?;
/// }
/// let index = reader.finish()?;
/// # Ok(())
/// # }
/// # assert_eq!(read(b"GIF89a, or something else").unwrap_err().code(), "not_mp4");
/// ```
#[derive(Debug)]
pub struct IndexReader {
    file_size: u64,
    state: State,
    /// The first `moov` box, once it has been read.
    moov: Option<MovieBox>,
    /// A later `moov` box that differs.
    second_moov: Option<MovieBox>,
    is_fragmented: bool,
    /// The offset at which the file is cut off, in a fragmented movie.
    cut_at: Option<u64>,
    /// Whether the last box was an `mfra`, which ends a recording.
    has_ended: bool,
    /// The `moof` boxes, and the headers of the other boxes.
    spans: ByteSpans,
    read_ahead: ReadAhead,
    /// Number of boxes since the last `moof`.
    boxes_seen: u32,
    reads: u32,
    /// Where the walk for fragments began, and the number of reads before it.
    walk_start: (u64, u32),
    /// The first segment index.
    sidx: Option<Range<u64>>,
    has_searched: bool,
    /// What a search found, by offset.
    chains: BTreeMap<u64, Chain>,
}

#[derive(Debug)]
enum State {
    /// A box begins at `at`. `bytes` holds its first bytes; the walk continues with `needed` bytes from `at`.
    Boxes { at: u64, bytes: Vec<u8>, needed: u64 },
    /// A `moov` box is at `range`; `bytes` holds its first bytes.
    Moov { range: Range<u64>, bytes: Vec<u8>, walk: WalkFrom },
    /// The file is Matroska.
    Matroska(Box<MatroskaReader>),
    /// There is nothing more to read.
    Done,
}

/// The position at which the walk for fragments begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WalkFrom {
    /// The start of the file: the range of the `moov` was known, and no other box has been read.
    StartOfFile,
    /// The end of the `moov`: the boxes before it have been read.
    EndOfMoov,
}

impl IndexReader {
    /// Creates a reader for a file of `file_size` bytes whose `moov` box has to be found.
    ///
    /// # Errors
    /// [`Error::EmptyFile`] when there is nothing to read.
    pub fn new(file_size: u64) -> Result<Self> {
        if file_size == 0 {
            return Err(Error::EmptyFile);
        }
        Ok(Self {
            file_size,
            state: State::Boxes { at: 0, bytes: Vec::new(), needed: FIRST_READ },
            moov: None,
            second_moov: None,
            is_fragmented: false,
            cut_at: None,
            has_ended: false,
            spans: ByteSpans::default(),
            read_ahead: ReadAhead::new(0),
            boxes_seen: 0,
            reads: 0,
            walk_start: (0, 0),
            sidx: None,
            has_searched: false,
            chains: BTreeMap::new(),
        })
    }

    /// Creates a reader for a file whose `moov` box is known to be at `moov`, from [`Index::moov_range`].
    ///
    /// # Errors
    /// [`Error::MoovTooLarge`] and [`Error::TruncatedIndex`], as when the box is found for the first time.
    pub fn at(file_size: u64, moov: Range<u64>) -> Result<Self> {
        let mut reader = Self::new(file_size)?;
        if moov.is_empty() {
            // A Matroska file.
            return Ok(reader);
        }
        reader.check_moov(&moov)?;
        reader.state = State::Moov { range: moov, bytes: Vec::new(), walk: WalkFrom::StartOfFile };
        Ok(reader)
    }

    /// Returns the next range of the file to read, in bytes; `None` when the index is complete.
    #[must_use]
    #[expect(clippy::arithmetic_side_effects, reason = "bytes that have been read end within the file")]
    pub fn want(&self) -> Option<Range<u64>> {
        let missing = match &self.state {
            State::Boxes { at, bytes, needed } => {
                // A read that would pass the end of the file stops there, so the sum may saturate.
                at + u64_of(bytes.len())..at.saturating_add(*needed).min(self.file_size)
            }
            State::Moov { range, bytes, walk } => {
                let next_header = if *walk == WalkFrom::EndOfMoov { NEXT_HEADER } else { 0 };
                range.start + u64_of(bytes.len())..range.end.saturating_add(next_header).min(self.file_size)
            }
            State::Matroska(reader) => return reader.want(),
            State::Done => return None,
        };
        (!missing.is_empty()).then_some(missing)
    }

    /// Takes the bytes of the range that [`want`](Self::want) returned.
    ///
    /// # Errors
    /// The reason for refusing the file; [`Error::SourceMismatch`] when `bytes` is not as long as the range.
    pub fn supply(&mut self, bytes: &[u8]) -> Result<()> {
        let expected = self.want().and_then(|range| range.end.checked_sub(range.start)).unwrap_or(0);
        if u64_of(bytes.len()) != expected {
            return Err(Error::SourceMismatch { reason: "a read of the index returned another length" });
        }
        self.reads = self.reads.saturating_add(1);
        if self.reads > MAX_READS {
            let (found, limit) = (u64::from(self.reads), u64::from(MAX_READS));
            let what = "the number of reads that finding its fragments takes";
            return Err(Error::LimitExceeded { what, found, limit, action: REMUX });
        }
        match std::mem::replace(&mut self.state, State::Done) {
            State::Boxes { at, bytes: mut buffer, .. } => {
                buffer.extend_from_slice(bytes);
                self.state = self.walk(at, &buffer)?;
            }
            State::Moov { range, bytes: mut buffer, walk } => {
                buffer.extend_from_slice(bytes);
                self.state = self.after_moov(range, buffer, walk)?;
            }
            State::Matroska(mut reader) => {
                reader.supply(bytes)?;
                self.state = self.after_matroska(reader)?;
            }
            State::Done => {}
        }
        Ok(())
    }

    /// Returns a search for the fragments that have not been read, once, if it saves many reads. The index is the same without.
    pub fn search(&mut self) -> Option<FragmentSearch> {
        let State::Boxes { at, .. } = self.state else { return None };
        let (start, reads_before) = self.walk_start;
        let reads = self.reads.saturating_sub(reads_before);
        if self.has_searched || !self.is_fragmented || reads < READS_BEFORE_SEARCH {
            return None;
        }
        let expected = expected_reads(self.file_size.saturating_sub(at), reads, at.saturating_sub(start));
        self.has_searched = expected >= MIN_EXPECTED_READS;
        let rest = at..self.file_size;
        self.has_searched.then(|| FragmentSearch::new(self.file_size, rest, expected, self.sidx.clone()))
    }

    /// Takes what a search found.
    pub fn add_fragments(&mut self, search: FragmentSearch) {
        let chains = search.finish().into_iter();
        self.chains = chains.filter_map(|chain| Some((chain.start?, chain))).collect();
    }

    /// Returns the index, once [`want`](Self::want) returns `None`.
    ///
    /// # Errors
    /// [`Error::MoovMissing`] when the index is not complete.
    pub fn finish(self) -> Result<Index> {
        match (self.state, self.moov) {
            (State::Done, Some(moov)) => {
                let index = Index::new(self.file_size, self.spans, moov);
                Ok(index.with_findings(self.second_moov, self.cut_at))
            }
            _ => Err(Error::MoovMissing),
        }
    }

    /// Reads boxes from `bytes`, which are at `at` in the file, until the index is complete or the bytes end.
    fn walk(&mut self, mut at: u64, bytes: &[u8]) -> Result<State> {
        let mut rest = bytes;
        loop {
            if let Some(chain) = self.chains.remove(&at) {
                self.check_room_for(chain.spans.size_with(0))?;
                self.spans.append(&chain.spans);
                (self.boxes_seen, self.has_ended) = (chain.boxes_seen, chain.has_ended);
                let read = usize::try_from(chain.end.saturating_sub(at)).ok().and_then(|length| rest.get(length..));
                (at, rest, self.read_ahead) = (chain.end, read.unwrap_or_default(), ReadAhead::new(chain.end));
                // The next region usually begins here. Otherwise, the walk continues.
                continue;
            }
            self.boxes_seen = self.boxes_seen.saturating_add(1);
            let left_in_file = self.file_size.saturating_sub(at);
            if left_in_file == 0 {
                return self.end_of_file();
            }
            if self.boxes_seen > MAX_TOP_LEVEL_BOXES {
                return self.too_many_boxes();
            }
            let Some(header) = TopLevelHeader::parse(rest, left_in_file) else {
                // Too few bytes for a header: request them, unless the file ends here.
                if u64_of(rest.len()) < left_in_file {
                    return Ok(State::Boxes { at, bytes: rest.to_vec(), needed: self.read_ahead.bytes() });
                }
                return match at {
                    0 => Err(Error::NotMp4 { found: sniff(rest) }),
                    _ => self.cut(at, FourCc(*b"????"), self.file_size),
                };
            };
            if at == 0 && rest.starts_with(&SIGNATURE) {
                let mut reader = Box::new(MatroskaReader::new(self.file_size));
                reader.supply(rest)?;
                return self.after_matroska(reader);
            }
            if at == 0 && !header.may_be_first() {
                return Err(Error::NotMp4 { found: sniff(rest) });
            }
            let end = at.checked_add(header.size);
            let Some(end) = end.filter(|end| *end <= self.file_size && self.may_follow(&header)) else {
                // After the index, a size past 64 bits is one past the end of the file.
                let end = if self.moov.is_some() { end.or(Some(u64::MAX)) } else { end };
                return self.cut(at, header.kind, end.or_out_of_range("The size of a top-level box")?);
            };
            let whole = usize::try_from(header.size).ok().and_then(|size| rest.split_at_checked(size));
            if header.kind == b"moov" && self.is_new_moov(at) {
                self.check_moov(&(at..end))?;
                let Some((moov, after)) = whole else {
                    let (range, bytes) = (at..end, rest.to_vec());
                    return Ok(State::Moov { range, bytes, walk: WalkFrom::EndOfMoov });
                };
                self.add_moov(at..end, moov.to_vec())?;
                if self.second_moov.is_some() {
                    return Ok(State::Done);
                }
                (at, rest, self.read_ahead) = (end, after, ReadAhead::new(end));
                self.walk_start = (end, self.reads);
                continue;
            }
            if header.kind == b"moof" {
                self.check_room_for(header.size)?;
                let Some((moof, after)) = whole else {
                    // The read stops at the end of the file, so the sum may saturate.
                    let needed = header.size.saturating_add(self.read_ahead.bytes());
                    return Ok(State::Boxes { at, bytes: rest.to_vec(), needed });
                };
                self.spans.push(at, moof, true);
                (self.boxes_seen, self.has_ended) = (0, false);
                (at, rest) = (end, after);
                continue;
            }
            self.has_ended |= header.kind == b"mfra";
            if header.kind == b"sidx" {
                self.sidx.get_or_insert(at..end);
            }
            if header.kind != b"moov" {
                let ftyp = whole.filter(|_| header.kind == b"ftyp").map(|(ftyp, _)| ftyp);
                self.check_room_for(0)?;
                self.spans.push(at, ftyp.or(rest.get(..header.length)).unwrap_or(rest), false);
            }
            let Some((_, after)) = whole else {
                if end == self.file_size {
                    return self.end_of_file();
                }
                self.read_ahead.skip(at.saturating_add(16), end);
                return Ok(State::Boxes { at: end, bytes: Vec::new(), needed: self.read_ahead.bytes() });
            };
            (at, rest) = (end, after);
        }
    }

    /// Returns the state after a Matroska file has been read further.
    fn after_matroska(&mut self, reader: Box<MatroskaReader>) -> Result<State> {
        if reader.want().is_some() {
            return Ok(State::Matroska(reader));
        }
        let (bytes, cut_at) = reader.finish()?;
        let size = u64_of(bytes.len());
        if size > MAX_MOOV_BYTES {
            return Err(Error::MoovTooLarge { size, limit: MAX_MOOV_BYTES });
        }
        self.cut_at = cut_at;
        let placeholder = [&[0, 0, 0, 1][..], b"free", &self.file_size.max(16).to_be_bytes()].concat();
        self.moov = Some(MovieBox { range: 0..0, bytes, placeholder: Some(placeholder) });
        Ok(State::Done)
    }

    /// Returns whether a box may have this type where it is. Bytes after the index whose type no box has are not boxes: an
    /// interrupted recorder leaves zeros, or media whose `mdat` header is not complete.
    fn may_follow(&self, header: &TopLevelHeader) -> bool {
        self.moov.is_none() || header.is_plausible()
    }

    /// Returns whether a `moov` at `at` is one that has not been read.
    fn is_new_moov(&self, at: u64) -> bool {
        self.moov.as_ref().is_none_or(|moov| moov.range.start != at)
    }

    /// Adds a `moov` box: the first, or another one if its bytes differ.
    fn add_moov(&mut self, range: Range<u64>, bytes: Vec<u8>) -> Result<()> {
        let moov = movie_box(range, bytes)?;
        match &self.moov {
            None => {
                self.is_fragmented = is_fragmented(&moov);
                self.moov = Some(moov);
            }
            Some(first) if first.bytes != moov.bytes => self.second_moov = Some(moov),
            Some(_) => {}
        }
        Ok(())
    }

    /// Returns the state after a `moov` box has been read. If its range was known, so is the rest of the file, except for the
    /// fragments.
    fn after_moov(&mut self, range: Range<u64>, mut bytes: Vec<u8>, walk: WalkFrom) -> Result<State> {
        let size = range.end.saturating_sub(range.start);
        let next = bytes.split_off(usize::try_from(size).unwrap_or(usize::MAX).min(bytes.len()));
        let end = range.end;
        self.add_moov(range, bytes)?;
        self.read_ahead = ReadAhead::new(end);
        self.walk_start = if walk == WalkFrom::EndOfMoov { (end, self.reads) } else { (0, self.reads) };
        match walk {
            _ if self.second_moov.is_some() => Ok(State::Done),
            WalkFrom::EndOfMoov => self.walk(end, &next),
            WalkFrom::StartOfFile if !self.is_fragmented => Ok(State::Done),
            WalkFrom::StartOfFile => Ok(State::Boxes { at: 0, bytes: Vec::new(), needed: FIRST_READ }),
        }
    }

    /// Returns the state where the walk cannot go on: a box at `at` ends at `needed`, past the end of the file, or is not a box.
    /// A fragmented recording ends with the last box before it, and a movie whose index has been read needs no more boxes.
    fn cut(&mut self, at: u64, kind: FourCc, needed: u64) -> Result<State> {
        let file_size = self.file_size;
        match (&self.moov, &kind.0) {
            (Some(_), b"mfra") => Ok(State::Done),
            (Some(_), _) => {
                self.cut_at = Some(at).filter(|_| self.is_fragmented && !self.has_ended);
                Ok(State::Done)
            }
            (None, b"moov") if needed.saturating_sub(at) > MAX_MOOV_BYTES => {
                self.check_moov(&(at..needed)).map(|()| State::Done)
            }
            (None, b"moov" | b"moof") => Err(Error::TruncatedIndex { file_size, needed }),
            (None, _) if needed > file_size => Err(Error::TruncatedMedia { file_size, needed }),
            (None, _) => Err(Error::MoovMissing),
        }
    }

    fn end_of_file(&self) -> Result<State> {
        self.moov.as_ref().map(|_| State::Done).ok_or(Error::MoovMissing)
    }

    fn too_many_boxes(&self) -> Result<State> {
        if self.moov.is_none() {
            return Err(Error::MoovMissing);
        }
        if !self.is_fragmented {
            return Ok(State::Done);
        }
        let (found, limit) = (u64::from(self.boxes_seen), u64::from(MAX_TOP_LEVEL_BOXES));
        let what = "the number of boxes between two movie fragments";
        Err(Error::LimitExceeded { what, found, limit, action: REMUX })
    }

    fn check_moov(&self, range: &Range<u64>) -> Result<()> {
        let size = range.end.checked_sub(range.start).or_out_of_range("The byte range of the index (moov box)")?;
        if size > MAX_MOOV_BYTES {
            return Err(Error::MoovTooLarge { size, limit: MAX_MOOV_BYTES });
        }
        if range.end > self.file_size {
            return Err(Error::TruncatedIndex { file_size: self.file_size, needed: range.end });
        }
        self.check_room_for(size)
    }

    /// Checks that the index stays within its limit when `more` bytes are added.
    fn check_room_for(&self, more: u64) -> Result<()> {
        let moovs = [&self.moov, &self.second_moov].into_iter().flatten();
        let held = moovs.map(|moov| u64_of(moov.bytes.len())).fold(more, u64::saturating_add);
        self.spans.check_room_for(held)
    }
}

/// Returns a `moov` box, uncompressed.
fn movie_box(range: Range<u64>, bytes: Vec<u8>) -> Result<MovieBox> {
    // A `moov` that does not parse is refused later.
    let view = BoxView::parse(&bytes, range.start).ok();
    let Some(uncompressed) = view.map(|view| uncompressed(&view)).transpose()?.flatten() else {
        return Ok(MovieBox { range, bytes, placeholder: None });
    };
    let size = u32::try_from(bytes.len()).or_out_of_range("The size of the index (moov box)")?;
    let mut placeholder = *b"\0\0\0\0free";
    if let Some(field) = placeholder.first_chunk_mut() {
        *field = size.to_be_bytes();
    }
    Ok(MovieBox { range, bytes: uncompressed, placeholder: Some(placeholder.to_vec()) })
}

/// Returns whether movie fragments follow a `moov` (ISO/IEC 14496-12 8.8.1). A `moov` that does not parse is refused later.
fn is_fragmented(moov: &MovieBox) -> bool {
    BoxView::parse(&moov.bytes, moov.range.start).and_then(|moov| moov.child(b"mvex")).is_ok_and(|mvex| mvex.is_some())
}

#[cfg(test)]
#[path = "index_reader_tests.rs"]
mod tests;
