//! A movie on disk, read by ranges.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
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
        while let Some(range) = reader.want() {
            reader.supply(&self.read(range.start, range.end)?)?;
        }
        Ok(reader.finish()?)
    }

    pub(crate) fn read(&mut self, start: u64, end: u64) -> Result<Vec<u8>, Failure> {
        // Ranges lie inside the file, and are bounded by the size of a slice or of an index.
        let length = end.saturating_sub(start);
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(usize::MAX));
        self.file.seek(SeekFrom::Start(start)).map_err(Failure::io(self.path))?;
        // Into memory that nobody has filled with zeros first.
        let read = (&self.file).take(length).read_to_end(&mut bytes).map_err(Failure::io(self.path))?;
        if (read as u64) < length {
            return Err(Failure::io(self.path)(ErrorKind::UnexpectedEof.into()));
        }
        self.bytes_read += length;
        Ok(bytes)
    }
}
