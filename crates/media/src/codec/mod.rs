//! Codecs: what a sample entry says, and which bytes of a sample may be encrypted.
//!
//! One module per codec. Each turns a sample entry into facts for the manifest, and (where a standard leaves headers in the
//! clear) a sample into ranges to protect. Everything else treats samples as opaque bytes.

mod aac;
mod ac3;
mod audio_specific;
mod av1;
mod avc;
mod avc_slice;
mod bits;
mod channel_configuration;
mod colour;
mod descriptions;
mod entry;
mod flac;
mod hevc;
mod hevc_references;
mod hevc_sets;
mod hevc_slice;
mod hevc_syntax;
mod mp3;
mod nal;
mod opus;
mod rbsp;
mod sound;
mod text;
mod track_kind;
mod visual;
mod vp9;

pub use av1::{Av1Config, Av1Parser};
pub use avc::{AvcConfig, AvcParser};
pub use channel_configuration::ChannelConfiguration;
pub use colour::Colour;
pub use descriptions::SampleDescriptions;
pub use entry::{AudioInfo, ProtectionRule, SampleEntry, SampleParser, VideoInfo};
pub use hevc::{HevcConfig, HevcParser};
pub use text::TextInfo;
pub(crate) use text::is_known as is_known_text;
pub use track_kind::TrackKind;
pub use vp9::Vp9Parser;
