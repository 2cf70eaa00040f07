//! The frames of a track, as its blocks list them.

use super::opus::packet_samples;
use super::track_entry::TrackEntry;

/// A frame. It takes 24 bytes, because a movie has millions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    /// Offset of its first byte in the file.
    pub(super) offset: u64,
    /// Its timestamp in units of the timestamp scale, or [`FOLLOWS`].
    timestamp: i64,
    pub(super) size: u32,
    /// Number of audio samples, if the frame itself states it.
    pub(super) samples: u16,
    pub(super) is_key: bool,
}

/// The timestamp of a frame after the first of a block: it follows the frame before it.
const FOLLOWS: i64 = i64::MIN;

impl Frame {
    pub(super) fn new(offset: u64, size: u32, timestamp: Option<i64>, is_key: bool) -> Self {
        Self { offset, timestamp: timestamp.unwrap_or(FOLLOWS), size, samples: 0, is_key }
    }

    /// Returns the timestamp; `None` for a frame that follows the one before it in the same block.
    pub(super) fn timestamp(&self) -> Option<i64> {
        Some(self.timestamp).filter(|timestamp| *timestamp != FOLLOWS)
    }
}

/// A track and its frames.
#[derive(Debug)]
pub(super) struct TrackFrames {
    pub(super) entry: TrackEntry,
    /// In the order of the file, which is that of decoding.
    pub(super) frames: Vec<Frame>,
    /// The first bytes of the first frame.
    pub(super) head: Vec<u8>,
    /// Duration of the last block in units of the timestamp scale, if it states it.
    pub(super) last_duration: Option<u64>,
    /// Nanoseconds at the end of the last frame that are not presented.
    pub(super) discard_padding: i64,
}

impl TrackFrames {
    pub(super) fn new(entry: TrackEntry) -> Self {
        Self { entry, frames: Vec::new(), head: Vec::new(), last_duration: None, discard_padding: 0 }
    }

    /// Appends a frame that starts with `head`.
    pub(super) fn push(&mut self, frame: Frame, head: &[u8]) {
        if self.frames.is_empty() {
            head.clone_into(&mut self.head);
        }
        let samples = if self.entry.codec_id == "A_OPUS" { packet_samples(head).unwrap_or(0) } else { 0 };
        self.frames.push(Frame { samples, ..frame });
    }

    /// Records what the last block states.
    pub(super) fn end_block(&mut self, duration: Option<u64>, discard_padding: i64) {
        (self.last_duration, self.discard_padding) = (duration, discard_padding);
    }
}
