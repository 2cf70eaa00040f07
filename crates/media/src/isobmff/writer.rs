//! The box writer: the size of a box is patched in when the box is closed, never computed by hand.

use super::FourCc;
use crate::{Error, Result};

/// Boxes under construction.
#[derive(Debug, Default)]
pub struct BoxWriter {
    bytes: Vec<u8>,
    /// The first number that does not fit its field.
    out_of_range: Option<&'static str>,
}

impl BoxWriter {
    /// Creates an empty writer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes a box of type `kind`, with the payload that `body` writes.
    pub fn plain(&mut self, kind: &[u8; 4], body: impl FnOnce(&mut Self)) {
        let start = self.bytes.len();
        self.u32(0);
        self.bytes.extend_from_slice(kind);
        body(self);
        match self.bytes.len().checked_sub(start).and_then(|size| u32::try_from(size).ok()) {
            Some(size) => self.patch(start, size),
            None => _ = self.out_of_range.get_or_insert("The size of a box"),
        }
    }

    /// Writes a full box (ISO/IEC 14496-12 4.2.2): `version`, 24 bits of `flags`, then the payload that `body` writes.
    pub fn full(&mut self, kind: &[u8; 4], version: u8, flags: u32, body: impl FnOnce(&mut Self)) {
        self.plain(kind, |w| {
            let [_, a, b, c] = flags.to_be_bytes();
            w.raw(&[version, a, b, c]);
            body(w);
        });
    }

    /// Writes bytes unchanged.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Writes a four-character code.
    pub fn fourcc(&mut self, code: FourCc) {
        self.raw(&code.0);
    }

    /// Writes `count` zero bytes.
    pub fn zeros(&mut self, count: usize) {
        self.bytes.extend(std::iter::repeat_n(0, count));
    }

    /// Writes 8 bits.
    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// Writes 16 bits, big-endian.
    pub fn u16(&mut self, value: u16) {
        self.raw(&value.to_be_bytes());
    }

    /// Writes 32 bits, big-endian.
    pub fn u32(&mut self, value: u32) {
        self.raw(&value.to_be_bytes());
    }

    /// Writes a number of entries or bytes as 32 bits, big-endian.
    pub fn u32_of(&mut self, length: usize) {
        match u32::try_from(length) {
            Ok(length) => self.u32(length),
            Err(_) => _ = self.out_of_range.get_or_insert("A number of entries or bytes in a box"),
        }
    }

    /// Writes 64 bits, big-endian.
    pub fn u64(&mut self, value: u64) {
        self.raw(&value.to_be_bytes());
    }

    /// Returns the bytes written so far.
    #[must_use]
    pub fn position(&self) -> usize {
        self.bytes.len()
    }

    /// Overwrites the 32 bits at `position`: a field that was written before its value was known.
    pub fn patch(&mut self, position: usize, value: u32) {
        let field = self.bytes.get_mut(position..).and_then(|tail| tail.first_chunk_mut::<4>());
        debug_assert!(field.is_some(), "patched a field that was not written");
        if let Some(field) = field {
            *field = value.to_be_bytes();
        }
    }

    /// Returns the bytes written.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when a box has 4 GiB or more, or a number of [`u32_of`](Self::u32_of) does not fit 32 bits.
    pub fn finish(self) -> Result<Vec<u8>> {
        self.out_of_range.map_or(Ok(self.bytes), |what| Err(Error::OutOfRange { what }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_patched_when_boxes_close() {
        let mut w = BoxWriter::new();
        w.plain(b"moof", |w| w.full(b"mfhd", 0, 0, |w| w.u32(1)));
        assert_eq!(
            w.finish().unwrap(),
            [&[0, 0, 0, 24][..], b"moof", &[0, 0, 0, 16], b"mfhd", &[0, 0, 0, 0, 0, 0, 0, 1]].concat()
        );
    }
}
