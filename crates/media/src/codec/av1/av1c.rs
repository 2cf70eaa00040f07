//! The `av1C` box: `AV1CodecConfigurationRecord` (AV1 in ISOBMFF 2.3).

use serde::{Deserialize, Serialize};

use super::obu::{self, Obus};
use super::sequence_header::SequenceHeader;

/// The fields of `AV1CodecConfigurationRecord` that parsing samples requires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Av1Config {
    /// `configOBUs`: the sequence header, unless it is in the samples.
    config_obus: Vec<u8>,
}

impl Av1Config {
    /// Creates a record with these `configOBUs`.
    pub(super) fn new(config_obus: &[u8]) -> Self {
        Self { config_obus: config_obus.to_vec() }
    }

    /// Returns the sequence header, if there is one that parses.
    pub(super) fn sequence_header(&self) -> Option<SequenceHeader> {
        let obu = Obus::new(&self.config_obus).flatten().find(|obu| obu.kind == obu::SEQUENCE_HEADER)?;
        SequenceHeader::parse(self.config_obus.get(obu.payload)?)
    }
}
