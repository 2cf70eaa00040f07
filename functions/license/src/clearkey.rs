//! `ClearKey` licence requests and licences (W3C Encrypted Media Extensions 9.1): a JSON request, and a JWK set in response.

use axum::http::StatusCode;
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use vpp_http::{Object, Problem};
use vpp_media::cenc::{ContentKey, KeyId};
use zeroize::Zeroizing;

/// The only supported session type: the licence ends with the page that requested it.
const TEMPORARY: &str = "temporary";
/// Maximum number of key ids in a request; a package has one or two keys.
const MAX_KIDS: usize = 16;
/// Maximum size of a JSON Web Key in bytes.
const JWK_BYTES: usize = 96;

/// A licence request. Players may send more than the two fields of the standard.
#[derive(Deserialize)]
struct LicenceRequest {
    kids: Vec<String>,
    #[serde(rename = "type", default)]
    session: Option<String>,
}

#[derive(Serialize)]
struct JwkSet<'k> {
    keys: Vec<Jwk<'k>>,
    #[serde(rename = "type")]
    session: &'static str,
}

#[derive(Serialize)]
struct Jwk<'k> {
    kty: &'static str,
    kid: String,
    k: &'k str,
}

/// Parses the key ids of a licence request, each in any form that a key id may have.
pub(crate) fn kids(body: &[u8]) -> Result<Vec<KeyId>, Problem> {
    let Object(request): Object<LicenceRequest> = serde_json::from_slice(body).map_err(|_| {
        let detail = r#"expected {"kids": ["<key id, base64url>"], "type": "temporary"}"#;
        Problem::new(StatusCode::BAD_REQUEST, "invalid_json", detail)
    })?;
    if request.session.is_some_and(|session| session != TEMPORARY) {
        return Err(Problem::field(
            "invalid_field",
            "type",
            "expected temporary: other session types are not supported",
        ));
    }
    if !(1..=MAX_KIDS).contains(&request.kids.len()) {
        return Err(Problem::field("invalid_field", "kids", format!("expected 1 to {MAX_KIDS} key ids")));
    }
    request.kids.iter().map(|kid| key_id("kids", kid)).collect()
}

/// Parses a key id.
pub(crate) fn key_id(field: &'static str, text: &str) -> Result<KeyId, Problem> {
    text.parse().map_err(|_| Problem::field("invalid_field", field, "expected a key id of 16 bytes in base64url"))
}

/// Writes the licence. It is wiped from memory after it is sent.
pub(crate) fn licence(keys: &[(KeyId, ContentKey)]) -> Zeroizing<Vec<u8>> {
    let texts: Vec<_> = keys.iter().map(|(_, key)| Zeroizing::new(BASE64URL_NOPAD.encode(key.expose()))).collect();
    let keys = keys.iter().zip(&texts);
    let keys = keys.map(|((kid, _), k)| Jwk { kty: "oct", kid: BASE64URL_NOPAD.encode(kid.as_bytes()), k });
    let set = JwkSet { keys: keys.collect(), session: TEMPORARY };
    // The capacity is sufficient: a vector that grows leaves copies of the keys in memory.
    let mut json = Zeroizing::new(Vec::with_capacity(JWK_BYTES * (texts.len() + 1)));
    // Neither a write to memory nor the serialisation of these fields can fail.
    let _ = serde_json::to_writer(&mut *json, &set);
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_matches_the_example_of_the_standard_and_leaves_no_copies() {
        let key = ("oW5AK5BW43HzbTSKpiu3SQ".parse().unwrap(), "hyN9IKGfWKdAwFaE5pm0qg".parse().unwrap());
        let json = licence(&[key]);
        let expected = concat!(
            r#"{"keys":[{"kty":"oct","kid":"oW5AK5BW43HzbTSKpiu3SQ","k":"hyN9IKGfWKdAwFaE5pm0qg"}],"#,
            r#""type":"temporary"}"#
        );
        assert_eq!(std::str::from_utf8(&json).unwrap(), expected);
        assert_eq!(json.capacity(), 2 * JWK_BYTES, "the vector never grew");
    }

    #[test]
    fn an_invalid_request_is_a_problem() {
        assert!(kids(br#"{"kids":["oW5AK5BW43HzbTSKpiu3SQ"],"type":"temporary"}"#).is_ok());
        assert!(kids(br#"{"kids":["oW5AK5BW43HzbTSKpiu3SQ"]}"#).is_ok());
        for wrong in [
            &br#"{"kids":[],"type":"temporary"}"#[..],
            br#"{"kids":["oW5AK5BW43HzbTSKpiu3SQ"],"type":"persistent-license"}"#,
            br#"{"kids":["oW5A"],"type":"temporary"}"#,
            br#"["oW5AK5BW43HzbTSKpiu3SQ"]"#,
            b"",
        ] {
            assert!(kids(wrong).is_err());
        }
    }
}
