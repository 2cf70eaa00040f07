//! Percent-encoding of paths: a path that does not decode to UTF-8 has no route.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use data_encoding::HEXUPPER_PERMISSIVE;
use vpp_http::Problem;

/// Responds to a path that does not decode to UTF-8 as to any other unknown path.
pub(crate) async fn require_utf8_path(request: Request, next: Next) -> Response {
    if decodes_to_utf8(request.uri().path()) {
        next.run(request).await
    } else {
        Problem::no_such_route().into_response()
    }
}

fn decodes_to_utf8(path: &str) -> bool {
    let mut bytes = Vec::with_capacity(path.len());
    let mut parts = path.split('%');
    bytes.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        let Some((digits, after)) = part.as_bytes().split_at_checked(2) else { return false };
        let Ok(byte) = HEXUPPER_PERMISSIVE.decode(digits) else { return false };
        bytes.extend(byte);
        bytes.extend_from_slice(after);
    }
    std::str::from_utf8(&bytes).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_does_not_decode_to_utf8_has_no_route() {
        for text in ["/", "/packaged_content/x", "/uploads/a%20b", "/%e6%97%a5", "/%00"] {
            assert!(decodes_to_utf8(text), "{text}");
        }
        for text in ["/%", "/%f", "/%zz", "/%ff", "/%e6%97"] {
            assert!(!decodes_to_utf8(text), "{text}");
        }
    }
}
