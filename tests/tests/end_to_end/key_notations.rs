//! The notations in which users write keys and key ids.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, HEXLOWER};

/// Returns every notation of sixteen bytes, which are given in hex.
pub(crate) fn key_notations(hex: &str) -> Vec<String> {
    let bytes = HEXLOWER.decode(hex.as_bytes()).unwrap();
    let dashed = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
    vec![
        hex.to_owned(),
        hex.to_uppercase(),
        dashed.to_uppercase(),
        dashed,
        BASE64.encode(&bytes),
        BASE64_NOPAD.encode(&bytes),
        BASE64URL.encode(&bytes),
        BASE64URL_NOPAD.encode(&bytes),
    ]
}
