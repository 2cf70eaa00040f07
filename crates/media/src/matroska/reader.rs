//! Reading the index of a Matroska file: its tracks, and the location and time of every frame.
//!
//! The index is spread over the whole file, because each block has a header of its own, and nothing else lists all of them
//! (`Cues` has key frames only). So the file is read from its start to its end, in ranges of up to [`LARGEST_READ`], and only what
//! lies beyond a range is skipped. The structure is walked as a flat sequence: the reader enters a `Segment` and a `Cluster`, and
//! steps over any other element. So sizes of clusters may be unknown, as in live recordings, and `Cues` are not needed.
//!
//! A recording that was interrupted ends inside an element. Whatever precedes it is packaged.

use std::ops::Range;

use super::block::{Block, MAX_BLOCK_HEADER};
use super::chapters::{Chapter, chapters};
use super::ebml::{Element, ElementHeader, MAX_HEADER, NoHeader, elements};
use super::frames::{Frame, TrackFrames};
use super::ids;
use super::movie_box::movie_box;
use super::track_entry::TrackEntry;
use crate::number::u64_of;
use crate::{Error, Result};

/// The first bytes of an EBML document.
pub(crate) const SIGNATURE: [u8; 4] = ids::EBML.to_be_bytes();

/// Bytes of the first read after the signature is known. Each read doubles it.
const SMALLEST_READ: u64 = 256 * 1024;

/// Maximum number of bytes of a read.
const LARGEST_READ: u64 = 8 * 1024 * 1024;

/// Maximum size of an element that is read as a whole, such as `Tracks`, or a `BlockGroup` with its frame.
const MAX_WHOLE_ELEMENT: u64 = 64 * 1024 * 1024;

/// Bytes of a block that are read at least: its header, and the first bytes of its frames.
const BLOCK_START: u64 = 64 * 1024;
const _: () = assert!(BLOCK_START > u64_of(MAX_BLOCK_HEADER), "the header of a block fits");

/// Maximum number of frames of all tracks: 16 hours of 25 frames and 47 packets of audio a second. It bounds memory to 24 bytes
/// for each, and as many for the index that is made of them.
const MAX_FRAMES: u64 = 1 << 22;

/// Maximum number of tracks.
const MAX_TRACKS: usize = 128;

/// `TimestampScale` of a file without it, in nanoseconds.
const DEFAULT_SCALE: u64 = 1_000_000;

/// The sans-I/O reader of a Matroska file.
#[derive(Debug)]
pub(crate) struct MatroskaReader {
    file_size: u64,
    /// Offset in the file of the first byte of `buffer`, or of the next read.
    at: u64,
    buffer: Vec<u8>,
    /// Number of bytes from `at` that the walk needs to continue; 0 when it has ended.
    needed: u64,
    read_size: u64,
    scale: u64,
    tracks: Vec<TrackFrames>,
    chapters: Vec<Chapter>,
    frames: u64,
    /// The timestamp of the cluster, in units of `scale`.
    cluster: i64,
    cut_at: Option<u64>,
}

/// What the walk does after an element.
enum Step {
    /// Continues at this offset in the buffer, which may be past its end.
    To(u64),
    /// Needs this many bytes of the element.
    Read(u64),
    /// There is nothing more.
    End,
}

impl MatroskaReader {
    /// Creates a reader for a file of `file_size` bytes.
    pub(crate) fn new(file_size: u64) -> Self {
        Self {
            file_size,
            at: 0,
            buffer: Vec::new(),
            needed: SMALLEST_READ,
            read_size: SMALLEST_READ,
            scale: DEFAULT_SCALE,
            tracks: Vec::new(),
            chapters: Vec::new(),
            frames: 0,
            cluster: 0,
            cut_at: None,
        }
    }

    /// Returns the next range to read; `None` at the end.
    pub(crate) fn want(&self) -> Option<Range<u64>> {
        let start = self.at.saturating_add(u64_of(self.buffer.len()));
        // A read that would pass the end of the file stops there, so the sum may saturate.
        let range = start..self.at.saturating_add(self.needed).min(self.file_size);
        (self.needed > 0 && !range.is_empty()).then_some(range)
    }

