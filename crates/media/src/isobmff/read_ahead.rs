//! The number of bytes to read at each step of the walk over the top level of a file.

/// Bytes to read after a box that was skipped.
const MIN_READ: u64 = 4 * 1024;

/// The largest such read.
const MAX_READ: u64 = 1024 * 1024;

/// A skip of this size or more is worth a request; smaller boxes are read through, several in one request.
const FAR: u64 = 256 * 1024;

/// The number of bytes to read after a skip.
///
/// The fragments of a film are megabytes apart, and a few kilobytes at each are enough. The fragments of a live recording
/// may hold one frame each, and one request for each would take hours. Files are regular, so the distance between the last
/// two far skips predicts the next; until there is a far skip, reads double in size. All of it is an estimate, so sums may
/// saturate.
#[derive(Debug)]
pub(super) struct ReadAhead {
    bytes: u64,
    /// The end of the last far skip.
    skip_end: u64,
}

impl ReadAhead {
    /// Starts at offset `start` of the file.
    pub(super) fn new(start: u64) -> Self {
        Self { bytes: MIN_READ, skip_end: start }
    }

    /// Returns the number of bytes to read beyond those that are needed.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Records a skip from the end of a header at `from` to the next box at `to`.
    pub(super) fn skip(&mut self, from: u64, to: u64) {
        if to.saturating_sub(from) < FAR {
            self.bytes = self.bytes.saturating_mul(2).min(MAX_READ);
        } else {
            let distance = from.saturating_sub(self.skip_end);
            self.bytes = distance.saturating_add(distance / 4).clamp(MIN_READ, MAX_READ);
            self.skip_end = to;
        }
    }
}
