//! Finding a movie's index by reading as little of the file as possible.
//!
//! The top level of an MP4 is a row of boxes: `ftyp`, `moov` (the index), `mdat` (the media), in any order and with filler
//! between them. [`IndexReader`] walks that row without doing any I/O itself: it says which range it wants next, is given the
//! bytes, and ends with an [`Index`]. The first read takes enough for `ftyp` and whatever follows it; behind a media box a
//! small read finds the next header. A whole movie of any length is indexed with `moov` + [`FIRST_READ`] + a few
//! [`NEXT_READ`]s of traffic, two or three requests in practice.

use std::ops::Range;

use super::{BoxView, FourCc};
use crate::track::Movie;
use crate::{Error, Result};

/// The largest `moov` box that is accepted, in bytes: more than a day of the busiest movie seen.
pub const MAX_MOOV_BYTES: u64 = 256 * 1024 * 1024;

/// Bytes asked for first: `ftyp`, and for many short or fast-start files the whole index with it.
const FIRST_READ: u64 = 16 * 1024;

/// Bytes asked for behind a box that was stepped over.
const NEXT_READ: u64 = 4 * 1024;

/// Top-level boxes that are stepped over before a file counts as having no index.
const MAX_TOP_LEVEL_BOXES: u32 = 1024;

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
    /// What was seen before the index, by offset: `ftyp` whole, the headers of other boxes.
    before: Vec<(u64, Vec<u8>)>,
    boxes_seen: u32,
}

#[derive(Debug)]
enum State {
    /// A header is expected at `at`; `wanted` bytes from there are asked for.
    Header { at: u64, wanted: u64 },
    /// The `moov` box lies at `range`; `have` holds its first bytes.
    Moov { range: Range<u64>, have: Vec<u8> },
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
        let state = State::Header { at: 0, wanted: FIRST_READ };
        Ok(Self { file_size, state, before: Vec::new(), boxes_seen: 0 })
    }

    /// A reader for a file whose `moov` box is known to lie at `moov`, from an earlier reading.
    ///
    /// # Errors
    /// [`Error::MoovTooLarge`] and [`Error::TruncatedIndex`] as when it is found for the first time.
    pub fn at(file_size: u64, moov: Range<u64>) -> Result<Self> {
        let mut reader = Self::new(file_size)?;
        reader.state = reader.moov(moov, Vec::new())?;
        Ok(reader)
    }

    /// The range of the file that is wanted next, in bytes; `None` when the index is complete.
    #[must_use]
    pub fn want(&self) -> Option<Range<u64>> {
        match &self.state {
            State::Header { at, wanted } => Some(*at..at.saturating_add(*wanted).min(self.file_size)),
            State::Moov { range, have } => {
                let missing = range.start.saturating_add(length(have))..range.end;
                (!missing.is_empty()).then_some(missing)
            }
        }
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
        match &mut self.state {
            State::Moov { have, .. } => have.extend_from_slice(bytes),
            State::Header { at, .. } => {
                let at = *at;
                self.state = self.walk(at, bytes)?;
            }
        }
        Ok(())
    }

    /// The index, once nothing more is wanted.
    ///
    /// # Errors
    /// [`Error::MoovMissing`] when it is asked for too early.
    pub fn finish(self) -> Result<Index> {
        match self.state {
            State::Moov { range, have } if range.start.saturating_add(length(&have)) == range.end => {
                Ok(Index { file_size: self.file_size, before: self.before, moov_offset: range.start, moov: have })
            }
            _ => Err(Error::MoovMissing),
        }
    }

    /// Reads headers from `bytes`, which lie at `at`, until the index is found or the bytes end.
    fn walk(&mut self, mut at: u64, bytes: &[u8]) -> Result<State> {
        let mut rest = bytes;
        loop {
            self.boxes_seen = self.boxes_seen.saturating_add(1);
            if at >= self.file_size || self.boxes_seen > MAX_TOP_LEVEL_BOXES {
                return Err(Error::MoovMissing);
            }
            let Some(header) = Header::parse(rest, self.file_size.saturating_sub(at)) else {
                // Too few bytes left for a header: ask for them, unless the file ends here.
                let left_in_file = self.file_size.saturating_sub(at);
                if length(rest) >= left_in_file {
                    return Err(if at == 0 { Error::NotMp4 { found: sniff(rest) } } else { Error::MoovMissing });
                }
                return Ok(State::Header { at, wanted: NEXT_READ });
            };
            if at == 0 && !header.may_open_a_file() {
                return Err(Error::NotMp4 { found: sniff(rest) });
            }
            let end = at.saturating_add(header.size);
            let inside = usize::try_from(header.size).ok().and_then(|size| rest.split_at_checked(size));
            if header.kind == b"moov" {
                let have = inside.map_or(rest, |(own, _)| own).to_vec();
                return self.moov(at..end, have);
            }
            if end > self.file_size {
                return Err(Error::TruncatedMedia { file_size: self.file_size, needed: end });
            }
            let whole = inside.filter(|_| header.kind == b"ftyp").map(|(own, _)| own);
            let kept = whole.or(rest.get(..header.length)).unwrap_or(rest);
            self.before.push((at, kept.to_vec()));
            let Some((_, behind)) = inside else {
                // A last box that is not the index: there is none.
                return if end == self.file_size {
                    Err(Error::MoovMissing)
                } else {
                    Ok(State::Header { at: end, wanted: NEXT_READ })
                };
            };
            (at, rest) = (end, behind);
        }
    }

    fn moov(&self, range: Range<u64>, have: Vec<u8>) -> Result<State> {
        let size = range.end.saturating_sub(range.start);
        if size > MAX_MOOV_BYTES {
            return Err(Error::MoovTooLarge { size, limit: MAX_MOOV_BYTES });
        }
        if range.end > self.file_size {
            return Err(Error::TruncatedIndex { file_size: self.file_size, needed: range.end });
        }
        Ok(State::Moov { range, have })
    }
}

