//! Content keys, key ids and initialisation vectors: 128 bits each, and never mistaken for one another.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Why a text is not a key or key id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseKeyError {
    /// Neither hexadecimal, nor a UUID, nor base64 of sixteen bytes.
    #[error("expected 16 bytes as 32 hexadecimal digits, a dashed UUID, base64 or base64url")]
    Form,
    /// A key id of zeros, which means "no key" (ISO/IEC 23001-7 8.2).
    #[error("the key id must not be zero")]
    ZeroKeyId,
}

/// Reads 16 bytes from any of the forms people hold keys in.
fn parse_128(text: &str) -> Result<Zeroizing<[u8; 16]>, ParseKeyError> {
    let mut bytes = Zeroizing::new([0; 16]);
    let encoding = match text.len() {
        32 | 36 => HEXLOWER_PERMISSIVE,
        22 | 24 if text.contains(['-', '_']) => BASE64URL_NOPAD,
        22 | 24 => BASE64_NOPAD,
        _ => return Err(ParseKeyError::Form),
    };
    let digits = Zeroizing::new(match text.len() {
        36 => undash(text).ok_or(ParseKeyError::Form)?,
        24 => text.strip_suffix("==").ok_or(ParseKeyError::Form)?.to_owned(),
        _ => text.to_owned(),
    });
    if encoding.decode_len(digits.len()) != Ok(16) {
        return Err(ParseKeyError::Form);
    }
    encoding.decode_mut(digits.as_bytes(), bytes.as_mut_slice()).map_err(|_| ParseKeyError::Form)?;
    Ok(bytes)
}

/// A UUID's digits; `None` unless its dashes stand where they belong.
fn undash(text: &str) -> Option<String> {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    (lengths == [8, 4, 4, 4, 12]).then(|| groups.concat())
}

/// A content encryption key. It is zeroised when dropped, and has no `Debug` or `Display` of its bytes.
#[derive(Clone)]
pub struct ContentKey(Zeroizing<[u8; 16]>);

impl ContentKey {
    /// A key of these bytes.
    #[must_use]
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The key itself, for a cipher or for wrapping: not for anything that is stored or shown.
    #[must_use]
    pub fn expose(&self) -> &[u8; 16] {
        &self.0
    }

    /// HMAC-SHA-256 of `message` under this key: a value that identifies without revealing.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "it cannot: HMAC takes a key of any length")]
    pub fn keyed_hash(&self, message: &[&[u8]]) -> [u8; 32] {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_slice()).expect("a key of any length");
        message.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }
}

impl FromStr for ContentKey {
    type Err = ParseKeyError;

    fn from_str(text: &str) -> Result<Self, ParseKeyError> {
        parse_128(text).map(Self)
    }
}

impl fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentKey(secret)")
    }
}

/// The content keys of a package, each under its id: one for all tracks, or one for each kind of track.
#[derive(Debug, Clone, Default)]
pub struct ContentKeys(Vec<(KeyId, ContentKey)>);

impl ContentKeys {
    /// The key of this id.
    #[must_use]
    pub fn of(&self, kid: &KeyId) -> Option<&ContentKey> {
        self.0.iter().find(|(own, _)| own == kid).map(|(_, key)| key)
    }
}

impl FromIterator<(KeyId, ContentKey)> for ContentKeys {
    fn from_iter<I: IntoIterator<Item = (KeyId, ContentKey)>>(keys: I) -> Self {
        Self(keys.into_iter().collect())
    }
}

/// A key identifier (KID): public, never zero, shown as a lower-case dashed UUID. Its bytes stand in `tenc` in the order in
/// which the text shows them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct KeyId([u8; 16]);

impl KeyId {
    /// A key id of these bytes.
    ///
    /// # Errors
    /// [`ParseKeyError::ZeroKeyId`].
    pub fn new(bytes: [u8; 16]) -> Result<Self, ParseKeyError> {
        if bytes == [0; 16] { Err(ParseKeyError::ZeroKeyId) } else { Ok(Self(bytes)) }
    }

    /// The bytes, as in `default_KID`.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl FromStr for KeyId {
    type Err = ParseKeyError;

    fn from_str(text: &str) -> Result<Self, ParseKeyError> {
        Self::new(*parse_128(text)?)
    }
}

