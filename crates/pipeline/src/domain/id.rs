//! Names that are functions of what they name.
//!
//! Both ids are content-addressed: 16 bytes of a hash, in lower-case base32 without padding (26 characters, safe in a
//! URL, a DynamoDB key and an S3 key). A repeated event or request computes the same id and so finds the same item;
//! nothing has to be remembered to be idempotent. Every part is hashed with its length before it, so that
//! `("ab", "c")` and `("a", "bc")` differ.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};
use vpp_media::cenc::{ContentKey, KeyId};
use vpp_media::cmaf::MAX_INPUTS;

use crate::domain::package::{Options, RequestedKeys};
use crate::ports::{ETag, Location};

const ID_BYTES: usize = 16;
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
            /// The id as text.
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
                let right = text.len() == ID_CHARACTERS
                    && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'));
                if right { Ok(Self(text)) } else { Err(InvalidId) }
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
    /// `packaged_content_id`: one content packaged in one way with one key.
    PackageId
}

id! {
    /// `upload_id`: one file on its way.
    ClientUploadId
}

impl ClientUploadId {
    /// The id that follows from these parts; one of them is another for every file.
    #[must_use]
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut all = Sha256::new();
        for part in parts {
            all.update(length_of(part));
            all.update(part);
        }
        Self(text(&all.finalize()))
    }
}

impl ContentId {
    /// The id of the version `etag` of the object at `location`.
    #[must_use]
    pub fn of(location: &Location, etag: &ETag) -> Self {
        let parts = [location.bucket(), location.key(), etag.as_str()];
        Self(text(&hash(parts.map(str::as_bytes))))
    }
}

/// The contents of one package, in the order of its tracks: one or more, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs(Vec<ContentId>);

impl Inputs {
    /// These contents, unless there are none, too many, or one of them twice.
    #[must_use]
    pub fn new(ids: Vec<ContentId>) -> Option<Self> {
        let each_once = ids.iter().collect::<BTreeSet<_>>().len() == ids.len();
        (each_once && (1..=MAX_INPUTS).contains(&ids.len())).then_some(Self(ids))
    }

    /// The contents.
    pub fn iter(&self) -> impl Iterator<Item = &ContentId> {
        self.0.iter()
    }

    /// One text for these contents in this order, to be hashed into ids: the id itself, of one.
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

impl PackageId {
    /// The id of the package that an upload starts by itself, or of a clear one: contents and options only.
    #[must_use]
    pub fn of_upload(inputs: &Inputs, options: &Options) -> Self {
        Self(text(&hash([inputs.canonical().as_bytes(), options.canonical().as_bytes()])))
    }

    /// The id of a package made with a caller's keys: contents, options, kids, and a keyed hash of each key.
    ///
    /// A content key is the HMAC's key, so the id tells two keys apart without saying anything about either.
    #[must_use]
    pub fn of_request(inputs: &Inputs, options: &Options, keys: &RequestedKeys) -> Self {
        let (inputs, options) = (inputs.canonical(), options.canonical());
        let hashed = |(kid, key): &(KeyId, ContentKey), before: &[u8]| {
            let kid = kid.to_string();
            let parts = [inputs.as_bytes(), options.as_bytes(), kid.as_bytes(), before];
            // Without a hash before it there is no part for one.
            let parts = parts.iter().filter(|part| !part.is_empty());
            let lengths: Vec<_> = parts.clone().map(|part| length_of(part)).collect();
            let message: Vec<&[u8]> = parts.zip(&lengths).flat_map(|(part, length)| [length, *part]).collect();
            key.keyed_hash(&message)
        };
        let main = hashed(&keys.key, &[]);
        let all = keys.audio_key.as_ref().map_or(main, |audio| hashed(audio, &main));
        Self(text(&all))
    }
}

impl PackageId {
    /// The kid of a package whose key the platform makes: a UUID of version 8 (RFC 9562 5.8) that follows from the id.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "it does not panic")]
    pub fn kid(&self) -> KeyId {
        let hash = hash([b"kid", self.as_str().as_bytes()]);
        let mut bytes = hash.first_chunk().copied().unwrap_or([0; ID_BYTES]);
        bytes[6] = 0x80 | (bytes[6] & 0x0f);
        bytes[8] = 0x80 | (bytes[8] & 0x3f);
        #[expect(clippy::expect_used, reason = "the version bits are set, so it is not zero")]
        KeyId::new(bytes).expect("not zero")
    }
}

/// SHA-256 over the parts, each with its length before it.
fn hash<const N: usize>(parts: [&[u8]; N]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(length_of(part));
        hash.update(part);
    }
    hash.finalize().into()
}

