//! Text forms of the 128-bit values of common encryption: hexadecimal, UUID, base64 and base64url.

use std::fmt;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};
use zeroize::Zeroizing;

/// A reason why a text is not a key, key id or initialisation vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseKeyError {
    /// Neither hexadecimal, nor a UUID, nor base64 of sixteen bytes.
    #[error("expected 16 bytes as 32 hexadecimal digits, a dashed UUID, base64 or base64url")]
    Form,
    /// A key id of zeros, which means "no key" (ISO/IEC 23001-7 8.2).
    #[error("the key id must not be zero")]
    ZeroKeyId,
}

/// Decodes 16 bytes from hexadecimal, a UUID, base64 or base64url.
pub(super) fn parse_128(text: &str) -> Result<Zeroizing<[u8; 16]>, ParseKeyError> {
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

/// Returns the digits of a UUID; `None` when its dashes are in other places.
fn undash(text: &str) -> Option<String> {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    (lengths == [8, 4, 4, 4, 12]).then(|| groups.concat())
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
