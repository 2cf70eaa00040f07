//! An object of a bucket: its location, its version, and the digest of its bytes.

use std::fmt;
use std::str::FromStr;

/// The location of an object: bucket and key, written `s3://bucket/key`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location {
    bucket: String,
    key: String,
}

/// The text is not of the form `s3://bucket/key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a location has the form s3://bucket/key")]
pub struct InvalidLocation;

impl Location {
    /// Returns the object `key` of `bucket`. A key is arbitrary text: nothing in it is decoded.
    #[must_use]
    pub fn new(bucket: impl Into<String>, key: impl Into<String>) -> Self {
        Self { bucket: bucket.into(), key: key.into() }
    }

    /// Returns the bucket's name.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Returns the object's key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

impl FromStr for Location {
    type Err = InvalidLocation;

    fn from_str(text: &str) -> Result<Self, InvalidLocation> {
        let path = text.strip_prefix("s3://").ok_or(InvalidLocation)?;
        let (bucket, key) = path.split_once('/').ok_or(InvalidLocation)?;
        Ok(Self::new(bucket, key))
    }
}

/// An entity tag: it identifies one version of an object. Stored without the quotes that some responses put around it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ETag(String);

impl ETag {
    /// Returns the entity tag from a response or an event, quoted or not.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim_matches('"').to_owned())
    }

    /// Returns the entity tag as text, without quotes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The SHA-256 digest of an object's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Computes the digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(sha2::Sha256::digest(bytes).into())
    }
}
