//! Leave to play.

use vpp_pipeline::api::signed_path::PathSigningSecret;

use super::*;

#[test]
fn a_package_that_is_ready_is_played_with_a_token_for_a_while() {
    block_on(async {
        let (platform, content) = ingested(MOVIE).await;
        let body = json!({"input_content_id": content, "key": KEY, "kid": KID});
        let id = post(&platform, &body).await.json()["packaged_content_id"].as_str().unwrap().to_owned();
        let path = format!("/packaged_content/{id}/playback_tokens");
        let ask = async |body: &str| send(&platform, Method::POST, &path, body.to_owned()).await;
        let early = ask("").await;
        assert_eq!((early.status, early.json()["code"].clone()), (StatusCode::CONFLICT, json!("package_not_ready")));
        assert!(platform.run().await.is_empty());

        let now = platform.clock.now();
        let lifetime = |answer: &Answer| {
            let expires: Timestamp = answer.json()["expires_at"].as_str().unwrap().parse().unwrap();
            assert_eq!(answer.status, StatusCode::CREATED);
            expires.unix_seconds() - now.unix_seconds()
        };
        let plain = ask("").await;
        assert_eq!(lifetime(&plain), 3600, "the platform's own");
        assert_eq!(plain.json()["license_url"], format!("https://api.example/license/{id}"));
        assert_eq!(plain.json()["urls"]["dash"], format!("https://cdn.example/{id}/stream.mpd"));
        assert_eq!(plain.headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(lifetime(&ask("{}").await), 3600);
        assert_eq!(lifetime(&ask(r#"{"seconds": 86400}"#).await), 86_400);
        for (wrong, field) in [
            (r#"{"seconds": 0}"#, json!("seconds")),
            (r#"{"seconds": 86401}"#, json!("seconds")),
            (r#"{"seconds": "60"}"#, json!("seconds")),
            (r#"{"minutes": 1}"#, json!("minutes")),
            ("[]", Value::Null),
            ("{", Value::Null),
        ] {
            let answer = ask(wrong).await;
            assert_eq!((answer.status, answer.json()["field"].clone()), (StatusCode::BAD_REQUEST, field), "{wrong}");
        }
        for unknown in ["abcdefghijklmnopqrstuvwxyz", "no-id"] {
            let path = format!("/packaged_content/{unknown}/playback_tokens");
            let answer = send(&platform, Method::POST, &path, "").await;
            assert_eq!(answer.json()["code"], "package_not_found");
        }
        assert_eq!(get(&platform, &path).await.status, StatusCode::METHOD_NOT_ALLOWED);
    });
}

#[test]
fn a_clear_package_needs_no_token() {
    block_on(async {
        let (platform, content) = ingested(MOVIE).await;
        let asked = post(&platform, &json!({"input_content_id": content, "scheme": "clear"})).await.json();
        assert!(platform.run().await.is_empty());
        let path = format!("/packaged_content/{}/playback_tokens", asked["packaged_content_id"].as_str().unwrap());
        let answer = send(&platform, Method::POST, &path, "").await;
        assert_eq!(
            (answer.status, answer.json()["code"].clone()),
            (StatusCode::CONFLICT, json!("package_not_encrypted"))
        );
    });
}

#[test]
fn a_private_stream_is_fetched_at_addresses_with_leave() {
    block_on(async {
        let secret = PathSigningSecret::new("a secret of 24 characters or more").unwrap();
        let (platform, content) = ingested(MOVIE).await;
        let platform = Platform { path_signing_secret: Some(secret.clone()), ..platform };
        for (body, has_keys) in [
            (json!({"input_content_id": content, "key": KEY, "kid": KID}), true),
            (json!({"input_content_id": content, "scheme": "clear"}), false),
        ] {
            let asked = post(&platform, &body).await.json();
            let id = asked["packaged_content_id"].as_str().unwrap();
            let path = format!("/packaged_content/{id}/playback_tokens");
            let early = send(&platform, Method::POST, &path, "").await;
            assert_eq!(early.json()["code"], "package_not_ready");
            assert!(platform.run().await.is_empty());

            let answer = send(&platform, Method::POST, &path, r#"{"seconds": 60}"#).await;
            assert_eq!(answer.status, StatusCode::CREATED);
            let given = answer.json();
            let until: Timestamp = given["expires_at"].as_str().unwrap().parse().unwrap();
            let start = format!("https://cdn.example/{}/{id}", secret.sign(&id.parse().unwrap(), until));
            let urls = json!({"dash": format!("{start}/stream.mpd"), "hls": format!("{start}/stream.m3u8")});
            assert_eq!(given["urls"], urls);
            assert_eq!([given["token"].is_string(), given["license_url"].is_string()], [has_keys; 2]);

            let shown = get(&platform, &format!("/packaged_content/{id}")).await;
            assert_eq!(shown.json()["private"], true);
            assert_eq!(
                shown.json()["url"],
                format!("https://cdn.example/{id}/stream.mpd"),
                "no answer but this has leave"
            );
        }
    });
}
