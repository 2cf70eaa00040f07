//! H.264: parameter sets, slice headers, and the slice data that may be encrypted.
//!
//! # Why the slice header is parsed
//!
//! `cbcs` leaves a NAL unit's header and its whole slice header in the clear and protects the slice data after it (ISO/IEC
//! 23001-7 10.2). No field states the length of a slice header: it follows from parsing the header, with the picture and
//! sequence parameter sets that it refers to. Apple's decoders compute the boundary themselves and ignore the subsample table,
//! so a boundary that is one byte off breaks the frame. `h264-reader` parses the parameter sets; `slice_header` parses the
//! slice headers, and a movie has a million of them.
//!
//! # Parameter sets in band
//!
//! A sample may carry parameter sets (`avc3` must, `avc1` may). They take effect from there to the end of the segment. Each
//! segment starts on a sync sample with the sets of `avcC`, so a segment's bytes never depend on the work unit that it is
//! packaged in.

mod avcc;
mod nal_unit_type;
mod parameter_sets;
mod parser;
mod sample_entry;
mod slice_header;

pub use avcc::AvcConfig;
pub(super) use nal_unit_type::HEADER_BYTES as NAL_UNIT_HEADER_BYTES;
pub use parser::AvcParser;
pub(super) use sample_entry::{complete, sample_entry};
