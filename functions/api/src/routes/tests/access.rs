//! Who is let in, and what is said to those who are not.

use super::*;

async fn asked(platform: &Platform, method: &str, path: &str, authorization: Option<&str>) -> Answer {
    let request = Request::builder().method(method).uri(path);
    let request = authorization.iter().fold(request, |request, own| request.header(header::AUTHORIZATION, *own));
    answer(platform, request.body(Body::empty()).unwrap()).await
}

#[test]
fn without_a_credential_or_with_a_wrong_one_nobody_gets_past_the_gate() {
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
            for (shown, error) in
                [(None, false), (Some("Bearer"), false), (Some(basic.as_str()), false), (Some(wrong.as_str()), true)]
            {
                let refused = asked(&platform, method, path, shown).await;
                assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (401, &json!("credential_missing")));
                let challenge = refused.headers[header::WWW_AUTHENTICATE].to_str().unwrap();
                assert!(challenge.starts_with("Bearer realm="), "{challenge}");
                assert_eq!(challenge.contains("invalid_token"), error, "{challenge}");
            }
        }
        assert_eq!(platform.faults.calls(), calls, "no port was called for them");
    });
}

#[test]
fn a_reader_sees_and_changes_nothing() {
    block_on(async {
        let platform = Platform::default();
        let reader = format!("bearer {READER}");
        let shown = Some(reader.as_str());
        assert_eq!(asked(&platform, "GET", "/input_content", shown).await.status, StatusCode::OK);
        let unknown = asked(&platform, "GET", "/packaged_content/abcdefghijklmnopqrstuvwxyz", shown).await;
        assert_eq!(unknown.status, StatusCode::NOT_FOUND);
        let play = "/packaged_content/abcdefghijklmnopqrstuvwxyz/playback_tokens";
        assert_eq!(asked(&platform, "POST", play, shown).await.status, StatusCode::NOT_FOUND);
        for (method, path) in
            [("POST", "/packaged_content"), ("DELETE", "/packaged_content/abcdefghijklmnopqrstuvwxyz")]
        {
            let refused = asked(&platform, method, path, shown).await;
            assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (403, &json!("role_insufficient")));
            assert!(refused.headers[header::WWW_AUTHENTICATE].to_str().unwrap().contains("insufficient_scope"));
        }
    });
}

#[test]
fn what_everyone_may_see_needs_no_credential() {
    block_on(async {
        let platform = Platform::default();
        let health = asked(&platform, "GET", "/health", None).await;
        assert_eq!((health.status, health.json()), (StatusCode::OK, json!({"status": "ok"})));
    });
}
