//! Finding a movie's index by reading as little of the file as possible.
//!
//! The top level of an MP4 is a row of boxes: `ftyp`, `moov` (the index), `mdat` (the media), in any order and with filler
//! between them. [`IndexReader`] walks that row without doing any I/O itself: it says which range it wants next, is given the
//! bytes, and ends with an [`Index`]. The first read takes enough for `ftyp` and whatever follows it; behind a media box a
//! small read finds the next header. A whole movie of any length is indexed with `moov` + [`FIRST_READ`] + a few small reads
//! of traffic, two or three requests in practice.
//!
//! # Fragmented movies
//!
//! A `moov` that holds an `mvex` says that movie fragments follow (ISO/IEC 14496-12 8.8): each a `moof` box that indexes the
//! media next to it. Then the row is walked to the end of the file, and every `moof` is kept. The indexes of fragments that a
//! file may have, `sidx` and `mfra`, are stepped over: what the samples are is in the `moof` boxes alone, each has to be read,
//! and the box before it says where it lies, so an index could only be wrong.
//!
//! That a file is fragmented is written in its `moov`, so the place of the `moov` is all that has to be remembered for a
//! second reading: [`IndexReader::at`] walks again where it has to.

use std::ops::Range;

use super::BoxView;
use super::top_level::{Header, ReadAhead, sniff};
use crate::track::Movie;
use crate::{Error, Result};

/// The largest `moov` box that is accepted, in bytes: more than a day of the busiest movie seen. The `moof` boxes of a
/// fragmented movie, and what else of it is held, have the same bound.
pub const MAX_MOOV_BYTES: u64 = 256 * 1024 * 1024;

/// Bytes asked for first: `ftyp`, and for many short or fast-start files the whole index with it.
const FIRST_READ: u64 = 16 * 1024;

/// Top-level boxes that are stepped over in search of `moov` or the next `moof`.
const MAX_TOP_LEVEL_BOXES: u32 = 1024;

/// Reads that an index may take: a quarter of an hour of requests to an object store.
const MAX_READS: u32 = 1 << 16;

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
    /// The `moov` box and where it lies, once it has been read.
    moov: Option<(u64, Vec<u8>)>,
    /// What was seen beside it.
    pieces: Pieces,
    ahead: ReadAhead,
    /// Boxes stepped over since the last `moof`.
    boxes_seen: u32,
    reads: u32,
}

#[derive(Debug)]
enum State {
    /// A box begins at `at`; `have` holds its first bytes, and `wanted` bytes from there are what it takes to go on.
    Boxes { at: u64, have: Vec<u8>, wanted: u64 },
    /// The `moov` box lies at `range`; `have` holds its first bytes.
    Moov { range: Range<u64>, have: Vec<u8>, then: Then },
    /// There is nothing more to read.
    Done,
}

/// Where the walk for fragments begins.
#[derive(Debug, Clone, Copy)]
enum Then {
    /// At the beginning of the file: its place was known, and nothing else has been seen.
    Everything,
    /// Behind the `moov`: what lies before it has been seen.
    Onwards,
}

impl IndexReader {
    /// A reader for a file of `file_size` bytes about which nothing is known.
    ///
    /// # Errors
    /// [`Error::EmptyFile`] when there is nothing to read.
    pub fn new(file_size: u64) -> Result<Self> {
        if file_size == 0 {
            return Err(Error::EmptyFile);
        }
        Ok(Self {
            file_size,
            state: State::Boxes { at: 0, have: Vec::new(), wanted: FIRST_READ },
            moov: None,
            pieces: Pieces::default(),
            ahead: ReadAhead::new(0),
            boxes_seen: 0,
            reads: 0,
        })
    }

    /// A reader for a file whose `moov` box is known to lie at `moov`, from an earlier reading.
    ///
    /// # Errors
    /// [`Error::MoovTooLarge`] and [`Error::TruncatedIndex`] as when it is found for the first time.
    pub fn at(file_size: u64, moov: Range<u64>) -> Result<Self> {
        let mut reader = Self::new(file_size)?;
        reader.check_moov(&moov)?;
        reader.state = State::Moov { range: moov, have: Vec::new(), then: Then::Everything };
        Ok(reader)
    }

    /// The range of the file that is wanted next, in bytes; `None` when the index is complete.
    #[must_use]
    pub fn want(&self) -> Option<Range<u64>> {
        let missing = match &self.state {
            State::Boxes { at, have, wanted } => {
                at.saturating_add(length(have))..at.saturating_add(*wanted).min(self.file_size)
            }
            State::Moov { range, have, .. } => range.start.saturating_add(length(have))..range.end,
            State::Done => return None,
        };
        (!missing.is_empty()).then_some(missing)
    }

