//! The page over a folder.

use axum::body::Body;
use axum::http::Request;
use futures_executor::block_on;
use tower::ServiceExt;

use super::*;

/// The page as it is in the repository.
fn page() -> Console {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/console");
    Console::new(folder, &["https://cdn.example".to_owned()])
}

async fn ask(path: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, Bytes) {
    let mut request = Request::builder().uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = router(page()).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = answer.into_parts();
    (parts.status, parts.headers, axum::body::to_bytes(body, usize::MAX).await.unwrap())
}

#[test]
fn the_page_may_run_its_own_scripts_only_and_talk_to_the_platform_only() {
    block_on(async {
        let (status, headers, body) = ask("/", &[]).await;
        assert_eq!(
            (status, headers[header::CONTENT_TYPE].to_str().unwrap()),
            (StatusCode::OK, "text/html; charset=utf-8")
        );
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("script-src 'self';") && policy.contains("connect-src 'self' https://cdn.example;"));
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
        let text = String::from_utf8(body.to_vec()).unwrap();
        let inline = [" style=", " onclick=", "<style", "<script>"];
        assert!(inline.iter().all(|own| !text.contains(own)), "nothing inline that the policy would stop");
    });
}

#[test]
fn what_a_browser_has_already_is_not_sent_again() {
    block_on(async {
        let (_, headers, _) = ask("/assets/main.js", &[]).await;
        let version = headers[header::ETAG].to_str().unwrap();
        let (status, _, body) = ask("/assets/main.js", &[("if-none-match", &format!("\"other\", {version}"))]).await;
        assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0));
        let (status, ..) = ask("/assets/main.js", &[("if-none-match", "\"other\"")]).await;
        assert_eq!(status, StatusCode::OK);
    });
}

#[test]
fn no_address_leads_out_of_the_folder() {
    block_on(async {
        for path in
            ["/assets/../index.html", "/assets/%2e%2e/index.html", "/assets//etc/passwd", "/assets/", "/assets/main"]
        {
            assert_eq!(ask(path, &[]).await.0, StatusCode::NOT_FOUND, "{path}");
        }
    });
}
