//! The body of an object to write.

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::domain::object::Digest;

/// Bytes in consecutive chunks. A clone shares them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Body(Vec<Bytes>);

impl Body {
    /// Returns the length in bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.0.iter().map(|chunk| chunk.len() as u64).sum()
    }

    /// Returns the chunks, in order; none is empty.
    pub fn chunks(&self) -> impl Iterator<Item = &Bytes> {
        self.0.iter()
    }

    /// Returns the SHA-256 digest of the bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut hash = Sha256::new();
        self.0.iter().for_each(|chunk| hash.update(chunk));
        Digest(hash.finalize().into())
    }

    /// Appends a chunk.
    pub fn push(&mut self, chunk: impl Into<Bytes>) {
        let chunk = chunk.into();
        if !chunk.is_empty() {
            self.0.push(chunk);
        }
    }

    /// Copies the bytes into one buffer.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        self.0.concat()
    }
}

impl Extend<Bytes> for Body {
    fn extend<I: IntoIterator<Item = Bytes>>(&mut self, chunks: I) {
        chunks.into_iter().for_each(|chunk| self.push(chunk));
    }
}

impl<P: Into<Bytes>> FromIterator<P> for Body {
    fn from_iter<I: IntoIterator<Item = P>>(chunks: I) -> Self {
        let mut body = Self::default();
        body.extend(chunks.into_iter().map(Into::into));
        body
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::from_iter([bytes])
    }
}

impl IntoIterator for Body {
    type Item = Bytes;
    type IntoIter = std::vec::IntoIter<Bytes>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
