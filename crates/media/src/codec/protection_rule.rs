//! The rules for which bytes of a sample may be encrypted (ISO/IEC 23001-7 9.5, 10; AV1 in ISOBMFF 4).

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::av1::{Av1Config, Av1Parser};
use super::avc::{AvcConfig, AvcParser};
use super::hevc::{HevcConfig, HevcParser};
use super::vp9::Vp9Parser;
use crate::Result;
use crate::cenc::Scheme;

/// The rule for which bytes of a sample may be encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProtectionRule {
    /// The whole sample: audio.
    FullSample,
    /// H.264: the slice data of every VCL NAL unit.
    Avc(AvcConfig),
    /// H.265: the slice segment data of every VCL NAL unit.
    Hevc(HevcConfig),
    /// AV1: the tiles.
    Av1(Av1Config),
    /// VP9: the data after the uncompressed header of each frame.
    Vp9,
}

impl ProtectionRule {
    /// Returns a parser of one segment's samples; `None` where the whole sample is protected.
    #[must_use]
    pub fn parser(&self) -> Option<SampleParser> {
        match self {
            Self::FullSample => None,
            Self::Avc(config) => Some(SampleParser::Avc(AvcParser::new(config))),
            Self::Hevc(config) => Some(SampleParser::Hevc(HevcParser::new(config))),
            Self::Av1(config) => Some(SampleParser::Av1(Box::new(Av1Parser::new(config)))),
            Self::Vp9 => Some(SampleParser::Vp9(Vp9Parser::default())),
        }
    }

    /// Returns whether a standard defines how `scheme` protects samples of this codec.
    #[must_use]
    pub fn allows(&self, scheme: Scheme) -> bool {
        !matches!((self, scheme), (Self::Vp9, Scheme::Cbcs))
    }
}

/// A parser that finds the bytes of a segment's samples that may be encrypted.
#[derive(Debug)]
pub enum SampleParser {
    /// H.264.
    Avc(AvcParser),
    /// H.265.
    Hevc(HevcParser),
    /// AV1.
    Av1(Box<Av1Parser>),
    /// VP9.
    Vp9(Vp9Parser),
}

impl SampleParser {
    /// Appends the ranges of `sample` that may be encrypted to `protected`, in order and disjoint.
    ///
    /// Call it on a segment's samples in decode order. `offset` is the sample's offset in the file, for errors.
    ///
    /// # Errors
    /// [`Error::MalformedSample`](crate::Error::MalformedSample) when the sample does not parse as its codec.
    pub fn protected_ranges(&mut self, sample: &[u8], offset: u64, protected: &mut Vec<Range<usize>>) -> Result<()> {
        match self {
            Self::Avc(parser) => parser.protected_ranges(sample, offset, protected),
            Self::Hevc(parser) => parser.protected_ranges(sample, offset, protected),
            Self::Av1(parser) => parser.protected_ranges(sample, offset, protected),
            Self::Vp9(parser) => parser.protected_ranges(sample, offset, protected),
        }
    }
}
