//! Matroska and WebM (RFC 9559): a file's index becomes the `moov` box of an MP4 with the same frames.
//!
//! The rest of the engine knows one kind of input: tracks whose samples each lie in one extent of the file, as a `moov` box
//! describes them. [`MatroskaReader`] reads such a file and writes that box, with offsets into the Matroska file. So verdicts,
//! plans, encryption, edit lists and chapters are the same code for both formats, and so is the prober that parses an index a
//! second time.
//!
//! The reader is part of this crate, instead of a crate that decodes Matroska, because those read frames into memory from a
//! stream: the platform needs the offset of each frame, from byte ranges that the caller reads.
//!
//! | | files |
//! |---|---|
//! | structure | `ebml`, `ids`, `reader`, `block` |
//! | what it describes | `track_entry`, `frames`, `chapters` |
//! | the box | `movie_box`, `timing`, `sample_entry`, `opus`, `vp9`, `ac3` |
//!
//! Not supported: subtitles, frames that are stored without their first bytes (header stripping), and nested or ordered chapters.

mod ac3;
mod block;
mod chapters;
mod ebml;
mod frames;
mod ids;
mod movie_box;
mod opus;
mod reader;
mod sample_entry;
mod timing;
mod track_entry;
mod vp9;

pub(crate) use reader::{MatroskaReader, SIGNATURE};
pub(crate) use sample_entry::UNMAPPED_CODEC;
