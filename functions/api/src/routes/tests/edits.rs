//! Edits of packages over HTTP.

use super::*;

async fn ready() -> (Platform, String) {
    let (platform, content) = ingested(MOVIE).await;
    let package = post(&platform, &json!({"input_content_id": content, "key": KEY, "kid": KID})).await.json();
    assert!(platform.run().await.is_empty());
    (platform, format!("/packaged_content/{}", package["packaged_content_id"].as_str().unwrap()))
}

async fn edit(platform: &Platform, path: &str, if_match: Option<&str>, body: &Value) -> TestResponse {
    let request = Request::builder().method(Method::PATCH).uri(path);
    let request = request.header(header::AUTHORIZATION, format!("Bearer {OPERATOR}"));
    let request = if_match.into_iter().fold(request, |request, tag| request.header(header::IF_MATCH, tag));
    respond(platform, request.body(Body::from(body.to_string())).unwrap()).await
}

fn etag(response: &TestResponse) -> String {
    response.headers[header::ETAG].to_str().unwrap().to_owned()
}

fn labels(response: &TestResponse) -> Vec<Value> {
    response.json()["tracks"].as_array().unwrap().iter().map(|track| track["label"].clone()).collect()
}

#[test]
fn an_edit_makes_a_revision_and_an_older_one_is_brought_back() {
    block_on(async {
        let (platform, path) = ready().await;
        let planned = get(&platform, &format!("{path}/revisions/0")).await;
        let upload = platform.upload("english.vtt", b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n");
        platform.ingest(&upload).await.unwrap();
        let edited = edit(&platform, &path, None, &json!({
            "tracks": [{"id": "a1", "language": "fr", "label": "Français", "roles": ["dub"]}],
            "subtitles": [{"input_content_id": upload.content_id().to_string(), "language": "en", "kind": "captions"}],
            "chapters": {"language": "en", "list": [{"start_seconds": 0, "title": "A"}, {"start_seconds": 7.5, "title": "B"}]},
        }))
        .await;
        assert_eq!(edited.status, StatusCode::ACCEPTED, "{}", edited.text);
        let body = edited.json();
        assert_eq!((&body["revision"], &body["published"], &body["licence"]), (&json!(1), &json!(false), &json!(true)));
        assert_eq!(body["chapters"]["list"][1], json!({"start_seconds": 7.5, "title": "B"}));
        assert_eq!(body["subtitles"][0]["id"], "t1");
        assert_eq!(labels(&edited)[1..], [json!("Français"), json!("English")]);
        assert!(platform.run().await.is_empty());
        let package = get(&platform, &path).await.json();
        assert_eq!(package["revision"], json!({"latest": 1, "published": 1}));

        let restored = send(&platform, Method::POST, &format!("{path}/revisions/0/restore"), "").await;
        assert_eq!((restored.status, restored.json()["restored"].clone()), (StatusCode::ACCEPTED, json!(0)));
        assert_eq!(labels(&restored), labels(&planned));
        let list = get(&platform, &format!("{path}/revisions?limit=1")).await;
        assert_eq!((list.json()["revisions"][0]["revision"].clone(), etag(&list)), (json!(2), etag(&restored)));
        let older = get(&platform, &format!("{path}/revisions?before=2")).await.json();
        assert_eq!(older["revisions"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn an_edit_with_the_tag_of_an_older_revision_is_refused() {
    block_on(async {
        let (platform, path) = ready().await;
        let first = etag(&get(&platform, &format!("{path}/revisions")).await);
        let label = |label: &str| json!({"tracks": [{"id": "a1", "label": label}]});
        let edited = edit(&platform, &path, Some(&first), &label("One")).await;
        assert_eq!(edited.status, StatusCode::ACCEPTED);
        for tag in [first.as_str(), "\"another\"", "W/\"1-1\""] {
            let refused = edit(&platform, &path, Some(tag), &label("Two")).await;
            let expected = (StatusCode::PRECONDITION_FAILED, json!("revision_changed"));
            assert_eq!((refused.status, refused.json()["code"].clone()), expected, "{tag}");
        }
        for tag in [etag(&edited).as_str(), "*"] {
            assert_eq!(
                edit(&platform, &path, Some(tag), &label(tag.trim_matches('"'))).await.status,
                StatusCode::ACCEPTED
            );
        }
    });
}

#[test]
fn a_wrong_edit_names_its_field_and_changes_nothing() {
    block_on(async {
        let (platform, path) = ready().await;
        for (body, code, field) in [
            (json!({"track": []}), "unknown_field", json!("track")),
            (json!({"tracks": [{"label": "x"}]}), "missing_field", json!("tracks.id")),
            (json!({"tracks": [{"id": "x1", "label": "x"}]}), "invalid_field", json!("tracks.id")),
            (json!({"tracks": [{"id": "a1", "language": "?"}]}), "invalid_field", json!("tracks.language")),
            (json!({"tracks": [{"id": "a1", "label": "\u{202e}"}]}), "invalid_field", json!("tracks.label")),
            (json!({"tracks": [{"id": "a1", "roles": ["star"]}]}), "invalid_field", json!("tracks.roles")),
            (
                json!({"chapters": {"list": [{"start_seconds": 1, "title": "a"}, {"start_seconds": 1, "title": "b"}]}}),
                "invalid_field",
                json!("chapters.list.start_seconds"),
            ),
            (json!({"tracks": [{"id": "a9", "label": "x"}]}), "invalid_edit", Value::Null),
            (json!({"remove_subtitles": ["v1"]}), "invalid_edit", Value::Null),
        ] {
            let refused = edit(&platform, &path, None, &body).await;
            let problem = refused.json();
            let found = (refused.status, problem["code"].as_str(), &problem["field"]);
            assert_eq!(found, (StatusCode::BAD_REQUEST, Some(code), &field), "{body}");
        }
        assert_eq!(get(&platform, &path).await.json()["revision"]["latest"], 0);
        assert_eq!(get(&platform, &format!("{path}/revisions/1")).await.json()["code"], "revision_not_found");
    });
}
