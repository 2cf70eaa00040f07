//! The licence of `ClearKey` (W3C Encrypted Media Extensions 9.1): JSON in, a set of JSON Web Keys out.

use axum::http::StatusCode;
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use vpp_http::Problem;
use vpp_media::cenc::{ContentKey, KeyId};
use zeroize::Zeroizing;

/// The only type of session there is: a licence ends with the page that asked for it.
const TEMPORARY: &str = "temporary";
/// Ids in a request: a package has two keys at most.
const MAX_KIDS: usize = 16;
/// Bytes of a key with its names, in JSON.
const JWK: usize = 96;

/// Players may send more than the standard's two fields.
#[derive(Deserialize)]
struct Request {
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

/// The ids that a licence is asked for. Each is read in any form that a key id is written in.
pub(crate) fn kids(body: &[u8]) -> Result<Vec<KeyId>, Problem> {
    let request: Request = serde_json::from_slice(body).map_err(|_| {
        let detail = r#"expected {"kids": ["<key id, base64url>"], "type": "temporary"}"#;
        Problem::new(StatusCode::BAD_REQUEST, "invalid_json", detail)
    })?;
    if request.session.is_some_and(|session| session != TEMPORARY) {
        return Err(Problem::field("invalid_field", "type", "there are temporary sessions only"));
    }
    if !(1..=MAX_KIDS).contains(&request.kids.len()) {
        return Err(Problem::field("invalid_field", "kids", format!("expected 1 to {MAX_KIDS} key ids")));
    }
    request.kids.iter().map(|kid| key_id("kids", kid)).collect()
}

/// One key id.
pub(crate) fn key_id(field: &'static str, text: &str) -> Result<KeyId, Problem> {
    text.parse().map_err(|_| Problem::field("invalid_field", field, "expected key ids of 16 bytes, in base64url"))
}

/// The licence. It is wiped from memory when it has been sent.
pub(crate) fn licence(keys: &[(KeyId, ContentKey)]) -> Zeroizing<Vec<u8>> {
    let texts: Vec<_> = keys.iter().map(|(_, key)| Zeroizing::new(BASE64URL_NOPAD.encode(key.expose()))).collect();
    let keys = keys.iter().zip(&texts);
    let keys = keys.map(|((kid, _), k)| Jwk { kty: "oct", kid: BASE64URL_NOPAD.encode(kid.as_bytes()), k });
    let set = JwkSet { keys: keys.collect(), session: TEMPORARY };
    // With room for all of it: a vector that grows leaves copies behind.
    let mut json = Zeroizing::new(Vec::with_capacity(JWK * (texts.len() + 1)));
    // Memory takes every write, and every field has a JSON form.
    let _ = serde_json::to_writer(&mut *json, &set);
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_is_the_standards_example_and_leaves_no_copy_behind() {
        let key = ("oW5AK5BW43HzbTSKpiu3SQ".parse().unwrap(), "hyN9IKGfWKdAwFaE5pm0qg".parse().unwrap());
        let made = licence(&[key]);
        let expected = concat!(
            r#"{"keys":[{"kty":"oct","kid":"oW5AK5BW43HzbTSKpiu3SQ","k":"hyN9IKGfWKdAwFaE5pm0qg"}],"#,
            r#""type":"temporary"}"#
        );
        assert_eq!(std::str::from_utf8(&made).unwrap(), expected);
        assert_eq!(made.capacity(), 2 * JWK, "it never grew");
    }

    #[test]
    fn what_is_no_request_is_a_problem() {
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
