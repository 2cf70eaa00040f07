//! AV1: frame headers, and the tiles that may be encrypted.
//!
//! # What stays clear
//!
//! A sample is a sequence of open bitstream units (OBUs). Encryption may change only the tiles (AV1 in ISOBMFF 4.4.1): each
//! whole `decode_tile` is one protected range, however short. OBU headers and sizes, sequence and frame headers, tile sizes,
//! metadata and padding stay clear.
//!
//! # Why frame headers are parsed to their end
//!
//! In a frame OBU, the tiles begin where the frame header ends, and no field states its length. The frame header also
//! determines the number of tiles and the width of their size fields. Parsing it requires the sequence header and some state of
//! the frames that it refers to: their sizes, order hints, motion and segmentation parameters. So a parser reads a segment's
//! samples in decode order, and stores that state for each of the eight slots. A segment starts with a key frame, which empties
//! all slots: a segment's bytes never depend on the segment before it.

mod av1c;
mod codecs_string;
mod film_grain;
mod frame_header;
mod frame_reader;
mod frame_size;
mod global_motion;
mod loop_filters;
mod metadata;
mod obu;
mod parser;
mod quantization;
mod reference_frames;
mod reference_order;
mod sample_entry;
mod sequence_header;
mod tile_group;
mod tile_info;

pub use av1c::Av1Config;
pub(super) use metadata::itu_t_t35_payloads;
pub use parser::Av1Parser;
pub(super) use sample_entry::{complete, sample_entry};
