//! The box writer: sizes are patched in when a box is closed, never computed by hand.

use super::FourCc;

/// Bytes of boxes under construction.
#[derive(Debug, Default)]
pub struct BoxWriter {
    bytes: Vec<u8>,
}

impl BoxWriter {
    /// A writer with nothing written.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes a box of type `kind` whose payload `body` writes.
    pub fn plain(&mut self, kind: &[u8; 4], body: impl FnOnce(&mut Self)) {
        let start = self.bytes.len();
        self.u32(0);
        self.bytes.extend_from_slice(kind);
        body(self);
        // Box sizes here are those of init segments and movie fragments: kilobytes.
        let size = u32::try_from(self.bytes.len().saturating_sub(start)).unwrap_or(u32::MAX);
        self.patch(start, size);
    }

    /// Writes a full box (ISO/IEC 14496-12 4.2.2): `version` and 24 bits of `flags`, then what `body` writes.
    pub fn full(&mut self, kind: &[u8; 4], version: u8, flags: u32, body: impl FnOnce(&mut Self)) {
        self.plain(kind, |w| {
            let [_, a, b, c] = flags.to_be_bytes();
            w.raw(&[version, a, b, c]);
            body(w);
        });
    }

    /// Writes bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Writes a four-character code.
    pub fn fourcc(&mut self, code: FourCc) {
        self.raw(&code.0);
    }

    /// Writes `count` zero bytes.
    pub fn zeros(&mut self, count: usize) {
        self.bytes.resize(self.bytes.len().saturating_add(count), 0);
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

    /// Writes 64 bits, big-endian.
    pub fn u64(&mut self, value: u64) {
        self.raw(&value.to_be_bytes());
    }

    /// Bytes written so far.
    #[must_use]
    pub fn position(&self) -> usize {
        self.bytes.len()
    }

    /// Overwrites the 32 bits at `position`, which must have been written: a field whose value was not known then.
    pub fn patch(&mut self, position: usize, value: u32) {
        let field = self.bytes.get_mut(position..).and_then(|tail| tail.first_chunk_mut::<4>());
        debug_assert!(field.is_some(), "patched a field that was not written");
        if let Some(field) = field {
            *field = value.to_be_bytes();
        }
    }

    /// The bytes written.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.bytes
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
            w.finish(),
            [&[0, 0, 0, 24][..], b"moof", &[0, 0, 0, 16], b"mfhd", &[0, 0, 0, 0, 0, 0, 0, 1]].concat()
        );
    }
}
