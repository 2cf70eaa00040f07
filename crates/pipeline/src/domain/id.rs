//! Content-addressed ids of contents, packages and uploads.
//!
//! An id is 16 bytes of a hash, in lower-case base32 without padding: 26 characters, safe in a URL, a DynamoDB key and an S3
//! key. A repeated event or request computes the same id and so finds the same item; idempotency needs no further state. Each
//! part is hashed with its length in front, so that `("ab", "c")` and `("a", "bc")` differ. `package_id.rs` computes the ids of
//! packages.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};
use vpp_media::cmaf::MAX_INPUTS;

use crate::domain::object::{ETag, Location};

pub(super) const ID_BYTES: usize = 16;
const ID_CHARACTERS: usize = 26;

/// The text is not an id of this platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is {ID_CHARACTERS} characters of lower-case base32")]
pub struct InvalidId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Returns the id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::try_from(text.to_owned())
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                let valid = text.len() == ID_CHARACTERS
                    && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'));
                if valid { Ok(Self(text)) } else { Err(InvalidId) }
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

id! {
    /// `input_content_id`: one version of one uploaded object.
    ContentId
}
id! {
    /// `packaged_content_id`: contents packaged with given options and keys.
    PackageId
}

id! {
    /// `upload_id`: one client upload.
    ClientUploadId
}

impl ClientUploadId {
    /// Computes the id from `parts`. At least one of them must be unique to the upload.
    #[must_use]
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut all = Sha256::new();
        for part in parts {
            all.update(length_of(part));
            all.update(part);
        }
        Self(id_text(&all.finalize()))
    }
}

impl PackageId {
    /// Returns the id whose first bytes are those of `hash`.
    pub(super) fn of_hash(hash: &[u8]) -> Self {
        Self(id_text(hash))
    }
}

impl ContentId {
    /// Computes the id of the version `etag` of the object at `location`.
    #[must_use]
    pub fn of(location: &Location, etag: &ETag) -> Self {
        let parts = [location.bucket(), location.key(), etag.as_str()];
        Self(id_text(&hash(parts.map(str::as_bytes))))
    }
}

/// The contents of one package, in the order of its tracks: one or more, without duplicates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs(Vec<ContentId>);

impl Inputs {
    /// Returns the inputs, or `None` when there are no ids, too many, or duplicates.
    #[must_use]
    pub fn new(ids: Vec<ContentId>) -> Option<Self> {
        let each_once = ids.iter().collect::<BTreeSet<_>>().len() == ids.len();
        (each_once && (1..=MAX_INPUTS).contains(&ids.len())).then_some(Self(ids))
    }

    /// Returns the ids of the contents.
    pub fn iter(&self) -> impl Iterator<Item = &ContentId> {
        self.0.iter()
    }

    /// Returns the canonical text of these contents in this order, for hashing into ids. For a single content, the text is its
    /// id.
    #[must_use]
    pub fn canonical(&self) -> String {
        let ids: Vec<&str> = self.iter().map(ContentId::as_str).collect();
        ids.join(",")
    }
}

impl From<ContentId> for Inputs {
    fn from(id: ContentId) -> Self {
        Self(vec![id])
    }
}

/// Computes the SHA-256 digest of the parts, each preceded by its length.
pub(super) fn hash<const N: usize>(parts: [&[u8]; N]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(length_of(part));
        hash.update(part);
    }
    hash.finalize().into()
}

pub(super) fn length_of(part: &[u8]) -> [u8; 8] {
    (part.len() as u64).to_be_bytes()
}

fn id_text(hash: &[u8]) -> String {
    let head = hash.get(..ID_BYTES).unwrap_or(hash);
    BASE32_NOPAD.encode(head).to_ascii_lowercase()
}
