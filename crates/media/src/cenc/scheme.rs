//! Protection schemes and their parameters.

use serde::{Deserialize, Serialize};

use super::cbc_chains::BLOCK;
use super::iv::ConstantIv;
use super::key_id::KeyId;
use crate::isobmff::FourCc;

/// A protection scheme (ISO/IEC 23001-7 10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Scheme {
    /// AES-CBC with a pattern and a constant IV (10.4).
    Cbcs,
    /// AES-CTR with an IV for each sample (10.1).
    Cenc,
}

impl Scheme {
    /// Returns the `scheme_type`.
    #[must_use]
    pub fn fourcc(self) -> FourCc {
        match self {
            Self::Cbcs => FourCc(*b"cbcs"),
            Self::Cenc => FourCc(*b"cenc"),
        }
    }

    /// Returns the smallest number of bytes of a protected range that the scheme encrypts: `cbcs` leaves less than a block
    /// clear (ISO/IEC 23001-7 9.5).
    pub(crate) fn smallest_range(self) -> usize {
        match self {
            Self::Cbcs => BLOCK,
            Self::Cenc => 1,
        }
    }

    /// Returns the name of the scheme, as in manifests and requests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cbcs => "cbcs",
            Self::Cenc => "cenc",
        }
    }
}

/// The pattern of encrypted and clear blocks (ISO/IEC 23001-7 9.6); `0:0` encrypts every whole block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pattern {
    /// `default_crypt_byte_block`.
    pub crypt: u8,
    /// `default_skip_byte_block`.
    pub skip: u8,
}

impl Pattern {
    /// One block in ten: video.
    pub const VIDEO: Self = Self { crypt: 1, skip: 9 };
    /// Every whole block, without subsamples: audio.
    pub const FULL_SAMPLE: Self = Self { crypt: 0, skip: 0 };
}

/// The protection of a track, as the init segment and manifests signal it. All of it is public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TrackEncryption {
    /// `default_KID`.
    pub kid: KeyId,
    /// The scheme and its parameters.
    pub mode: Mode,
}

/// A scheme and its parameters for one track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Mode {
    /// `cbcs`.
    Cbcs {
        /// `default_constant_IV`.
        iv: ConstantIv,
        /// The pattern.
        pattern: Pattern,
    },
    /// `cenc`.
    Cenc {
        /// IV of the track's first sample. The IV of each further sample is one higher.
        first_iv: u64,
    },
}

impl TrackEncryption {
    /// Returns the scheme.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        match self.mode {
            Mode::Cbcs { .. } => Scheme::Cbcs,
            Mode::Cenc { .. } => Scheme::Cenc,
        }
    }
}
