//! A local file, read by ranges.

use std::ops::Range;

use vpp_media::Error;
use vpp_media::isobmff::{Index, IndexReader};
use vpp_media::track::sample_heads;

/// A file that is read by ranges.
pub trait Source {
    /// Why a range could not be read.
    type Error;

    /// Returns the number of bytes of the file.
    fn size(&self) -> u64;

    /// Returns the bytes of a range.
    ///
    /// # Errors
    /// The file cannot be read.
    fn read(&mut self, range: Range<u64>) -> Result<Vec<u8>, Self::Error>;
}

/// Why a file has no index.
#[derive(Debug)]
pub enum ReadError<E> {
    /// The file cannot be read.
    Source(E),
    /// The file cannot be packaged.
    Media(Error),
}

impl<E> From<Error> for ReadError<E> {
    fn from(error: Error) -> Self {
        Self::Media(error)
    }
}

/// Reads the index of a movie, and the sample heads that complete it. Adds the number of bytes to `bytes_read`.
///
/// # Errors
/// Both variants of [`ReadError`].
pub fn read_index<S: Source>(source: &mut S, bytes_read: &mut u64) -> Result<Index, ReadError<S::Error>> {
    let mut reader = IndexReader::new(source.size())?;
    let mut read = |range: Range<u64>| {
        *bytes_read = bytes_read.saturating_add(range.end.saturating_sub(range.start));
        source.read(range).map_err(ReadError::Source)
    };
    while let Some(range) = reader.want() {
        reader.supply(&read(range)?)?;
    }
    let mut index = reader.finish()?;
    for head in sample_heads(&index) {
        let start = head.start;
        index.add_media(start, &read(head)?);
    }
    Ok(index)
}