/// Writes 16 bytes as a UUID: lower-case hexadecimal with dashes.
pub(super) fn write_uuid(f: &mut fmt::Formatter<'_>, bytes: &[u8; 16]) -> fmt::Result {
    let hex = HEXLOWER.encode(bytes);
    let mut rest = hex.as_str();
    for (position, length) in [8, 4, 4, 4, 12].into_iter().enumerate() {
        let (group, after) = rest.split_at(length);
        rest = after;
        write!(f, "{}{group}", if position == 0 { "" } else { "-" })?;
    }
    Ok(())
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_uuid(f, &self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// The constant initialisation vector of a protected track: public, it stands in `tenc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConstantIv([u8; 16]);

impl FromStr for ConstantIv {
    type Err = ParseKeyError;

    fn from_str(text: &str) -> Result<Self, ParseKeyError> {
        parse_128(text).map(|bytes| Self(*bytes))
    }
}

impl ConstantIv {
    /// A vector of these bytes.
    #[must_use]
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The vector that goes with a key under `cbcs`: the same for every track, since FairPlay delivers the two together, and the same on
    /// every run, so that the same input gives the same bytes.
    #[must_use]
    pub fn derive(key: &ContentKey, kid: &KeyId) -> Self {
        Self::of_hash(key.keyed_hash(&[b"vpp cbcs constant iv", kid.as_bytes()]))
    }

    /// The seed of the vectors of one content under `cenc`. Counter mode must never meet the same key and vector twice, so
    /// `content`, whatever tells the content from all others, is part of it.
    #[must_use]
    pub fn derive_for_content(key: &ContentKey, kid: &KeyId, content: &[u8]) -> Self {
        Self::of_hash(key.keyed_hash(&[b"vpp cenc iv seed", kid.as_bytes(), content]))
    }

    /// The vector of a track's first sample under `cenc`, with this as the seed: 64 bits that tell the tracks apart.
    #[must_use]
    pub fn first_sample_iv(&self, track_id: u32) -> u64 {
        let hash = Sha256::new().chain_update(self.0).chain_update(track_id.to_be_bytes()).finalize();
        hash.first_chunk().copied().map_or(0, u64::from_be_bytes)
    }

    fn of_hash(hash: [u8; 32]) -> Self {
        let (iv, _) = hash.split_first_chunk().unwrap_or((&[0; 16], &[]));
        Self(*iv)
    }

    /// The bytes, as in `default_constant_IV`.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KID: &str = "a16e402b-9056-e371-f36d-348aa62bb749";

    #[test]
    fn every_form_of_a_key_id_reads_the_same() {
        for form in [
            "oW5AK5BW43HzbTSKpiu3SQ",
            "oW5AK5BW43HzbTSKpiu3SQ==",
            "a16e402b9056e371f36d348aa62bb749",
            "A16E402B9056E371F36D348AA62BB749",
            KID,
            "A16E402B-9056-E371-F36D-348AA62BB749",
        ] {
            assert_eq!(form.parse::<KeyId>().unwrap().to_string(), KID, "{form}");
        }
        let (url, plain): (KeyId, KeyId) =
            ("-_-_AAAAAAAAAAAAAAAAAA".parse().unwrap(), "+/+/AAAAAAAAAAAAAAAAAA".parse().unwrap());
        assert_eq!(url, plain);
    }

    #[test]
    fn anything_but_sixteen_bytes_is_refused() {
        for text in [
            "",
            "oW5AK5BW43HzbTSKpiu3S",
            "a16e402b9056e371f36d348aa62bb74g",
            "a16e402b905-6-e371-f36d-348aa62bb749",
            "oW5AK5BW43HzbTSKpiu3SQ=x",
            "a16e402b-9056-e371-f36d-348aa62bb7 9",
            "ä5AK5BW43HzbTSKpiu3SQ",
        ] {
            assert_eq!(text.parse::<KeyId>(), Err(ParseKeyError::Form), "{text}");
        }
        assert_eq!("00000000000000000000000000000000".parse::<KeyId>(), Err(ParseKeyError::ZeroKeyId));
    }

    #[test]
    fn a_key_does_not_show_itself() {
        let key: ContentKey = "hyN9IKGfWKdAwFaE5pm0qg".parse().unwrap();
        assert_eq!(format!("{key:?}"), "ContentKey(secret)");
    }

    #[test]
    fn the_iv_follows_from_key_and_key_id_alone() {
        let iv = |key: u8, kid: u8| ConstantIv::derive(&ContentKey::new([key; 16]), &KeyId([kid; 16]));
        assert_eq!(iv(1, 2), iv(1, 2));
        assert_ne!(iv(1, 2), iv(1, 3));
        assert_ne!(iv(1, 2), iv(2, 2));
    }

    #[test]
    fn no_two_contents_or_tracks_share_counters() {
        let kid = KeyId([2; 16]);
        let seed = |content: &[u8]| ConstantIv::derive_for_content(&ContentKey::new([1; 16]), &kid, content);
        assert_ne!(seed(b"one"), seed(b"two"));
        let apart = seed(b"one").first_sample_iv(1).abs_diff(seed(b"one").first_sample_iv(2));
        assert!(apart > u64::from(u32::MAX), "further apart than a track has samples");
    }
}
