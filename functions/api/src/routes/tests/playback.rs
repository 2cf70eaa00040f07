//! Playback tokens.

use vpp_pipeline::api::signed_path::PathSigningSecret;

use super::*;

#[test]
fn a_playback_token_of_a_playable_package_has_a_lifetime() {
    block_on(async {
        let (platform, content) = ingested(MOVIE).await;
        let body = json!({"input_content_id": content, "key": KEY, "kid": KID});
        let id = post(&platform, &body).await.json()["packaged_content_id"].as_str().unwrap().to_owned();
        let path = format!("/packaged_content/{id}/playback_tokens");
        let issue = async |body: &str| send(&platform, Method::POST, &path, body.to_owned()).await;
        let early = issue("").await;
        assert_eq!((early.status, early.json()["code"].clone()), (StatusCode::CONFLICT, json!("package_not_ready")));
        for message in platform.fragment_queue.take() {
            platform.fragment_stage().handle(&message).await.unwrap();
        }
        let package = get(&platform, &format!("/packaged_content/{id}")).await.json();
        assert_eq!((&package["status"], &package["playable"]), (&json!("Fragmented"), &json!(true)));
        assert_eq!(package["playable_at"], package["fragmented_at"]);
        assert_eq!(issue("").await.status, StatusCode::CREATED, "it plays before it is Ready");
        assert!(platform.run().await.is_empty());

        let now = platform.clock.now();
        let lifetime = |response: &TestResponse| {
            let expires: Timestamp = response.json()["expires_at"].as_str().unwrap().parse().unwrap();
            assert_eq!(response.status, StatusCode::CREATED);
            expires.unix_seconds() - now.unix_seconds()
        };
        let plain = issue("").await;
        assert_eq!(lifetime(&plain), 3600, "the default");
        assert_eq!(plain.json()["license_url"], format!("https://cdn.example/license/{id}"));
        assert_eq!(plain.json()["urls"]["dash"], format!("https://cdn.example/{id}/stream.mpd"));
        assert_eq!(plain.headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(lifetime(&issue("{}").await), 3600);
        assert_eq!(lifetime(&issue(r#"{"seconds": 86400}"#).await), 86_400);
        for (wrong, field) in [
            (r#"{"seconds": 0}"#, json!("seconds")),
            (r#"{"seconds": 86401}"#, json!("seconds")),
            (r#"{"seconds": "60"}"#, json!("seconds")),
            (r#"{"minutes": 1}"#, json!("minutes")),
            ("[]", Value::Null),
            ("[60]", Value::Null),
            ("{", Value::Null),
        ] {
            let response = issue(wrong).await;
            assert_eq!(
                (response.status, response.json()["field"].clone()),
                (StatusCode::BAD_REQUEST, field),
                "{wrong}"
            );
        }
        for unknown in ["abcdefghijklmnopqrstuvwxyz", "no-id"] {
            let path = format!("/packaged_content/{unknown}/playback_tokens");
            let response = send(&platform, Method::POST, &path, "").await;
            assert_eq!(response.json()["code"], "package_not_found");
        }
        assert_eq!(get(&platform, &path).await.status, StatusCode::METHOD_NOT_ALLOWED);
    });
}

#[test]
fn a_clear_package_has_no_playback_token() {
    block_on(async {
        let (platform, content) = ingested(MOVIE).await;
        let package = post(&platform, &json!({"input_content_id": content, "scheme": "clear"})).await.json();
        assert!(platform.run().await.is_empty());
        let path = format!("/packaged_content/{}/playback_tokens", package["packaged_content_id"].as_str().unwrap());
        let response = send(&platform, Method::POST, &path, "").await;
        assert_eq!(
            (response.status, response.json()["code"].clone()),
            (StatusCode::CONFLICT, json!("package_not_encrypted"))
        );
    });
}

#[test]
fn a_private_package_has_signed_urls() {
    block_on(async {
        let secret = PathSigningSecret::new("a secret of 24 characters or more").unwrap();
        let (platform, content) = ingested(MOVIE).await;
        let platform = Platform { path_signing_secret: Some(secret.clone()), ..platform };
        for (body, has_keys) in [
            (json!({"input_content_id": content, "key": KEY, "kid": KID}), true),
            (json!({"input_content_id": content, "scheme": "clear"}), false),
        ] {
            let package = post(&platform, &body).await.json();
            let id = package["packaged_content_id"].as_str().unwrap();
            let path = format!("/packaged_content/{id}/playback_tokens");
            let early = send(&platform, Method::POST, &path, "").await;
            assert_eq!(early.json()["code"], "package_not_ready");
            assert!(platform.run().await.is_empty());

            let response = send(&platform, Method::POST, &path, r#"{"seconds": 60}"#).await;
            assert_eq!(response.status, StatusCode::CREATED);
            let token = response.json();
            let until: Timestamp = token["expires_at"].as_str().unwrap().parse().unwrap();
            let start = format!("https://cdn.example/{}/{id}", secret.sign(&id.parse().unwrap(), until));
            let urls = json!({"dash": format!("{start}/stream.mpd"), "hls": format!("{start}/stream.m3u8")});
            assert_eq!(token["urls"], urls);
            assert_eq!([token["token"].is_string(), token["license_url"].is_string()], [has_keys; 2]);

            let package = get(&platform, &format!("/packaged_content/{id}")).await;
            assert_eq!(package.json()["private"], true);
            assert_eq!(
                package.json()["url"],
                format!("https://cdn.example/{id}/stream.mpd"),
                "only the playback token has signed URLs"
            );
        }
    });
}
