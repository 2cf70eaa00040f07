//! Common encryption (ISO/IEC 23001-7): keys, schemes, ciphers, and the boxes that signal them.
//!
//! There are two schemes. `cbcs` is AES-128 in CBC mode with a constant IV. It encrypts one block in ten of the protected ranges
//! of video and every whole block of audio; every range starts a new chain. `cenc` is AES-128 in counter mode with an IV for
//! each sample. It encrypts the whole protected ranges. In both, the bytes of a sample depend only on the sample, its number in
//! the track, the key and the [`TrackEncryption`].

mod cbc_chains;
mod cipher;
mod drm;
mod iv;
mod key;
mod key_encoding;
mod key_id;
mod scheme;
mod senc;
mod subsamples;
mod tenc;

pub use cipher::SampleCipher;
pub use drm::{Drm, FairPlayUri, ParseDrmError, Pssh, SystemId};
pub use iv::ConstantIv;
pub use key::{ContentKey, ContentKeys};
pub use key_encoding::ParseKeyError;
pub use key_id::KeyId;
pub use scheme::{Mode, Pattern, Scheme, TrackEncryption};
pub(crate) use senc::SampleAuxiliaryInfo;
pub(crate) use subsamples::align_to_blocks;
pub(crate) use tenc::sinf;
