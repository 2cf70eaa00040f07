//! Common encryption (ISO/IEC 23001-7): keys, schemes, ciphers, and the boxes that signal them.
//!
//! Two schemes. `cbcs` is AES-128 in CBC mode with one constant IV, on one block in ten of the protected ranges of video and on
//! every whole block of audio; every range starts a chain of its own. `cenc` is AES-128 in counter mode with an IV for each
//! sample, on all of its protected ranges. In both, a sample's bytes depend on nothing but the sample, its number in the
//! track, the key and what [`TrackEncryption`] says.

mod boxes;
mod cbc_chains;
mod cipher;
mod drm;
mod key;
mod subsample;

use serde::{Deserialize, Serialize};

pub use cipher::SampleCipher;
pub use drm::{Drm, FairPlayUri, ParseDrmError, Pssh, SystemId};
pub use key::{ConstantIv, ContentKey, ContentKeys, KeyId, ParseKeyError};
pub(crate) use subsample::align_to_blocks;

pub(crate) use boxes::{SampleAuxiliaryInfo, sinf};

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
    /// `scheme_type`.
    #[must_use]
    pub fn fourcc(self) -> FourCc {
        match self {
            Self::Cbcs => FourCc(*b"cbcs"),
            Self::Cenc => FourCc(*b"cenc"),
        }
    }

    /// The scheme's name, as in manifests and requests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cbcs => "cbcs",
            Self::Cenc => "cenc",
        }
    }
}

/// Blocks encrypted and blocks left clear, in turn (ISO/IEC 23001-7 9.6); `0:0` encrypts every whole block.
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

/// What an init segment and a manifest say of a protected track: all of it public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TrackEncryption {
    /// `default_KID`.
    pub kid: KeyId,
    /// The scheme, and what it takes.
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
        /// IV of the track's first sample; each further sample has the next.
        first_iv: u64,
    },
}

impl TrackEncryption {
    /// The scheme.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        match self.mode {
            Mode::Cbcs { .. } => Scheme::Cbcs,
            Mode::Cenc { .. } => Scheme::Cenc,
        }
    }
}
