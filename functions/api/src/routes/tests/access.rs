//! Authorization: required roles, and the responses to unauthorized requests.

use super::*;

async fn request(platform: &Platform, method: &str, path: &str, authorization: Option<&str>) -> TestResponse {
    let request = Request::builder().method(method).uri(path);
    let request = authorization.iter().fold(request, |request, value| request.header(header::AUTHORIZATION, *value));
    respond(platform, request.body(Body::empty()).unwrap()).await
}

#[test]
fn without_a_valid_credential_no_route_is_reached() {
    block_on(async {
        let platform = Platform::default();
        let calls = platform.faults.calls();
        for (method, path) in [
            ("GET", "/input_content"),
            ("GET", "/packaged_content/abcdefghijklmnopqrstuvwxyz"),
            ("POST", "/packaged_content"),
            ("POST", "/packaged_content/abcdefghijklmnopqrstuvwxyz/playback_tokens"),
            ("DELETE", "/input_content/abcdefghijklmnopqrstuvwxyz"),
            ("GET", "/nowhere"),
            ("POST", "/health"),
        ] {
            let wrong = format!("Bearer {OPERATOR}x");
            let basic = format!("Basic {OPERATOR}");
            for (credential, error) in
                [(None, false), (Some("Bearer"), false), (Some(basic.as_str()), false), (Some(wrong.as_str()), true)]
            {
                let refused = request(&platform, method, path, credential).await;
                assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (401, &json!("credential_missing")));
                let challenge = refused.headers[header::WWW_AUTHENTICATE].to_str().unwrap();
                assert!(challenge.starts_with("Bearer realm="), "{challenge}");
                assert_eq!(challenge.contains("invalid_token"), error, "{challenge}");
            }
        }
        assert_eq!(platform.faults.calls(), calls, "no port was called");
    });
}

#[test]
fn a_reader_can_read_and_cannot_change() {
    block_on(async {
        let platform = Platform::default();
        let reader = format!("bearer {READER}");
        let credential = Some(reader.as_str());
        assert_eq!(request(&platform, "GET", "/input_content", credential).await.status, StatusCode::OK);
        let unknown = request(&platform, "GET", "/packaged_content/abcdefghijklmnopqrstuvwxyz", credential).await;
        assert_eq!(unknown.status, StatusCode::NOT_FOUND);
        let play = "/packaged_content/abcdefghijklmnopqrstuvwxyz/playback_tokens";
        assert_eq!(request(&platform, "POST", play, credential).await.status, StatusCode::NOT_FOUND);
        for (method, path) in
            [("POST", "/packaged_content"), ("DELETE", "/packaged_content/abcdefghijklmnopqrstuvwxyz")]
        {
            let refused = request(&platform, method, path, credential).await;
            assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (403, &json!("role_insufficient")));
            assert!(refused.headers[header::WWW_AUTHENTICATE].to_str().unwrap().contains("insufficient_scope"));
        }
    });
}

#[test]
fn public_routes_require_no_credential() {
    block_on(async {
        let platform = Platform::default();
        let health = request(&platform, "GET", "/health", None).await;
        assert_eq!((health.status, health.json()), (StatusCode::OK, json!({"status": "ok"})));
    });
}
