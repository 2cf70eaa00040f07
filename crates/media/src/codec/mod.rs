//! Codecs: what a sample entry says, and which bytes of a sample may be encrypted.
//!
//! One module per codec. Each turns a sample entry into facts for the manifest, and (where a standard leaves headers in the
//! clear) a sample into ranges to protect. Everything else treats samples as opaque bytes.

mod aac;
mod avc;
mod descriptions;
mod entry;
mod hevc;
mod hevc_references;
mod hevc_sets;
mod hevc_slice;
mod hevc_syntax;
mod nal;

pub use avc::{AvcConfig, AvcParser};
pub use descriptions::SampleDescriptions;
pub use entry::{AudioFacts, ProtectionRule, SampleEntry, SampleParser, VideoFacts};
pub use hevc::{HevcConfig, HevcParser};