    /// Takes the bytes of the range that [`want`](Self::want) asked for.
    ///
    /// # Errors
    /// Why the file is refused; [`Error::SourceMismatch`] when `bytes` is not as long as the range.
    pub fn supply(&mut self, bytes: &[u8]) -> Result<()> {
        let wanted = self.want().map_or(0, |range| range.end.saturating_sub(range.start));
        if length(bytes) != wanted {
            return Err(Error::SourceMismatch { reason: "a read of the index returned another length" });
        }
        self.reads = self.reads.saturating_add(1);
        if self.reads > MAX_READS {
            let (found, limit) = (u64::from(self.reads), u64::from(MAX_READS));
            return Err(Error::LimitExceeded {
                what: "the number of reads that finding its fragments takes",
                found,
                limit,
            });
        }
        match std::mem::replace(&mut self.state, State::Done) {
            State::Boxes { at, mut have, .. } => {
                have.extend_from_slice(bytes);
                self.state = self.walk(at, &have)?;
            }
            State::Moov { range, mut have, then } => {
                have.extend_from_slice(bytes);
                self.state = self.after_moov(range, have, then);
            }
            State::Done => {}
        }
        Ok(())
    }

    /// The index, once nothing more is wanted.
    ///
    /// # Errors
    /// [`Error::MoovMissing`] when it is asked for too early.
    pub fn finish(self) -> Result<Index> {
        match (self.state, self.moov) {
            (State::Done, Some((moov_offset, moov))) => {
                Ok(Index { file_size: self.file_size, pieces: self.pieces, moov_offset, moov })
            }
            _ => Err(Error::MoovMissing),
        }
    }

    /// Reads boxes from `bytes`, which lie at `at`, until there is nothing more to find or the bytes end.
    fn walk(&mut self, mut at: u64, bytes: &[u8]) -> Result<State> {
        let mut rest = bytes;
        loop {
            self.boxes_seen = self.boxes_seen.saturating_add(1);
            let left_in_file = self.file_size.saturating_sub(at);
            if left_in_file == 0 {
                return self.end();
            }
            if self.boxes_seen > MAX_TOP_LEVEL_BOXES {
                return Err(self.too_many_boxes());
            }
            let Some(header) = Header::parse(rest, left_in_file) else {
                // Too few bytes left for a header: ask for them, unless the file ends here.
                if length(rest) < left_in_file {
                    return Ok(State::Boxes { at, have: rest.to_vec(), wanted: self.ahead.bytes() });
                }
                return if at == 0 { Err(Error::NotMp4 { found: sniff(rest) }) } else { self.end() };
            };
            if at == 0 && !header.may_open_a_file() {
                return Err(Error::NotMp4 { found: sniff(rest) });
            }
            let end = at.saturating_add(header.size);
            let inside = usize::try_from(header.size).ok().and_then(|size| rest.split_at_checked(size));
            if header.kind == b"moov" && self.moov.is_none() {
                self.check_moov(&(at..end))?;
                let Some((own, behind)) = inside else {
                    return Ok(State::Moov { range: at..end, have: rest.to_vec(), then: Then::Onwards });
                };
                self.moov = Some((at, own.to_vec()));
                if !is_fragmented(own, at) {
                    return Ok(State::Done);
                }
                (at, rest, self.ahead) = (end, behind, ReadAhead::new(end));
                continue;
            }
            if end > self.file_size {
                let (file_size, needed) = (self.file_size, end);
                let is_index = header.kind == b"moof";
                return Err(if is_index {
                    Error::TruncatedIndex { file_size, needed }
                } else {
                    Error::TruncatedMedia { file_size, needed }
                });
            }
            if header.kind == b"moof" {
                self.check_room(header.size)?;
                let Some((own, behind)) = inside else {
                    let wanted = header.size.saturating_add(self.ahead.bytes());
                    return Ok(State::Boxes { at, have: rest.to_vec(), wanted });
                };
                self.pieces.push(at, own, true);
                self.boxes_seen = 0;
                (at, rest) = (end, behind);
                continue;
            }
            if self.moov.as_ref().is_none_or(|(moov, _)| *moov != at) {
                let whole = inside.filter(|_| header.kind == b"ftyp").map(|(own, _)| own);
                self.check_room(0)?;
                self.pieces.push(at, whole.or(rest.get(..header.length)).unwrap_or(rest), false);
            }
            let Some((_, behind)) = inside else {
                if end == self.file_size {
                    return self.end();
                }
                self.ahead.step(at.saturating_add(16), end);
                return Ok(State::Boxes { at: end, have: Vec::new(), wanted: self.ahead.bytes() });
            };
            (at, rest) = (end, behind);
        }
    }

