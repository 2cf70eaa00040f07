//! Boxes of the ISO base media file format (ISO/IEC 14496-12) and of QuickTime.
//!
//! Reading is zero-copy: a [`BoxView`] borrows the bytes of the index, and knows where in the file they lie so that an error
//! can say so. We keep our own small reader, rather than a crate that decodes boxes into structs, for two reasons: what a
//! packager must carry through unchanged (every child of a sample entry) has to survive byte for byte, and sample tables of a
//! 24-hour movie are iterated where they lie instead of being copied into vectors sized by numbers a stranger wrote.
//!
//! Writing is by closure: [`BoxWriter`] patches each box's size when its closure returns, so no size is computed by hand.

mod flags;
mod fourcc;
mod index;
mod reader;
mod sample_flags;
mod top_level;
mod writer;

pub(crate) use flags::{tfhd, trun};
pub use fourcc::FourCc;
pub use index::{Index, IndexReader, MAX_MOOV_BYTES};
pub use reader::{BoxView, Boxes, Reader};
pub(crate) use sample_flags::SampleFlags;
pub use writer::BoxWriter;
