//! The bytes of a part, read from the file while they are sent.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::ProgressBar;

/// A reader of one part. It advances the progress bar as it is read.
pub(crate) struct PartReader {
    file: Arc<File>,
    range: Range<u64>,
    bar: ProgressBar,
    outcome: Arc<ReadOutcome>,
}

/// The outcome of reading a part, available after the reader is dropped.
#[derive(Default)]
pub(crate) struct ReadOutcome {
    bytes_read: AtomicU64,
    error: Mutex<Option<io::Error>>,
}

impl ReadOutcome {
    /// Returns the bytes that were read. If the part was not accepted, it is unknown how many of them arrived.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    /// Returns the error of reading the file, which is not an error of the network.
    pub(crate) fn take_error(&self) -> Option<io::Error> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl PartReader {
    /// Returns a reader of a byte range of the file, and its outcome.
    pub(crate) fn new(file: Arc<File>, range: Range<u64>, bar: ProgressBar) -> (Self, Arc<ReadOutcome>) {
        let outcome = Arc::new(ReadOutcome::default());
        (Self { file, range, bar, outcome: Arc::clone(&outcome) }, outcome)
    }
}

impl Read for PartReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Exact: a read returns at most the bytes that remain.
        let remaining = self.range.end - self.range.start;
        let length = usize::try_from(remaining).map_or(buffer.len(), |remaining| remaining.min(buffer.len()));
        let Some(buffer) = buffer.get_mut(..length).filter(|buffer| !buffer.is_empty()) else { return Ok(0) };
        let read = match self.file.read_at(buffer, self.range.start) {
            Ok(0) => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file was truncated")),
            other => other,
        };
        let count = read.map_err(|error| {
            let kind = error.kind();
            *self.outcome.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            io::Error::from(kind)
        })?;
        let bytes = count as u64;
        self.range.start += bytes;
        self.bar.inc(bytes);
        self.outcome.bytes_read.fetch_add(bytes, Ordering::Relaxed);
        Ok(count)
    }
}
