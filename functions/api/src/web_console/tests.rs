//! The web console over a folder.

use axum::body::Body;
use axum::http::Request;
use futures_executor::block_on;
use tower::ServiceExt;

use super::*;

/// Returns the web console of the repository.
fn console() -> WebConsole {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/console");
    WebConsole::new(folder, &["https://cdn.example".to_owned()])
}

async fn get_file(path: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, Bytes) {
    let mut request = Request::builder().uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router(console()).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    (parts.status, parts.headers, axum::body::to_bytes(body, usize::MAX).await.unwrap())
}

#[test]
fn the_console_runs_its_own_scripts_and_connects_to_the_platform_only() {
    block_on(async {
        let (status, headers, body) = get_file("/", &[]).await;
        assert_eq!(
            (status, headers[header::CONTENT_TYPE].to_str().unwrap()),
            (StatusCode::OK, "text/html; charset=utf-8")
        );
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(
            policy.contains("script-src 'self' 'wasm-unsafe-eval';")
                && policy.contains("connect-src 'self' https://cdn.example;")
        );
        let unsafe_sources = ["'unsafe-inline'", "'unsafe-eval'", "*", "data:"];
        assert!(unsafe_sources.iter().all(|source| !policy.contains(source)), "{policy}");
        let text = String::from_utf8(body.to_vec()).unwrap();
        let inline = [" style=", " onclick=", "<style", "<script>"];
        assert!(inline.iter().all(|markup| !text.contains(markup)), "the policy forbids inline scripts and styles");
    });
}

#[test]
fn a_file_that_the_browser_has_cached_is_not_sent_again() {
    block_on(async {
        let (_, headers, _) = get_file("/assets/main.js", &[]).await;
        let etag = headers[header::ETAG].to_str().unwrap();
        let (status, _, body) = get_file("/assets/main.js", &[("if-none-match", &format!("\"other\", {etag}"))]).await;
        assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0));
        let (status, ..) = get_file("/assets/main.js", &[("if-none-match", "\"other\"")]).await;
        assert_eq!(status, StatusCode::OK);
    });
}

#[test]
fn no_path_leads_out_of_the_folder() {
    block_on(async {
        for path in
            ["/assets/../index.html", "/assets/%2e%2e/index.html", "/assets//etc/passwd", "/assets/", "/assets/main"]
        {
            assert_eq!(get_file(path, &[]).await.0, StatusCode::NOT_FOUND, "{path}");
        }
    });
}