    /// Takes the bytes of the range that [`want`](Self::want) returned.
    ///
    /// # Errors
    /// The reason for refusing the file.
    pub(crate) fn supply(&mut self, bytes: &[u8]) -> Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.extend_from_slice(bytes);
        let mut position: u64 = 0;
        loop {
            let start = usize::try_from(position).ok().filter(|start| *start < buffer.len());
            let step = match start {
                Some(start) => self.element(buffer.get(start..).unwrap_or_default(), position)?,
                None if self.at.saturating_add(position) >= self.file_size => Step::End,
                None => Step::Read(u64_of(MAX_HEADER)),
            };
            match step {
                Step::To(next) => position = next,
                Step::Read(needed) => {
                    let consumed = usize::try_from(position).unwrap_or(usize::MAX).min(buffer.len());
                    buffer.drain(..consumed);
                    self.buffer = buffer;
                    self.at = self.at.saturating_add(position);
                    self.needed = needed.max(self.read_size);
                    self.read_size = self.read_size.saturating_mul(2).min(LARGEST_READ);
                    if self.want().is_none() {
                        // The file ends inside the element.
                        self.cut_at = Some(self.at);
                        self.needed = 0;
                    }
                    return Ok(());
                }
                Step::End => {
                    self.needed = 0;
                    return Ok(());
                }
            }
        }
    }

    /// Returns the `moov` box that describes the file, and the offset at which the file is cut off.
    ///
    /// # Errors
    /// The reason for refusing the file.
    pub(crate) fn finish(self) -> Result<(Vec<u8>, Option<u64>)> {
        if self.tracks.is_empty() {
            return Err(malformed(self.at, "it has no tracks (Tracks element)"));
        }
        Ok((movie_box(&self.tracks, &self.chapters, self.scale)?, self.cut_at))
    }

    /// Processes the element at the start of `rest`, which is at `position` in the buffer.
    fn element(&mut self, rest: &[u8], position: u64) -> Result<Step> {
        let offset = self.at.saturating_add(position);
        let left_in_file = self.file_size.saturating_sub(offset);
        let header = match ElementHeader::parse(rest) {
            Ok(header) => header,
            Err(NoHeader::Incomplete) => return Ok(Step::Read(u64_of(MAX_HEADER))),
            Err(NoHeader::Invalid) => return self.end_at(offset),
        };
        let length = u64_of(header.length);
        let data_start = position.saturating_add(length);
        if matches!(header.id, ids::SEGMENT | ids::CLUSTER) {
            return Ok(Step::To(data_start));
        }
        let Some(size) = header.size else {
            return Err(malformed(offset, "only a segment and a cluster may have an unknown size"));
        };
        let whole = length.saturating_add(size);
        if whole > left_in_file {
            return self.end_at(offset);
        }
        let next = Step::To(data_start.saturating_add(size));
        let is_read_whole = matches!(
            header.id,
            ids::EBML | ids::INFO | ids::TRACKS | ids::CHAPTERS | ids::TIMESTAMP | ids::BLOCK_GROUP
        );
        if is_read_whole && size > MAX_WHOLE_ELEMENT {
            let (what, action) = ("the number of bytes of an element of its index", "remux the file");
            return Err(Error::LimitExceeded { what, found: size, limit: MAX_WHOLE_ELEMENT, action });
        }
        let wanted = match header.id {
            ids::SIMPLE_BLOCK => length.saturating_add(size.min(BLOCK_START)),
            _ if is_read_whole => whole,
            _ => return Ok(next),
        };
        if u64_of(rest.len()) < wanted {
            return Ok(Step::Read(wanted));
        }
        let end = usize::try_from(wanted).unwrap_or(usize::MAX);
        let data = rest.get(header.length..end).unwrap_or_default();
        let element = Element { id: header.id, data, position: 0 };
        let data_offset = offset.saturating_add(length);
        match header.id {
            ids::EBML => check_type(&element, offset)?,
            ids::INFO => self.scale = scale(&element),
            ids::TRACKS => self.tracks = tracks(&element, offset)?,
            ids::CHAPTERS => self.chapters = chapters(&element),
            ids::TIMESTAMP => self.cluster = element.uint().and_then(|time| i64::try_from(time).ok()).unwrap_or(0),
            ids::SIMPLE_BLOCK => {
                let block = Block::parse(data, size).map_err(|_| malformed_block(offset))?;
                self.add(&block, data, data_offset, Group { is_key: block.is_key, ..Group::default() })?;
            }
            _ => {
                let group = elements(data).find(|child| child.id == ids::BLOCK).ok_or(malformed_block(offset))?;
                let size = u64_of(group.data.len());
                let block = Block::parse(group.data, size).map_err(|_| malformed_block(offset))?;
                let block_offset = data_offset.saturating_add(u64_of(group.position));
                self.add(&block, group.data, block_offset, Group::parse(data))?;
            }
        }
        Ok(next)
    }

    /// Ends the walk at bytes that are no element, or at one that ends after the file: before the first frame, the file is refused.
    fn end_at(&mut self, offset: u64) -> Result<Step> {
        if self.frames == 0 {
            return Err(malformed(offset, "it is not an element of EBML, or it ends after the file"));
        }
        self.cut_at = Some(offset);
        Ok(Step::End)
    }

    /// Adds the frames of a block whose data is at `offset` in the file, and starts with `data`.
    fn add(&mut self, block: &Block, data: &[u8], offset: u64, group: Group) -> Result<()> {
        let Some(track) = self.tracks.iter_mut().find(|track| track.entry.number == block.track) else {
            return Ok(());
        };
        let timestamp = self.cluster.saturating_add(block.timestamp.into());
        for (number, range) in block.frames.iter().enumerate() {
            let size = range.end.saturating_sub(range.start);
            let size = u32::try_from(size).map_err(|_| Error::OutOfRange { what: "The size of a frame" })?;
            if size == 0 {
                continue;
            }
            self.frames = self.frames.saturating_add(1);
            if self.frames > MAX_FRAMES {
                let what = "the number of frames of all tracks";
                let action = "remux it to MP4";
                return Err(Error::LimitExceeded { what, found: self.frames, limit: MAX_FRAMES, action });
            }
            let timestamp = (number == 0).then_some(timestamp);
            let offset = offset.saturating_add(range.start);
            track.push(Frame::new(offset, size, timestamp, group.is_key), head(range, data));
        }
        track.end_block(group.duration, group.discard_padding);
        Ok(())
    }
}

