//! A local movie, read by byte ranges.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use vpp_media::isobmff::{Index, IndexReader};
use vpp_media::track::sample_heads;

use crate::failure::Failure;

/// A buffer whose capacity exceeds the next range by more than this factor is shrunk.
const MAX_CAPACITY_FACTOR: usize = 8;

/// A local movie, read by byte ranges.
#[derive(Debug)]
pub(crate) struct Input<'p> {
    path: &'p Path,
    file: File,
    bytes_read: AtomicU64,
}

impl<'p> Input<'p> {
    /// Opens the movie.
    pub(crate) fn open(path: &'p Path) -> Result<Self, Failure> {
        let file = File::open(path).map_err(Failure::io(path))?;
        Ok(Self { path, file, bytes_read: AtomicU64::new(0) })
    }

    /// Reads the index of the movie, and the sample heads that complete it.
    pub(crate) fn index(&self) -> Result<Index, Failure> {
        let file_size = self.file.metadata().map_err(Failure::io(self.path))?.len();
        let mut reader = IndexReader::new(file_size)?;
        let mut bytes = Vec::new();
        while let Some(range) = reader.want() {
            self.read(&range, &mut bytes)?;
            reader.supply(&bytes)?;
        }
        let mut index = reader.finish()?;
        for head in sample_heads(&index) {
            self.read(&head, &mut bytes)?;
            index.add_media(head.start, &bytes);
        }
        Ok(index)
    }

    /// Reads a range into `bytes` and replaces their content.
    pub(crate) fn read(&self, range: &Range<u64>, bytes: &mut Vec<u8>) -> Result<(), Failure> {
        // The planner bounds ranges by the file, and by the size of a work unit or of an index.
        let out_of_range = || vpp_media::Error::OutOfRange { what: "The length of a source range" };
        let length = range.end.checked_sub(range.start).ok_or_else(out_of_range)?;
        let buffer_length = usize::try_from(length).map_err(|_| out_of_range())?;
        // Bytes that the buffer already has need not be filled with zeros before the read.
        bytes.truncate(buffer_length);
        // The product may saturate: at the largest capacity, nothing is shrunk.
        bytes.shrink_to(buffer_length.saturating_mul(MAX_CAPACITY_FACTOR));
        bytes.resize(buffer_length, 0);
        self.file.read_exact_at(bytes, range.start).map_err(Failure::io(self.path))?;
        self.bytes_read.fetch_add(length, Ordering::Relaxed);
        Ok(())
    }

    /// Returns the number of bytes that were read so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }
}
