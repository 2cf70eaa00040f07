//! VP9: its configuration, and the frame data that may be encrypted.
//!
//! The binding to ISO files (VP Codec ISO Media File Format Binding 2.4) defines protection by `cenc` only. The uncompressed
//! header of each frame and the superframe index at the end of a sample stay clear; the data between them is protected. `cbcs`
//! is not defined, and players differ, so `cbcs` is refused for a VP9 track.
//!
//! The length of an uncompressed header depends on its fields, and on the sizes of the frames that it refers to, because frame
//! sizes limit the number of tile columns.

mod codecs_string;
mod parser;
mod sample_entry;
mod superframe;
mod uncompressed_header;

pub use parser::Vp9Parser;
pub(super) use sample_entry::{complete, sample_entry};
pub(crate) use uncompressed_header::Vp9KeyFrame;