/// What a `BlockGroup` states about its block.
#[derive(Debug, Clone, Copy, Default)]
struct Group {
    is_key: bool,
    /// In units of the timestamp scale.
    duration: Option<u64>,
    /// In nanoseconds.
    discard_padding: i64,
}

impl Group {
    fn parse(group: &[u8]) -> Self {
        let mut found = Self { is_key: true, ..Self::default() };
        for child in elements(group) {
            match child.id {
                ids::REFERENCE_BLOCK => found.is_key = false,
                ids::BLOCK_DURATION => found.duration = child.uint(),
                ids::DISCARD_PADDING => found.discard_padding = child.int().unwrap_or(0),
                _ => {}
            }
        }
        found
    }
}

/// Number of bytes of a frame that its codec's configuration may need.
const HEAD: usize = 64;

/// Returns the first bytes of the frame at `range` of a block, as far as they were read.
fn head<'d>(range: &Range<u64>, data: &'d [u8]) -> &'d [u8] {
    let frame = usize::try_from(range.start).ok().and_then(|start| data.get(start..)).unwrap_or_default();
    let size = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
    frame.get(..HEAD.min(size).min(frame.len())).unwrap_or_default()
}

/// Checks that the document is Matroska or WebM.
fn check_type(ebml: &Element<'_>, offset: u64) -> Result<()> {
    let doc_type = elements(ebml.data).find(|child| child.id == ids::DOC_TYPE).map(|child| child.text());
    if matches!(doc_type.as_deref(), Some("matroska" | "webm")) {
        Ok(())
    } else {
        Err(malformed(offset, "its document type is neither matroska nor webm"))
    }
}

fn scale(info: &Element<'_>) -> u64 {
    let scale = elements(info.data).find(|child| child.id == ids::TIMESTAMP_SCALE).and_then(|child| child.uint());
    scale.filter(|scale| *scale > 0).unwrap_or(DEFAULT_SCALE)
}

fn tracks(element: &Element<'_>, offset: u64) -> Result<Vec<TrackFrames>> {
    let entries = elements(element.data).filter(|child| child.id == ids::TRACK_ENTRY);
    let mut tracks: Vec<TrackFrames> = Vec::new();
    for entry in entries {
        let entry = TrackEntry::parse(&entry).ok_or_else(|| malformed(offset, "a track has no number"))?;
        if tracks.iter().any(|track| track.entry.number == entry.number) {
            return Err(malformed(offset, "two tracks have the same number"));
        }
        if tracks.len() == MAX_TRACKS {
            let (found, limit) = (u64_of(tracks.len()).saturating_add(1), u64_of(MAX_TRACKS));
            let action = "leave tracks out when remuxing it";
            return Err(Error::LimitExceeded { what: "the number of its tracks", found, limit, action });
        }
        tracks.push(TrackFrames::new(entry));
    }
    Ok(tracks)
}

fn malformed_block(offset: u64) -> Error {
    malformed(offset, "a block has no header, or frames that end after it")
}

fn malformed(offset: u64, reason: &'static str) -> Error {
    Error::MalformedMatroska { offset, reason }
}