    /// Goes on when the `moov` box has been read; `then` says from where, if it has fragments.
    fn after_moov(&mut self, range: Range<u64>, have: Vec<u8>, then: Then) -> State {
        let fragmented = is_fragmented(&have, range.start);
        self.moov = Some((range.start, have));
        self.ahead = ReadAhead::new(range.end);
        match then {
            _ if !fragmented => State::Done,
            Then::Onwards if range.end == self.file_size => State::Done,
            Then::Onwards => State::Boxes { at: range.end, have: Vec::new(), wanted: self.ahead.bytes() },
            Then::Everything => State::Boxes { at: 0, have: Vec::new(), wanted: FIRST_READ },
        }
    }

    /// The file has no more boxes.
    fn end(&self) -> Result<State> {
        self.moov.as_ref().map(|_| State::Done).ok_or(Error::MoovMissing)
    }

    fn too_many_boxes(&self) -> Error {
        if self.moov.is_none() {
            return Error::MoovMissing;
        }
        let (found, limit) = (u64::from(self.boxes_seen), u64::from(MAX_TOP_LEVEL_BOXES));
        Error::LimitExceeded { what: "the number of boxes between two movie fragments", found, limit }
    }

    fn check_moov(&self, range: &Range<u64>) -> Result<()> {
        let size = range.end.saturating_sub(range.start);
        if size > MAX_MOOV_BYTES {
            return Err(Error::MoovTooLarge { size, limit: MAX_MOOV_BYTES });
        }
        if range.end > self.file_size {
            return Err(Error::TruncatedIndex { file_size: self.file_size, needed: range.end });
        }
        Ok(())
    }

    /// Refuses to hold `more` bytes when that would be too many.
    fn check_room(&self, more: u64) -> Result<()> {
        let (found, limit) = (self.pieces.held().saturating_add(more), MAX_MOOV_BYTES);
        if found > limit {
            return Err(Error::LimitExceeded {
                what: "the number of bytes in its movie fragment (moof) boxes",
                found,
                limit,
            });
        }
        Ok(())
    }
}

/// Whether movie fragments follow a `moov` (ISO/IEC 14496-12 8.8.1). One that does not parse is refused when it is read.
fn is_fragmented(moov: &[u8], offset: u64) -> bool {
    BoxView::parse(moov, offset).and_then(|moov| moov.child(b"mvex")).is_ok_and(|mvex| mvex.is_some())
}

/// Parts of a file in the order in which they were read, in one buffer: a recording may have a million.
#[derive(Debug, Clone, Default)]
struct Pieces {
    places: Vec<Place>,
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    /// In the file.
    offset: u64,
    /// In the buffer.
    start: usize,
    is_fragment: bool,
}

impl Pieces {
    fn push(&mut self, offset: u64, bytes: &[u8], is_fragment: bool) {
        self.places.push(Place { offset, start: self.bytes.len(), is_fragment });
        self.bytes.extend_from_slice(bytes);
    }

    /// Bytes that all this takes.
    fn held(&self) -> u64 {
        length(&self.bytes).saturating_add(u64::try_from(std::mem::size_of_val(self.places.as_slice())).unwrap_or(0))
    }

    fn iter(&self) -> impl Iterator<Item = (Place, &[u8])> {
        let ends = self.places.iter().skip(1).map(|next| next.start).chain([self.bytes.len()]);
        self.places.iter().zip(ends).map(|(place, end)| (*place, self.bytes.get(place.start..end).unwrap_or_default()))
    }
}

/// The index of a movie: the bytes of its `ftyp` and `moov` boxes, of its `moof` boxes if it is fragmented, and of the headers
/// of the boxes around them; and where they lie.
#[derive(Debug, Clone)]
pub struct Index {
    file_size: u64,
    pieces: Pieces,
    moov_offset: u64,
    moov: Vec<u8>,
}

impl Index {
    /// Length of the whole file in bytes.
    #[must_use]
    pub fn file_size(&self) -> u64 {
        self.file_size
    }

    /// Where the `moov` box lies, in bytes: what [`IndexReader::at`] takes to read the index again.
    #[must_use]
    pub fn moov_range(&self) -> Range<u64> {
        self.moov_offset..self.moov_offset.saturating_add(length(&self.moov))
    }

    /// Whether media lies in front of the `moov` box, as far as the pieces show: all of it, after a first reading.
    #[must_use]
    pub fn has_media_before_moov(&self) -> bool {
        let mut before = self.pieces.iter().filter(|(place, _)| place.offset < self.moov_offset);
        before.any(|(_, bytes)| bytes.get(4..8) == Some(b"mdat"))
    }