/// A top-level box header.
struct Header {
    kind: FourCc,
    /// Size of the whole box in bytes; a box "to the end of the file" is resolved to its size.
    size: u64,
    /// Bytes of the header itself.
    length: usize,
}

impl Header {
    /// The header at the start of `bytes`, or `None` when there are too few of them or it is not one.
    fn parse(bytes: &[u8], left_in_file: u64) -> Option<Self> {
        let (size, rest) = bytes.split_first_chunk::<4>()?;
        let (kind, rest) = rest.split_first_chunk::<4>()?;
        let (size, length) = match u32::from_be_bytes(*size) {
            0 => (left_in_file, 8),
            1 => (u64::from_be_bytes(*rest.first_chunk()?).max(16), 16),
            size => (u64::from(size).max(8), 8),
        };
        Some(Self { kind: FourCc(*kind), size, length })
    }

    /// Whether a file of this family may begin with such a box.
    fn may_open_a_file(&self) -> bool {
        const OPENERS: [&[u8; 4]; 14] = [
            b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"uuid", b"moof", b"sidx", b"udta",
            b"meta", b"prfl",
        ];
        OPENERS.contains(&&self.kind.0)
    }
}

/// Names what a file that is not an MP4 looks like, for the person who uploaded it.
fn sniff(bytes: &[u8]) -> &'static str {
    const SIGNATURES: [(&[u8], &str); 14] = [
        (b"\x1aE\xdf\xa3", "Matroska or WebM"),
        (b"\x89PNG", "a PNG image"),
        (b"\xff\xd8\xff", "a JPEG image"),
        (b"GIF8", "a GIF image"),
        (b"ID3", "an MP3 file"),
        (b"\xff\xfb", "an MP3 file"),
        (b"\xff\xf1", "raw AAC audio"),
        (b"OggS", "an Ogg file"),
        (b"fLaC", "a FLAC file"),
        (b"RIFF", "an AVI, WAV or WebP file"),
        (b"FLV", "a Flash video"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"%PDF", "a PDF document"),
        (b"\x47\x40", "an MPEG transport stream"),
    ];
    let known = SIGNATURES.iter().find(|(magic, _)| bytes.starts_with(magic));
    let textual = || bytes.iter().take(512).all(|byte| !byte.is_ascii_control() || byte.is_ascii_whitespace());
    known.map_or_else(|| if textual() { "text" } else { "data of an unknown kind" }, |(_, name)| name)
}

/// The index of a movie: the bytes of its `ftyp` and `moov` boxes and of the headers before it, and where they lie.
#[derive(Debug, Clone)]
pub struct Index {
    file_size: u64,
    before: Vec<(u64, Vec<u8>)>,
    moov_offset: u64,
    moov: Vec<u8>,
}

impl Index {
    /// Length of the whole file in bytes.
    #[must_use]
    pub fn file_size(&self) -> u64 {
        self.file_size
    }

    /// Where the `moov` box lies, in bytes.
    #[must_use]
    pub fn moov_range(&self) -> Range<u64> {
        self.moov_offset..self.moov_offset.saturating_add(length(&self.moov))
    }

    /// The pieces of the file that are held, each with its offset in bytes: what a sparse copy for a prober needs, which walks
    /// from one box header to the next until it comes to the `moov`.
    pub fn pieces(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let before = self.before.iter().map(|(offset, bytes)| (*offset, bytes.as_slice()));
        before.chain([(self.moov_offset, self.moov.as_slice())])
    }

    /// The movie the index describes, checked.
    ///
    /// # Errors
    /// Why the file is refused.
    pub fn movie(&self) -> Result<Movie<'_>> {
        Movie::parse(BoxView::parse(&self.moov, self.moov_offset)?, self.file_size)
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
