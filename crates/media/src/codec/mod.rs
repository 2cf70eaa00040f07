//! Codecs: sample entries, and the bytes of a sample that may be encrypted.
//!
//! [`SampleDescriptions`] reads a track's sample entries, [`SampleEntry::parse`] selects the codec by the entry type, and each
//! codec turns its entry into a `codecs` string and properties for the manifests. Where a standard leaves headers in the clear,
//! the codec also has a [`SampleParser`] that finds the ranges to protect. All other code treats samples as opaque bytes.
//!
//! | | files |
//! |---|---|
//! | sample entries | `sample_descriptions` (`stsd`), `sample_entry_types`, `sample_entry`, `frame_header`, `track_info` |
//! | what they repeat | `frame_format`, `level` |
//! | their kinds | `visual_sample_entry`, `audio_sample_entry`, `text_sample_entry` |
//! | boxes in them | `colr`, `pasp`, `vexu`, `esds`, `dolby_vision` (`dvcC`), `avc/avcc`, `hevc/hvcc`, `av1/av1c` |
//! | video | `avc` (H.264), `hevc` (H.265), `av1`, `vp9` |
//! | audio | `aac` (`mp4a`), `audio_specific_config`, `usac` (xHE-AAC), `mp3`, `ac3`, `ac4`, `opus`, `flac`, `alac`, `mpegh`, `iamf`, `channel_configuration` |
//! | captions in video | `closed_captions`, `caption_service`, `sei` |
//! | protection | `protection_rule`, `protected_entry` (of an encrypted source) |
//! | bits | `bit_reader`, `rbsp_reader`, `nal_units` |

mod aac;
mod ac3;
mod ac4;
mod alac;
mod audio_sample_entry;
mod audio_specific_config;
mod av1;
mod avc;
mod bit_reader;
mod caption_service;
mod channel_configuration;
mod closed_captions;
mod colr;
mod dolby_vision;
mod esds;
mod flac;
mod frame_format;
mod frame_header;
mod hevc;
mod iamf;
mod level;
mod mp3;
mod mpegh;
mod nal_units;
mod opus;
mod pasp;
mod protected_entry;
mod protection_rule;
mod rbsp_reader;
mod sample_descriptions;
mod sample_entry;
mod sample_entry_types;
mod sei;
mod slice_count;
mod text_sample_entry;
mod track_info;
mod track_kind;
mod usac;
mod vexu;
mod visual_sample_entry;
mod vp9;

pub use av1::{Av1Config, Av1Parser};
pub use avc::{AvcConfig, AvcParser};
pub(crate) use bit_reader::BitReader;
pub use caption_service::CaptionService;
pub use channel_configuration::ChannelConfiguration;
pub use colr::Colour;
pub(crate) use colr::UNSPECIFIED as UNSPECIFIED_COLOUR;
pub(crate) use esds::write_audio_esds;
pub use frame_header::SampleHeads;
pub use hevc::{HevcConfig, HevcParser};
pub(crate) use mp3::{frame_samples as mp3_frame_samples, object_type as mp3_object_type};
pub(crate) use protected_entry::protection_of_any;
pub use protection_rule::{ProtectionRule, SampleParser};
pub use sample_descriptions::SampleDescriptions;
pub use sample_entry::SampleEntry;
pub(crate) use sample_entry_types::is_known_text;
pub use track_info::{AudioInfo, SupplementalCodecs, TextInfo, VideoInfo};
pub use track_kind::TrackKind;
pub(crate) use vp9::Vp9KeyFrame;
pub use vp9::Vp9Parser;
