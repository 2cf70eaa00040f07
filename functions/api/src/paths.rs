//! Paths that no route can read.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use data_encoding::HEXUPPER_PERMISSIVE;
use vpp_http::Problem;

/// Answers a path that is not text when it is decoded as any other that leads nowhere.
pub(crate) async fn readable(request: Request, next: Next) -> Response {
    if is_text(request.uri().path()) { next.run(request).await } else { Problem::no_such_route().into_response() }
}

fn is_text(path: &str) -> bool {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.split('%');
    bytes.extend_from_slice(rest.next().unwrap_or_default().as_bytes());
    for part in rest {
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
    fn a_path_is_text_when_it_is_decoded_or_leads_nowhere() {
        for text in ["/", "/packaged_content/x", "/uploads/a%20b", "/%e6%97%a5", "/%00"] {
            assert!(is_text(text), "{text}");
        }
        for text in ["/%", "/%f", "/%zz", "/%ff", "/%e6%97"] {
            assert!(!is_text(text), "{text}");
        }
    }
}
