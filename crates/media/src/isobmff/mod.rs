//! Boxes of the ISO base media file format (ISO/IEC 14496-12) and of QuickTime.
//!
//! Reading is zero-copy: a [`BoxView`] borrows the bytes of the index and knows their offset in the file, so that errors can
//! name it. The crate has its own small reader, instead of a crate that decodes boxes into structs, for two reasons. The
//! packager copies every child of a sample entry to the output, byte for byte. The sample tables of a 24-hour movie are
//! iterated in place, not copied into vectors whose sizes come from untrusted input.
//!
//! Writing uses closures: [`BoxWriter`] patches the size of a box when its closure returns, so no size is computed by hand.

mod compressed_moov;
mod fourcc;
mod fragment_chain;
mod fragment_flags;
mod fragment_search;
mod index;
mod index_reader;
mod read_ahead;
mod reader;
mod sample_flags;
mod top_level;
mod writer;

pub use fourcc::FourCc;
pub(crate) use fragment_flags::{tfhd, trun};
pub use fragment_search::FragmentSearch;
pub use index::{Index, MAX_MOOV_BYTES};
pub use index_reader::IndexReader;
pub(crate) use reader::entry_field;
pub use reader::{BoxView, Boxes, Reader};
pub(crate) use sample_flags::SampleFlags;
pub use writer::BoxWriter;
