//! Computes the id of a package from its contents, its options and its keys.

use vpp_media::cenc::{ContentKey, KeyId};

use crate::domain::id::{ID_BYTES, Inputs, PackageId, hash, length_of};
use crate::domain::package_options::{PackageOptions, RequestedKeys};

/// Computes the id of a package with a generated key, or of a clear one, from contents and options only.
#[must_use]
pub fn package_id_of_upload(inputs: &Inputs, options: &PackageOptions) -> PackageId {
    PackageId::of_hash(&hash([inputs.canonical().as_bytes(), options.canonical().as_bytes()]))
}

/// Computes the id of a package with a caller's keys from contents, options, kids, and a keyed hash of each key.
///
/// The content key is the HMAC's key, so the id distinguishes two keys without revealing anything about either.
#[must_use]
pub fn package_id_of_request(inputs: &Inputs, options: &PackageOptions, keys: &RequestedKeys) -> PackageId {
    let (inputs, options) = (inputs.canonical(), options.canonical());
    let hashed = |(kid, key): &(KeyId, ContentKey), before: &[u8]| {
        let kid = kid.to_string();
        let parts = [inputs.as_bytes(), options.as_bytes(), kid.as_bytes(), before];
        // The first hash has no preceding hash, so that part is omitted.
        let parts = parts.iter().filter(|part| !part.is_empty());
        let lengths: Vec<_> = parts.clone().map(|part| length_of(part)).collect();
        let message: Vec<&[u8]> = parts.zip(&lengths).flat_map(|(part, length)| [length, *part]).collect();
        key.keyed_hash(&message)
    };
    let main = hashed(&keys.key, &[]);
    let all = keys.audio_key.as_ref().map_or(main, |audio| hashed(audio, &main));
    PackageId::of_hash(&all)
}

impl PackageId {
    /// Returns the kid of a package with a generated key: a UUID of version 8 (RFC 9562 5.8), derived from the package's id.
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use vpp_media::cenc::Scheme;
    use vpp_media::cmaf::{Layout, ProtectedTracks, UnsupportedTracks};

    use super::*;
    use crate::domain::id::{ContentId, InvalidId};
    use crate::domain::object::{ETag, Location};
    use crate::domain::package_options::ProtectionOptions;

    fn content(bucket: &str, key: &str) -> ContentId {
        ContentId::of(&Location::new(bucket, key), &ETag::new("etag"))
    }

    fn options(seconds: u64) -> PackageOptions {
        let treatment = ProtectionOptions::Encrypt { scheme: Scheme::Cbcs, tracks: ProtectedTracks::Video };
        PackageOptions::new(treatment, Duration::from_secs(seconds))
    }

    #[test]
    fn an_id_is_a_function_of_the_object_it_identifies() {
        let id = content("bucket", "key");
        assert_eq!(id, content("bucket", "key"));
        assert_ne!(id, content("bucketk", "ey"), "the boundary between the parts matters");
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
        assert_ne!(id, ContentId::of(&Location::new("bucket", "key"), &ETag::new("other")));
    }

    #[test]
    fn another_key_kid_or_option_is_another_package() {
        let content = content("bucket", "key");
        let kid = |byte| KeyId::new([byte; 16]).unwrap();
        let id = |seconds, key, kid_byte| {
            let keys = RequestedKeys { key: (kid(kid_byte), ContentKey::new([key; 16])), audio_key: None };
            package_id_of_request(&content.clone().into(), &options(seconds), &keys)
        };
        let with_audio = |key: u8| {
            let [key, audio_key] = [(kid(1), ContentKey::new([1; 16])), (kid(2), ContentKey::new([key; 16]))];
            package_id_of_request(
                &content.clone().into(),
                &options(6),
                &RequestedKeys { key, audio_key: Some(audio_key) },
            )
        };
        assert_eq!(id(6, 1, 1), id(6, 1, 1));
        let upload = package_id_of_upload(&content.clone().into(), &options(6));
        let others = [id(6, 1, 1), id(4, 1, 1), id(6, 2, 1), id(6, 1, 2), upload, with_audio(1), with_audio(2)];
        for (at, one) in others.iter().enumerate() {
            assert!(!others[at + 1..].contains(one));
        }
    }

    #[test]
    fn another_layout_is_another_package_and_the_default_layout_is_not_in_the_id() {
        let single = PackageOptions { layout: Layout::SingleFile, ..options(6) };
        assert_eq!(options(6).canonical(), "v1 scheme=cbcs encrypt=video segment_ms=6000");
        assert_eq!(single.canonical(), "v1 scheme=cbcs encrypt=video segment_ms=6000 layout=single-file");
    }

    #[test]
    fn leaving_tracks_out_is_another_package() {
        let leave_out = PackageOptions { unsupported: UnsupportedTracks::LeaveOut, ..options(6) };
        assert_eq!(leave_out.canonical(), "v1 scheme=cbcs encrypt=video segment_ms=6000 unsupported=leave_out");
    }

    #[test]
    fn other_contents_or_another_order_are_another_package() {
        let [a, b] = ["a", "b"].map(|key| content("bucket", key));
        let id = |ids: &[&ContentId]| {
            let inputs = Inputs::new(ids.iter().map(|id| (*id).clone()).collect()).unwrap();
            package_id_of_upload(&inputs, &options(6))
        };
        assert_eq!(id(&[&a]), package_id_of_upload(&a.clone().into(), &options(6)));
        let others = [id(&[&a]), id(&[&b]), id(&[&a, &b]), id(&[&b, &a])];
        assert_eq!(others.iter().collect::<BTreeSet<_>>().len(), others.len());
        assert_eq!(Inputs::new(vec![]), None);
        assert_eq!(Inputs::new(vec![a.clone(), b, a]), None, "duplicates are refused");
    }

    #[test]
    fn the_kid_of_a_generated_key_is_a_uuid_derived_from_the_package() {
        let id = package_id_of_upload(&content("bucket", "key").into(), &options(6));
        let kid = id.kid().to_string();
        assert_eq!(kid, id.kid().to_string());
        assert_eq!((&kid[14..15], kid.len()), ("8", 36));
    }

    #[test]
    fn other_texts_are_not_ids() {
        for text in
            ["", "short", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxy1", "../../../../../../../../../a"]
        {
            assert_eq!(text.parse::<PackageId>(), Err(InvalidId), "{text}");
        }
    }
}
