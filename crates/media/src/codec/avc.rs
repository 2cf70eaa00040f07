//! H.264: parameter sets, slice headers, and the slice data that may be encrypted.
//!
//! # Why the slice header is parsed
//!
//! `cbcs` leaves a NAL unit's header and its whole slice header in the clear and protects the slice data behind it (ISO/IEC
//! 23001-7 10.2). The length of a slice header is nowhere written: it follows from parsing it, which takes the picture and
//! sequence parameter sets it names. An Apple decoder works the boundary out by itself and ignores what the file says, so a
//! boundary one byte off is a broken picture. `h264-reader` reads the parameter sets; the headers themselves, of which a movie
//! has a million, `avc_slice` steps through.
//!
//! # Parameter sets in band
//!
//! A sample may carry parameter sets (`avc3` must, `avc1` may). They take effect from there on, to the end of the segment:
//! each segment starts on a sync sample with the sets of `avcC`, so that a segment's bytes never depend on which slice of
//! work it was packaged in.

use std::num::{NonZeroU8, NonZeroUsize};
use std::ops::Range;

use h264_reader::Context;
use h264_reader::nal::pps::PicParameterSet;
use h264_reader::nal::sps::SeqParameterSet;
use serde::{Deserialize, Serialize};

use super::avc_slice::header_bytes;
use super::nal::{NalUnits, behind_heads, rbsp};
use super::visual::Visual;
use super::{Colour, ProtectionRule, SampleEntry};
use crate::error::Place;
use crate::isobmff::BoxView;
use crate::{Error, Result};

/// Reads an `avc1` or `avc3` entry.
pub(super) fn sample_entry<'a>(entry: &BoxView<'a>) -> Result<SampleEntry<'a>> {
    let mut visual = Visual::parse(entry)?;
    let avcc = visual.child(b"avcC")?.ok_or(entry.malformed("it has no avcC box"))?;
    let config = AvcConfig::parse(&avcc)?;
    let codecs = format!("{}.{}", entry.kind, config.profile_level());
    visual.or_colour(|| config.colour());
    Ok(SampleEntry::picture(entry.kind, codecs, visual.facts, ProtectionRule::Avc(config), visual.body))
}

/// `AVCDecoderConfigurationRecord` (ISO/IEC 14496-15 5.3.3.1): what parsing samples takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AvcConfig {
    /// Profile, compatibility flags and level.
    profile: [u8; 3],
    /// Bytes of a NAL unit's length field: 1, 2 or 4.
    length_size: NonZeroU8,
    /// Sequence parameter set NAL units.
    sequence_sets: Vec<Vec<u8>>,
    /// Picture parameter set NAL units.
    picture_sets: Vec<Vec<u8>>,
}

impl AvcConfig {
    /// Reads an `avcC` box.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is cut off.
    pub fn parse(avcc: &BoxView<'_>) -> Result<Self> {
        let mut reader = avcc.reader();
        reader.skip(1)?;
        let profile = reader.array()?;
        let length_size = NonZeroU8::MIN.saturating_add(reader.u8()? & 3);
        let mut sets = |mask: u8| -> Result<Vec<Vec<u8>>> {
            let count = reader.u8()? & mask;
            (0..count)
                .map(|_| {
                    let length = reader.u16()?;
                    reader.bytes(usize::from(length)).map(<[u8]>::to_vec)
                })
                .collect()
        };
        let (sequence_sets, picture_sets) = (sets(0x1f)?, sets(0xff)?);
        Ok(Self { profile, length_size, sequence_sets, picture_sets })
    }

    /// `PPCCLL` of the codecs string (RFC 6381 3.3).
    #[must_use]
    pub fn profile_level(&self) -> String {
        data_encoding::HEXUPPER.encode(&self.profile)
    }

