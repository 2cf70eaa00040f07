//! The parser of AV1 samples.

use std::ops::Range;

use super::av1c::Av1Config;
use super::frame_header::{FrameHeader, parse_frame_header};
use super::obu::{self, Obu, Obus};
use super::reference_frames::ReferenceFrames;
use super::sequence_header::SequenceHeader;
use super::tile_group::tile_group;
use super::tile_info::TileInfo;
use crate::{Error, Result};

/// A parser of one segment's samples.
#[derive(Debug)]
pub struct Av1Parser {
    sequence_header: Option<SequenceHeader>,
    reference_frames: ReferenceFrames,
    /// The tiles of the frame whose header has been read and whose last tile has not.
    incomplete_frame: Option<TileInfo>,
}

impl Av1Parser {
    /// Starts with the sequence header of `config`.
    #[must_use]
    pub fn new(config: &Av1Config) -> Self {
        Self {
            sequence_header: config.sequence_header(),
            reference_frames: ReferenceFrames::default(),
            incomplete_frame: None,
        }
    }

    /// Appends the ranges of `sample` that hold tiles to `protected`, in order and disjoint.
    ///
    /// Call it on a segment's samples in decode order. `offset` is the sample's offset in the file, for errors.
    ///
    /// # Errors
    /// [`Error::MalformedSample`] when an OBU runs past the sample, or a header or a tile group does not parse.
    pub fn protected_ranges(&mut self, sample: &[u8], offset: u64, protected: &mut Vec<Range<usize>>) -> Result<()> {
        for obu in Obus::new(sample) {
            let obu = obu.ok_or("an open bitstream unit runs past its end");
            let outcome = obu.and_then(|obu| self.obu(sample, &obu, protected));
            outcome.map_err(|reason| Error::MalformedSample { offset, reason })?;
        }
        Ok(())
    }

    fn obu(&mut self, sample: &[u8], obu: &Obu, tiles: &mut Vec<Range<usize>>) -> Result<(), &'static str> {
        let payload = sample.get(obu.payload.clone()).unwrap_or_default();
        match obu.kind {
            obu::SEQUENCE_HEADER => {
                self.sequence_header = Some(SequenceHeader::parse(payload).ok_or("a sequence header does not parse")?);
            }
            obu::TEMPORAL_DELIMITER => self.incomplete_frame = None,
            // A second frame header of a frame is a copy of the first.
            obu::FRAME_HEADER | obu::REDUNDANT_FRAME_HEADER if self.incomplete_frame.is_some() => {}
            obu::FRAME_HEADER | obu::REDUNDANT_FRAME_HEADER => drop(self.frame_header(payload, obu)?),
            obu::FRAME => {
                let length = self.frame_header(payload, obu)?;
                let start = obu.payload.start.checked_add(length).ok_or("a frame header runs past its end")?;
                self.tile_group(sample, start..obu.payload.end, tiles)?;
            }
            obu::TILE_GROUP => self.tile_group(sample, obu.payload.clone(), tiles)?,
            obu::TILE_LIST => return Err("a tile list is not allowed in a sample (AV1 in ISOBMFF 2.4)"),
            _ => {}
        }
        Ok(())
    }

    /// Parses a frame header, and returns its length in bytes.
    fn frame_header(&mut self, payload: &[u8], obu: &Obu) -> Result<usize, &'static str> {
        let sequence_header = self.sequence_header.as_ref().ok_or("a frame precedes the first sequence header")?;
        let (length, header) = parse_frame_header(payload, obu, sequence_header, &mut self.reference_frames)
            .ok_or("a frame header does not parse, or refers to a frame that its segment does not have")?;
        self.incomplete_frame = match header {
            FrameHeader::Frame(tile_info) => Some(tile_info),
            FrameHeader::ShowExistingFrame => None,
        };
        Ok(length)
    }

    fn tile_group(
        &mut self,
        sample: &[u8],
        group: Range<usize>,
        tiles: &mut Vec<Range<usize>>,
    ) -> Result<(), &'static str> {
        let tile_info = self.incomplete_frame.as_ref().ok_or("a tile group has no frame header")?;
        let is_last = tile_group(sample, group, tile_info, tiles).ok_or("a tile runs past its tile group")?;
        if is_last {
            self.incomplete_frame = None;
        }
        Ok(())
    }
}