fn length_of(part: &[u8]) -> [u8; 8] {
    (part.len() as u64).to_be_bytes()
}

fn text(hash: &[u8]) -> String {
    let head = hash.get(..ID_BYTES).unwrap_or(hash);
    BASE32_NOPAD.encode(head).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use vpp_media::cenc::Scheme;
    use vpp_media::cmaf::{Layout, ProtectedTracks};

    use super::*;
    use crate::domain::package::Treatment;

    fn content(bucket: &str, key: &str) -> ContentId {
        ContentId::of(&Location::new(bucket, key), &ETag::new("etag"))
    }

    fn options(seconds: u64) -> Options {
        let treatment = Treatment::Encrypt { scheme: Scheme::Cbcs, tracks: ProtectedTracks::Video };
        Options::new(treatment, Duration::from_secs(seconds))
    }

    #[test]
    fn an_id_is_a_function_of_what_it_names() {
        let id = content("bucket", "key");
        assert_eq!(id, content("bucket", "key"));
        assert_ne!(id, content("bucketk", "ey"), "parts do not run into each other");
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
        assert_ne!(id, ContentId::of(&Location::new("bucket", "key"), &ETag::new("other")));
    }

    #[test]
    fn the_key_the_kid_and_the_options_make_another_package() {
        let content = content("bucket", "key");
        let kid = |byte| KeyId::new([byte; 16]).unwrap();
        let id = |seconds, key, kid_byte| {
            let keys = RequestedKeys { key: (kid(kid_byte), ContentKey::new([key; 16])), audio_key: None };
            PackageId::of_request(&content.clone().into(), &options(seconds), &keys)
        };
        let with_audio = |key: u8| {
            let [key, audio_key] = [(kid(1), ContentKey::new([1; 16])), (kid(2), ContentKey::new([key; 16]))];
            PackageId::of_request(
                &content.clone().into(),
                &options(6),
                &RequestedKeys { key, audio_key: Some(audio_key) },
            )
        };
        assert_eq!(id(6, 1, 1), id(6, 1, 1));
        let upload = PackageId::of_upload(&content.clone().into(), &options(6));
        let others = [id(6, 1, 1), id(4, 1, 1), id(6, 2, 1), id(6, 1, 2), upload, with_audio(1), with_audio(2)];
        for (at, one) in others.iter().enumerate() {
            assert!(!others[at + 1..].contains(one));
        }
    }

    #[test]
    fn a_layout_that_is_not_the_default_makes_another_package_and_the_default_changes_no_id() {
        let single = Options { layout: Layout::SingleFile, ..options(6) };
        assert_eq!(options(6).canonical(), "v1 scheme=cbcs encrypt=video segment_ms=6000");
        assert_eq!(single.canonical(), "v1 scheme=cbcs encrypt=video segment_ms=6000 layout=single-file");
    }

    #[test]
    fn the_contents_and_their_order_make_another_package() {
        let [a, b] = ["a", "b"].map(|key| content("bucket", key));
        let id = |ids: &[&ContentId]| {
            let inputs = Inputs::new(ids.iter().map(|id| (*id).clone()).collect()).unwrap();
            PackageId::of_upload(&inputs, &options(6))
        };
        assert_eq!(id(&[&a]), PackageId::of_upload(&a.clone().into(), &options(6)));
        let others = [id(&[&a]), id(&[&b]), id(&[&a, &b]), id(&[&b, &a])];
        assert_eq!(others.iter().collect::<BTreeSet<_>>().len(), others.len());
        assert_eq!(Inputs::new(vec![]), None);
        assert_eq!(Inputs::new(vec![a.clone(), b, a]), None, "one of them twice");
    }

    #[test]
    fn a_made_kid_is_a_uuid_that_follows_from_the_package() {
        let id = PackageId::of_upload(&content("bucket", "key").into(), &options(6));
        let kid = id.kid().to_string();
        assert_eq!(kid, id.kid().to_string());
        assert_eq!((&kid[14..15], kid.len()), ("8", 36));
    }

    #[test]
    fn only_ids_are_ids() {
        for text in
            ["", "short", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxy1", "../../../../../../../../../a"]
        {
            assert_eq!(text.parse::<PackageId>(), Err(InvalidId), "{text}");
        }
    }
}
