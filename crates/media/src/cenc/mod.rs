//! Common encryption (ISO/IEC 23001-7): keys, schemes, ciphers, and the boxes that signal them.
//!
//! The scheme is `cbcs`: AES-128 in CBC mode with one constant IV, on one block in ten of the protected ranges of video and
//! on every whole block of audio. Because the IV is constant and every range starts a chain of its own, ranges are
//! independent of each other, and a segment's bytes depend on nothing but its samples, the key and the IV.

mod boxes;
mod cipher;
mod key;
mod subsample;

use serde::{Deserialize, Serialize};

pub use cipher::Cbcs;
pub use key::{ConstantIv, ContentKey, KeyId, ParseKeyError};
pub use subsample::{MAX_SUBSAMPLES, Subsample, subsamples};

pub use boxes::common_pssh;
pub(crate) use boxes::{auxiliary_information, sinf};

use crate::isobmff::FourCc;

/// A protection scheme (ISO/IEC 23001-7 10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Scheme {
    /// AES-CBC with a pattern and a constant IV (10.4).
    Cbcs,
}

impl Scheme {
    /// `scheme_type`.
    #[must_use]
    pub fn fourcc(self) -> FourCc {
        match self {
            Self::Cbcs => FourCc(*b"cbcs"),
        }
    }

    /// The scheme's name, as in manifests and requests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cbcs => "cbcs",
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
    /// The scheme.
    pub scheme: Scheme,
    /// `default_KID`.
    pub kid: KeyId,
    /// `default_constant_IV`.
    pub iv: ConstantIv,
    /// The pattern.
    pub pattern: Pattern,
}
