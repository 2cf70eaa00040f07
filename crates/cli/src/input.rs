//! A movie on disk, read by ranges.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use vpp_media::isobmff::{Index, IndexReader};

use crate::failure::Failure;

/// The movie, read by ranges.
pub(crate) struct Input<'p> {
    path: &'p Path,
    file: File,
    pub(crate) bytes_read: u64,
}

impl<'p> Input<'p> {
    pub(crate) fn open(path: &'p Path) -> Result<Self, Failure> {
        let file = File::open(path).map_err(Failure::io(path))?;
        Ok(Self { path, file, bytes_read: 0 })
    }

    pub(crate) fn index(&mut self) -> Result<Index, Failure> {
        let file_size = self.file.metadata().map_err(Failure::io(self.path))?.len();
        let mut reader = IndexReader::new(file_size)?;
        let mut bytes = Vec::new();
        while let Some(range) = reader.want() {
            self.read(&range, &mut bytes)?;
            reader.supply(&bytes)?;
        }
        Ok(reader.finish()?)
    }

    /// Reads a range into `bytes`, in place of what they were.
    pub(crate) fn read(&mut self, range: &Range<u64>, bytes: &mut Vec<u8>) -> Result<(), Failure> {
        // Ranges lie inside the file, and are bounded by the size of a work unit or of an index.
        let length = range.end.saturating_sub(range.start);
        let wanted = usize::try_from(length).unwrap_or(usize::MAX);
        // What they were need not be filled with zeros.
        bytes.truncate(wanted);
        bytes.shrink_to(wanted.saturating_mul(8));
        bytes.resize(wanted, 0);
        self.file.read_exact_at(bytes, range.start).map_err(Failure::io(self.path))?;
        self.bytes_read += length;
        Ok(())
    }
}
