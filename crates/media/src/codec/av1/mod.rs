//! AV1: frame headers, and the tiles that may be encrypted.
//!
//! # What is clear and what is not
//!
//! Of a sample, which is a row of open bitstream units, encryption may touch the tiles alone (AV1 in ISOBMFF 4.4.1): each
//! `decode_tile` is one protected range, whole, however short. Headers and size fields of units, sequence and frame headers,
//! the sizes before tiles, metadata and padding stay clear.
//!
//! # Why frame headers are parsed to their end
//!
//! In a frame unit the tiles begin where the frame header ends, which is nowhere written; and the frame header says how many
//! tiles there are, and how wide the fields with their sizes are. Reading it takes the sequence header and some of what the
//! frames referred to have left behind: their sizes, their order, the motion and the segments they were coded with. So a
//! parser reads a segment's samples in decode order, and keeps that for each of the eight slots. A segment starts with a key
//! frame, which empties all slots: a segment's bytes never depend on the segment before it.

mod config;
mod filters;
mod frame;
mod grain;
mod motion;
mod obu;
mod order;
mod quantizer;
mod reference;
mod sequence;
mod size;
mod tiles;

use std::ops::Range;

pub use config::Av1Config;
pub(super) use config::sample_entry;

use crate::{Error, Result};
use frame::{Header, read_header};
use obu::{Obu, Obus};
use reference::References;
use sequence::SequenceHeader;
use tiles::{TileInfo, tile_group};

/// The parser of one segment's samples.
#[derive(Debug)]
pub struct Av1Parser {
    sequence: Option<SequenceHeader>,
    references: References,
    /// The frame whose header was read and whose last tile was not.
    open: Option<TileInfo>,
}

impl Av1Parser {
    /// A parser that knows the sequence header of `config`.
    #[must_use]
    pub fn new(config: &Av1Config) -> Self {
        Self { sequence: config.sequence_header(), references: References::default(), open: None }
    }

    /// Appends the ranges of `sample` that hold tiles to `protected`, in order and apart.
    ///
    /// Must be called on a segment's samples in decode order. `offset` is where the sample lies in the file, for errors.
    ///
    /// # Errors
    /// [`Error::MalformedSample`] when a unit runs past the sample, or a header or a group of tiles does not parse.
    pub fn protected_ranges(&mut self, sample: &[u8], offset: u64, protected: &mut Vec<Range<usize>>) -> Result<()> {
        for unit in Obus::new(sample) {
            let unit = unit.ok_or("an open bitstream unit runs past its end");
            let read = unit.and_then(|unit| self.unit(sample, &unit, protected));
            read.map_err(|reason| Error::MalformedSample { offset, reason })?;
        }
        Ok(())
    }

    fn unit(&mut self, sample: &[u8], unit: &Obu, tiles: &mut Vec<Range<usize>>) -> Result<(), &'static str> {
        let payload = sample.get(unit.payload.clone()).unwrap_or_default();
        match unit.kind {
            obu::SEQUENCE_HEADER => {
                self.sequence = Some(SequenceHeader::parse(payload).ok_or("a sequence header does not parse")?);
            }
            obu::TEMPORAL_DELIMITER => self.open = None,
            // Behind the first, a frame header is a copy of it.
            obu::FRAME_HEADER | obu::REDUNDANT_FRAME_HEADER if self.open.is_some() => {}
            obu::FRAME_HEADER | obu::REDUNDANT_FRAME_HEADER => drop(self.header(payload, unit)?),
            obu::FRAME => {
                let length = self.header(payload, unit)?;
                self.tile_group(sample, unit.payload.start.saturating_add(length)..unit.payload.end, tiles)?;
            }
            obu::TILE_GROUP => self.tile_group(sample, unit.payload.clone(), tiles)?,
            _ => {}
        }
        Ok(())
    }

    /// Reads a frame header, and returns its length in bytes.
    fn header(&mut self, payload: &[u8], unit: &Obu) -> Result<usize, &'static str> {
        let sequence = self.sequence.as_ref().ok_or("a frame comes before any sequence header")?;
        let (length, header) = read_header(payload, unit, sequence, &mut self.references)
            .ok_or("a frame header does not parse, or refers to a frame its segment does not have")?;
        self.open = match header {
            Header::Frame(tiles) => Some(tiles),
            Header::ShowsAgain => None,
        };
        Ok(length)
    }

    fn tile_group(
        &mut self,
        sample: &[u8],
        group: Range<usize>,
        tiles: &mut Vec<Range<usize>>,
    ) -> Result<(), &'static str> {
        let info = self.open.as_ref().ok_or("a group of tiles comes without a frame header")?;
        let is_last = tile_group(sample, group, info, tiles).ok_or("a tile runs past its group")?;
        if is_last {
            self.open = None;
        }
        Ok(())
    }
}
