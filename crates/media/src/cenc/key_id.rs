//! Key ids (KID, ISO/IEC 23001-7 8.2).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::key_encoding::{ParseKeyError, parse_128, write_uuid};

/// A key identifier (KID): public, never zero, shown as a lower-case UUID. `tenc` contains its bytes in the order of the text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct KeyId([u8; 16]);

impl KeyId {
    /// Creates a key id.
    ///
    /// # Errors
    /// [`ParseKeyError::ZeroKeyId`].
    pub fn new(bytes: [u8; 16]) -> Result<Self, ParseKeyError> {
        if bytes == [0; 16] { Err(ParseKeyError::ZeroKeyId) } else { Ok(Self(bytes)) }
    }

    /// Returns the bytes, as in `default_KID`.
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

#[cfg(test)]
mod tests {
    use super::*;

    const KID: &str = "a16e402b-9056-e371-f36d-348aa62bb749";

    #[test]
    fn all_text_forms_of_a_key_id_are_equal() {
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
    fn a_text_without_sixteen_bytes_is_refused() {
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
}