    /// The pieces of the file that are held, each with its offset in bytes: what a sparse copy for a prober needs, which walks
    /// from one box header to the next.
    pub fn pieces(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let around = self.pieces.iter().map(|(place, bytes)| (place.offset, bytes));
        around.chain([(self.moov_offset, self.moov.as_slice())])
    }

    /// The movie the index describes, checked.
    ///
    /// # Errors
    /// Why the file is refused.
    pub fn movie(&self) -> Result<Movie<'_>> {
        let fragments = self.pieces.iter().filter(|(place, _)| place.is_fragment);
        let fragments = fragments.map(|(place, bytes)| BoxView::parse(bytes, place.offset));
        Movie::parse(BoxView::parse(&self.moov, self.moov_offset)?, fragments, self.file_size)
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8; 4], payload: usize) -> Vec<u8> {
        let size = u32::try_from(payload + 8).unwrap();
        [&size.to_be_bytes()[..], kind, &vec![0; payload]].concat()
    }

    /// Reads the index of `file` and returns it with the number of reads and of bytes it took.
    fn read(file: &[u8]) -> (Result<Index>, u32, u64) {
        let (mut reads, mut bytes) = (0, 0);
        let mut drive = || {
            let mut reader = IndexReader::new(length(file))?;
            while let Some(range) = reader.want() {
                reads += 1;
                bytes += range.end - range.start;
                reader.supply(&file[range.start as usize..range.end as usize])?;
            }
            reader.finish()
        };
        (drive(), reads, bytes)
    }

    #[test]
    fn an_index_in_front_takes_two_reads() {
        let file = [boxed(b"ftyp", 24), boxed(b"moov", 100_000), boxed(b"mdat", 1_000_000)].concat();
        let (index, reads, bytes) = read(&file);
        assert_eq!(index.unwrap().moov_range(), 32..100_040);
        assert_eq!((reads, bytes), (2, 100_040));
    }

    #[test]
    fn an_index_at_the_end_takes_three_reads_and_no_media() {
        let file = [boxed(b"ftyp", 24), boxed(b"wide", 0), boxed(b"mdat", 1_000_000), boxed(b"moov", 50_000)].concat();
        let (index, reads, bytes) = read(&file);
        assert_eq!(index.unwrap().moov_range(), 1_000_048..1_050_056);
        assert_eq!(reads, 3);
        assert!(bytes <= 50_008 + 64 * 1024);
    }

    #[test]
    fn a_sparse_copy_can_be_walked_to_the_index() {
        let file = [boxed(b"ftyp", 24), boxed(b"wide", 0), boxed(b"mdat", 1_000_000), boxed(b"moov", 50_000)].concat();
        let index = read(&file).0.unwrap();
        let mut sparse = vec![0; file.len()];
        for (offset, bytes) in index.pieces() {
            sparse[offset as usize..][..bytes.len()].copy_from_slice(bytes);
        }
        assert_eq!(read(&sparse).0.unwrap().moov_range(), index.moov_range());
    }

    #[test]
    fn a_known_index_takes_one_read_of_just_itself() {
        let file = [boxed(b"ftyp", 24), boxed(b"moov", 100)].concat();
        let mut reader = IndexReader::at(length(&file), 32..140).unwrap();
        assert_eq!(reader.want(), Some(32..140));
        reader.supply(&file[32..]).unwrap();
        assert_eq!(reader.want(), None);
        assert_eq!(reader.finish().unwrap().moov_range(), 32..140);
    }

    /// A `moov` that says fragments follow.
    fn extended_moov() -> Vec<u8> {
        [&[0, 0, 0, 16][..], b"moov", &boxed(b"mvex", 0)].concat()
    }

    /// A movie of `count` fragments, each with `media` bytes.
    fn fragmented(count: usize, media: usize) -> Vec<u8> {
        let fragment = [boxed(b"moof", 500), boxed(b"mdat", media)].concat();
        [boxed(b"ftyp", 24), extended_moov(), boxed(b"sidx", 36), fragment.repeat(count), boxed(b"mfra", 100)].concat()
    }

    fn fragments(index: &Index) -> Vec<u64> {
        index.pieces.iter().filter(|(place, _)| place.is_fragment).map(|(place, _)| place.offset).collect()
    }

    #[test]
    fn fragments_far_apart_take_a_small_read_each() {
        let (index, reads, bytes) = read(&fragmented(50, 1_000_000));
        let first = 32 + 16 + 44;
        let expected: Vec<u64> = (0..50).map(|number| first + number * 1_000_516).collect();
        assert_eq!(fragments(&index.unwrap()), expected);
        assert!(reads <= 51 && bytes <= 300_000, "{reads} reads of {bytes} bytes");
    }

    #[test]
    fn fragments_close_together_are_read_many_at_a_time() {
        let file = fragmented(10_000, 2000);
        let (index, reads, bytes) = read(&file);
        assert_eq!(fragments(&index.unwrap()).len(), 10_000);
        assert!(reads <= 40 && bytes <= length(&file), "{reads} reads of {bytes} bytes");
    }

    #[test]
    fn near_and_far_fragments_in_turn_take_a_read_for_both() {
        let pair = [boxed(b"moof", 900), boxed(b"mdat", 700_000), boxed(b"moof", 500), boxed(b"mdat", 40_000)].concat();
        let file = [boxed(b"ftyp", 24), extended_moov(), pair.repeat(100)].concat();
        let (index, reads, bytes) = read(&file);
        assert_eq!(fragments(&index.unwrap()).len(), 200);
        assert!(reads <= 110 && bytes <= 6_000_000, "{reads} reads of {bytes} bytes");
    }

    #[test]
    fn fragments_before_the_moov_count_too() {
        let fragment = [boxed(b"moof", 30_000), boxed(b"mdat", 400_000)].concat();
        let file = [boxed(b"ftyp", 24), fragment.repeat(3), extended_moov(), fragment.repeat(2)].concat();
        let index = read(&file).0.unwrap();
        let found = fragments(&index);
        assert_eq!(found.len(), 5);
        let mut again = IndexReader::at(length(&file), index.moov_range()).unwrap();
        while let Some(range) = again.want() {
            again.supply(&file[range.start as usize..range.end as usize]).unwrap();
        }
        assert_eq!(fragments(&again.finish().unwrap()), found);
    }

    #[test]
    fn a_fragmented_file_cut_off_is_told_apart_by_where_it_was_cut() {
        let whole = fragmented(3, 100_000);
        let code = |end: usize| read(&whole[..end]).0.unwrap_err().code();
        assert_eq!(code(92 + 100), "truncated_index");
        assert_eq!(code(92 + 50_000), "truncated_media");
        assert!(read(&whole[..whole.len() - 108]).0.is_ok(), "without its mfra");
        assert!(read(&whole[..whole.len() - 102]).0.is_ok(), "with six bytes of it");
    }

    #[test]
    fn boxes_without_end_are_not_walked_to_the_end() {
        let file = [boxed(b"ftyp", 24), extended_moov(), boxed(b"free", 0).repeat(2000)].concat();
        assert_eq!(read(&file).0.unwrap_err().code(), "limit_exceeded");
    }

    #[test]
    fn what_is_not_a_movie_is_named() {
        let code = |file: &[u8]| read(file).0.unwrap_err();
        assert_eq!(code(b""), Error::EmptyFile);
        assert_eq!(code(b"hello, this is a text file\n"), Error::NotMp4 { found: "text" });
        assert_eq!(code(b"\x89PNG\r\n\x1a\n...................."), Error::NotMp4 { found: "a PNG image" });
        assert_eq!(code(b"\x1aE\xdf\xa3\x93B\x82\x88matroska......"), Error::NotMp4 { found: "Matroska or WebM" });
        assert_eq!(code(b"abc"), Error::NotMp4 { found: "text" });
    }

    #[test]
    fn a_file_cut_off_is_told_apart_by_where_it_was_cut() {
        let whole = [boxed(b"ftyp", 24), boxed(b"mdat", 100_000), boxed(b"moov", 50_000)].concat();
        let code = |end: usize| read(&whole[..end]).0.unwrap_err().code();
        assert_eq!(code(60_000), "truncated_media");
        assert_eq!(code(100_040), "moov_missing");
        assert_eq!(code(120_000), "truncated_index");
    }

    #[test]
    fn an_index_past_the_bound_is_refused_before_it_is_read() {
        let mut reader = IndexReader::new(1 << 40).unwrap();
        let mut head = boxed(b"moov", FIRST_READ as usize - 8);
        head[..4].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(reader.supply(&head).unwrap_err().code(), "moov_too_large");
    }

    #[test]
    fn a_box_of_size_zero_reaches_to_the_end_of_the_file() {
        let mut moov = boxed(b"moov", 40);
        moov[..4].copy_from_slice(&[0; 4]);
        let (index, ..) = read(&[boxed(b"ftyp", 24), moov].concat());
        assert_eq!(index.unwrap().moov_range(), 32..80);
    }
}