    /// What the first sequence parameter set says of colours (ISO/IEC 14496-10 E.2.1).
    fn colour(&self) -> Option<Colour> {
        let set = SeqParameterSet::from_bits(rbsp(self.sequence_sets.first()?, HEADER)).ok()?;
        let described = set.vui_parameters?.video_signal_type?.colour_description?;
        Colour::of([described.colour_primaries, described.transfer_characteristics, described.matrix_coefficients])
    }
}

/// The parser of one segment's samples.
#[derive(Debug)]
pub struct AvcParser {
    length_size: NonZeroU8,
    context: Context,
}

impl AvcParser {
    /// A parser that knows the parameter sets of `config`.
    #[must_use]
    pub fn new(config: &AvcConfig) -> Self {
        let mut parser = Self { length_size: config.length_size, context: Context::new() };
        for nal in config.sequence_sets.iter().chain(&config.picture_sets) {
            parser.learn(nal);
        }
        parser
    }

    /// Appends the ranges of `sample` that hold slice data to `protected`, in order and apart.
    ///
    /// Must be called on a segment's samples in decode order. `offset` is where the sample lies in the file, for errors.
    ///
    /// # Errors
    /// [`Error::MalformedSample`] when a NAL unit runs past the sample or a slice header does not parse.
    pub fn protected_ranges(&mut self, sample: &[u8], offset: u64, protected: &mut Vec<Range<usize>>) -> Result<()> {
        let units = NalUnits::new(sample, self.length_size, offset);
        behind_heads(units, protected, |nal| match nal.first().map(|header| header & 0x1f) {
            Some(SLICE | SLICE_IDR) => {
                let reason = "a slice header does not parse, or names parameter sets the file does not have";
                header_bytes(nal, &self.context).map(Some).ok_or(Error::MalformedSample { offset, reason })
            }
            Some(PARTITION_A..=PARTITION_C) => {
                Err(Error::Unsupported { feature: "H.264 data partitioning", place: Place::Sample(offset) })
            }
            Some(SEQUENCE_SET | PICTURE_SET) => {
                self.learn(nal);
                Ok(None)
            }
            _ => Ok(None),
        })
    }

    /// Remembers a parameter set. One that does not parse is passed over: a slice that names it will be refused.
    fn learn(&mut self, nal: &[u8]) {
        match nal.first().map(|header| header & 0x1f) {
            Some(SEQUENCE_SET) => {
                if let Ok(set) = SeqParameterSet::from_bits(rbsp(nal, HEADER)) {
                    self.context.put_seq_param_set(set);
                }
            }
            Some(PICTURE_SET) => {
                if let Ok(set) = PicParameterSet::from_bits(&self.context, rbsp(nal, HEADER)) {
                    self.context.put_pic_param_set(set);
                }
            }
            _ => {}
        }
    }
}

/// Bytes of a NAL unit header.
pub(super) const HEADER: NonZeroUsize = NonZeroUsize::MIN;

/// `nal_unit_type` values (ITU-T H.264 table 7-1).
const SLICE: u8 = 1;
const PARTITION_A: u8 = 2;
const PARTITION_C: u8 = 4;
pub(super) const SLICE_IDR: u8 = 5;
const SEQUENCE_SET: u8 = 7;
const PICTURE_SET: u8 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nal_unit_past_the_end_of_its_sample_is_malformed() {
        let config = AvcConfig {
            profile: [0; 3],
            length_size: NonZeroU8::new(4).unwrap(),
            sequence_sets: vec![],
            picture_sets: vec![],
        };
        let mut parser = AvcParser::new(&config);
        let error = parser.protected_ranges(&[0, 0, 0, 9, 0x65], 77, &mut vec![]).unwrap_err();
        assert_eq!(error, Error::MalformedSample { offset: 77, reason: "a NAL unit runs past its end" });
        let error = parser.protected_ranges(&[0, 0, 0, 3, 0x65, 0x88, 0x80], 0, &mut vec![]).unwrap_err();
        assert_eq!(error.code(), "malformed_sample", "a slice without its parameter sets");
        parser.protected_ranges(&[0, 0, 0, 1, 9], 0, &mut vec![]).unwrap();
    }
}
