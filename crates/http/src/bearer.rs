//! Bearer tokens (RFC 6750).

use axum::http::{HeaderMap, header};

/// Returns the token of the header `Authorization: Bearer TOKEN` (RFC 6750 2.1). The scheme is case-insensitive (RFC 9110
/// 11.1).
#[must_use]
pub fn token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_case_of_the_scheme_does_not_matter() {
        let of = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, axum::http::HeaderValue::from_static(value));
            token(&headers).map(str::to_owned)
        };
        assert_eq!(of("bearer a.b "), Some("a.b".to_owned()));
        assert_eq!(of("Bearer a"), Some("a".to_owned()));
        assert_eq!((of("Bearer"), of("Basic a")), (None, None));
        assert_eq!(token(&HeaderMap::new()), None);
    }
}
