//! The routes, with in-memory ports.

mod access;
mod audit;
mod documents;
mod edits;
mod lists;
mod options;
mod playback;
mod unreadable;
mod uploads;

use axum::body::Body;
use axum::http::{Method, Request};
use futures_executor::block_on;
use serde_json::{Value, json};
use tower::ServiceExt;
use vpp_pipeline::api::authorizer::Authorizer;
use vpp_pipeline::domain::access_token::{AccessTokens, Role};
use vpp_pipeline::domain::timestamp::Timestamp;
use vpp_pipeline::stages::ingest::Ingested;
use vpp_pipeline::testing::{MemoryTokenStore, Platform};

use super::*;

/// 30 seconds of H.264 and AAC; see tests/media/README.md.
const MOVIE: &[u8] = include_bytes!("../../../../tests/media/sample.mp4");
const KEY: &str = "87237d20a19f58a740c05684e699b4aa";
const KEY_BASE64: &str = "hyN9IKGfWKdAwFaE5pm0qg";
const KID: &str = "a16e402b-9056-e371-f36d-348aa62bb749";
const AUDIO_KEY: &str = "00112233445566778899aabbccddeeff";
const AUDIO_KID: &str = "0123456789abcdef0123456789abcdef";
const WIDEVINE: &str = "AAAAJHBzc2gAAAAA7e+LqXnWSs6jyCfc1R0h7QAAAARkYXRh";

struct TestResponse {
    status: StatusCode,
    content_type: String,
    headers: axum::http::HeaderMap,
    text: String,
}

impl TestResponse {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

const OPERATOR: &str = "a token of operators, long enough";
const READER: &str = "a token of readers, long enough";

async fn send(platform: &Platform, method: Method, path: &str, body: impl Into<Body>) -> TestResponse {
    let bearer = format!("Bearer {OPERATOR}");
    let request = Request::builder().method(method).uri(path).header(header::AUTHORIZATION, bearer);
    respond(platform, request.body(body.into()).unwrap()).await
}

async fn respond(platform: &Platform, request: Request<Body>) -> TestResponse {
    let store = MemoryTokenStore::default();
    store.set(AccessTokens::default().and(Role::Operator, OPERATOR).and(Role::Reader, READER));
    let authentication = Authentication::Tokens(Authorizer::new(store, platform.clock.clone()));
    let (api, tokens, uploads) = (platform.api(), platform.tokens(), platform.uploads());
    let editing = Arc::new(platform.editing());
    let router = router(Arc::new(api), editing, Arc::new(tokens), Arc::new(uploads), Arc::new(authentication));
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    TestResponse {
        status: parts.status,
        content_type: content_type.unwrap_or_default().to_owned(),
        headers: parts.headers,
        text: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

async fn get(platform: &Platform, path: &str) -> TestResponse {
    send(platform, Method::GET, path, Body::empty()).await
}

async fn post(platform: &Platform, body: &Value) -> TestResponse {
    send(platform, Method::POST, "/packaged_content", body.to_string()).await
}

async fn ingested(bytes: &[u8]) -> (Platform, String) {
    let platform = Platform { package_on_upload: None, ..Platform::default() };
    let upload = platform.upload("movie.mp4", bytes);
    let Ok(Ingested::Content(content)) = platform.ingest(&upload).await else { panic!("ingested") };
    (platform, content.id.to_string())
}

#[test]
fn a_package_reports_the_tracks_of_which_nothing_is_encrypted() {
    block_on(async {
        let (platform, content) = ingested(MOVIE).await;
        let package = post(&platform, &json!({"input_content_id": content, "key": KEY, "kid": KID})).await.json();
        assert!(platform.run().await.is_empty());
        let id = package["packaged_content_id"].as_str().unwrap();
        let path = format!("/packaged_content/{id}");
        assert_eq!(get(&platform, &path).await.json().get("warnings"), None, "the movie has encrypted tracks only");
        let silent = vec!["a1".parse().unwrap(), "a2".parse().unwrap()];
        platform.catalog.tamper(&id.parse().unwrap(), |package| package.nothing_encrypted = silent);
        let warnings = get(&platform, &path).await.json()["warnings"].clone();
        let code_and_track = |warning: &Value| (warning["code"].clone(), warning["representation"].clone());
        let found: Vec<_> = warnings.as_array().unwrap().iter().map(code_and_track).collect();
        let expected = ["a1", "a2"].map(|track| (json!("nothing_to_encrypt"), json!(track)));
        assert_eq!(found, expected);
    });
}

#[test]
fn each_layout_is_a_separate_package() {
    block_on(async {
        let (platform, content) = ingested(MOVIE).await;
        let request = async |layout: Value| {
            let body = json!({"input_content_id": content, "key": KEY, "kid": KID, "layout": layout});
            post(&platform, &body).await
        };
        let plain = post(&platform, &json!({"input_content_id": content, "key": KEY, "kid": KID})).await.json();
        let segments = request(json!("segments")).await.json();
        let single = request(json!("single-file")).await.json();
        let layouts = [&plain, &segments, &single].map(|package| package["layout"].as_str().unwrap().to_owned());
        assert_eq!(layouts, ["segments", "segments", "single-file"]);
        assert_eq!(plain["packaged_content_id"], segments["packaged_content_id"]);
        assert_ne!(plain["packaged_content_id"], single["packaged_content_id"]);
        for wrong in [json!("one-file"), json!(1)] {
            let problem = request(wrong).await;
            assert_eq!((problem.status, problem.json()["field"].clone()), (StatusCode::BAD_REQUEST, json!("layout")));
        }
    });
}

#[test]
fn a_package_is_accepted_and_becomes_ready() {
    block_on(async {
        let (platform, content) = ingested(MOVIE).await;
        let accepted = post(&platform, &json!({"input_content_id": content, "key": KEY, "kid": KID})).await;
        assert_eq!(accepted.status, StatusCode::ACCEPTED);
        let body = accepted.json();
        let id = body["packaged_content_id"].as_str().unwrap();
        assert_eq!((&body["status"], &body["kid"]), (&json!("Queued"), &json!(KID)));
        assert_eq!(body["url"], format!("https://cdn.example/{id}/stream.mpd"));
        assert_eq!(accepted.headers[header::LOCATION], format!("/packaged_content/{id}"));

        assert!(platform.run().await.is_empty());
        let ready = get(&platform, &format!("/packaged_content/{id}")).await;
        assert_eq!(ready.status, StatusCode::OK);
        let body = ready.json();
        assert_eq!(body["status"], "Ready");
        assert_eq!(body["progress"]["work_units_done"], body["progress"]["work_units_total"]);
        assert!(body["ready_at"].is_string() && body.get("failure").is_none());
        assert_eq!(get(&platform, &format!("/packaged_content_id/{id}")).await.text, ready.text);
    });
}

#[test]
fn every_form_of_key_and_kid_is_the_same_package() {
    block_on(async {
        let (platform, content) = ingested(MOVIE).await;
        let mut ids = Vec::new();
        for (key, kid) in [
            (KEY, KID),
            (KEY_BASE64, "oW5AK5BW43HzbTSKpiu3SQ"),
            ("hyN9IKGfWKdAwFaE5pm0qg==", "oW5AK5BW43HzbTSKpiu3SQ=="),
            ("87237D20-A19F-58A7-40C0-5684E699B4AA", "A16E402B9056E371F36D348AA62BB749"),
        ] {
            let accepted = post(&platform, &json!({"input_content_id": content, "key": key, "kid": kid})).await;
            assert_eq!(accepted.status, StatusCode::ACCEPTED);
            ids.push(accepted.json()["packaged_content_id"].clone());
        }
        ids.dedup();
        assert_eq!(ids.len(), 1);
    });
}

#[test]
fn no_response_contains_the_key() {
    block_on(async {
        let (platform, content) = ingested(MOVIE).await;
        let accepted = post(&platform, &json!({"input_content_id": content, "key": KEY, "kid": KID})).await;
        let id = accepted.json()["packaged_content_id"].as_str().unwrap().to_owned();
        let mut responses = vec![accepted, get(&platform, &format!("/packaged_content/{id}")).await];
        for wrong in [
            json!({"input_content_id": content, "key": format!("{KEY}00"), "kid": KID}),
            json!({"input_content_id": content, "key": [KEY], "kid": KID}),
            json!({"input_content_id": content, "key": KEY, "kid": "x", "scheme": KEY}),
            json!({"input_content_id": content, "key": KEY, "kid": KID, "encrypt": KEY, "segment_seconds": 6}),
        ] {
            let response = post(&platform, &wrong).await;
            assert_eq!(response.status, StatusCode::BAD_REQUEST);
            responses.push(response);
        }
        for response in responses {
            assert!(!response.text.contains(KEY) && !response.text.contains(KEY_BASE64), "{}", response.text);
        }
    });
}

#[test]
fn a_problem_has_a_stable_code_and_names_its_field() {
    block_on(async {
        let (platform, content) = ingested(MOVIE).await;
        let complete = json!({"input_content_id": content, "key": KEY, "kid": KID});
        let with = |field: &str, value: Value| {
            let mut body = complete.clone();
            body[field] = value;
            body
        };
        for (body, code, field) in [
            (json!({"key": KEY, "kid": KID}), "missing_field", "input_content_id"),
            (json!({"input_content_id": content, "kid": KID}), "missing_field", "key"),
            (json!({"input_content_id": content, "key": KEY}), "missing_field", "kid"),
            (json!({"input_content_id": content, "key": "short"}), "invalid_field", "key"),
            (json!({"input_content_id": content, "audio_key": "short"}), "invalid_field", "audio_key"),
            (with("input_content_id", json!("55")), "invalid_field", "input_content_id"),
            (with("key", json!("short")), "invalid_field", "key"),
            (with("key", json!(5)), "invalid_field", "key"),
            (with("kid", json!("00000000-0000-0000-0000-000000000000")), "invalid_field", "kid"),
            (with("scheme", json!("cbc1")), "invalid_field", "scheme"),
            (with("scheme", json!("clear")), "invalid_field", "key"),
            (with("encrypt", json!("audio")), "invalid_field", "encrypt"),
            (with("audio_key", json!(AUDIO_KEY)), "missing_field", "audio_kid"),
            (with("drm", json!([WIDEVINE, null, null])), "invalid_field", "drm"),
            (with("subtitles", json!([[content, "en", null, null]])), "invalid_field", "subtitles"),
            (with("audio_kid", json!(AUDIO_KID)), "missing_field", "audio_key"),
            (with("audio_only", json!("yes")), "invalid_field", "audio_only"),
            (with("subtitles", json!([{"language": "en"}])), "missing_field", "subtitles.input_content_id"),
            (
                with("subtitles", json!([{"input_content_id": content, "language": "e n"}])),
                "invalid_field",
                "subtitles.language",
            ),
            (with("subtitles", json!([{"lang": "en"}])), "unknown_field", "subtitles.lang"),
            (with("drm", json!({"widevine": "AAAA"})), "invalid_field", "drm.widevine"),
            (with("drm", json!({"playready": WIDEVINE})), "invalid_field", "drm.playready"),
            (with("drm", json!({"fairplay": "https://key"})), "invalid_field", "drm.fairplay"),
            (with("drm", json!({"nagra": "x"})), "unknown_field", "drm.nagra"),
            (with("segment_seconds", json!(0)), "invalid_field", "segment_seconds"),
            (with("segment_seconds", json!(6.5)), "invalid_field", "segment_seconds"),
            (with("sheme", json!("cbcs")), "unknown_field", "sheme"),
        ] {
            let response = post(&platform, &body).await;
            assert_eq!(response.content_type, "application/problem+json");
            let problem = response.json();
            assert_eq!((&problem["code"], &problem["field"]), (&json!(code), &json!(field)), "{body}");
            assert_eq!((response.status.as_u16(), &problem["status"]), (400, &json!(400)));
        }
        assert!(platform.catalog.all_packages().is_empty());
    });
}

#[test]
fn a_body_that_is_not_a_json_object_is_a_problem() {
    block_on(async {
        let platform = Platform::default();
        for body in ["", "{", "[]", "\"text\"", "{} {}", "not json", r#"["an id", "a key", "a kid"]"#] {
            let response = send(&platform, Method::POST, "/packaged_content", body).await;
            assert_eq!((response.status.as_u16(), &response.json()["code"]), (400, &json!("invalid_json")), "{body}");
        }
        let response = send(&platform, Method::POST, "/packaged_content", " ".repeat(MAX_BODY + 1)).await;
        assert_eq!((response.status.as_u16(), &response.json()["code"]), (413, &json!("body_too_large")));
    });
}

#[test]
fn each_scheme_is_a_separate_package_and_becomes_ready() {
    block_on(async {
        let (platform, content) = ingested(MOVIE).await;
        for scheme in ["cbcs", "cenc"] {
            let body = json!({"input_content_id": content, "key": KEY, "kid": KID, "scheme": scheme});
            let accepted = post(&platform, &body).await.json();
            assert!(platform.run().await.is_empty());
            let path = format!("/packaged_content/{}", accepted["packaged_content_id"].as_str().unwrap());
            let ready = get(&platform, &path).await.json();
            assert_eq!((&ready["scheme"], &ready["status"]), (&json!(scheme), &json!("Ready")));
        }
        assert_eq!(platform.catalog.all_packages().len(), 2);
    });
}

#[test]
fn a_clear_package_needs_no_key() {
    block_on(async {
        let (platform, content) = ingested(MOVIE).await;
        let accepted = post(&platform, &json!({"input_content_id": content, "scheme": "clear"})).await;
        assert_eq!(accepted.status, StatusCode::ACCEPTED);
        assert_eq!((&accepted.json()["scheme"], &accepted.json()["kid"]), (&json!("clear"), &Value::Null));
    });
}

#[test]
fn unknown_ids_and_refused_contents_have_codes() {
    block_on(async {
        let (platform, refused) = ingested(b"just some text, not a movie").await;
        let body = json!({"input_content_id": refused, "key": KEY, "kid": KID});
        let response = post(&platform, &body).await;
        assert_eq!((response.status.as_u16(), &response.json()["code"]), (409, &json!("content_refused")));
        assert!(response.json()["detail"].as_str().unwrap().contains("not_mp4"));

        let unknown = "abcdefghijklmnopqrstuvwxyz";
        let body = json!({"input_content_id": unknown, "key": KEY, "kid": KID});
        assert_eq!(post(&platform, &body).await.json()["code"], "content_not_found");
        for (path, code) in [
            (format!("/packaged_content/{unknown}"), "package_not_found"),
            ("/packaged_content/55".to_owned(), "package_not_found"),
            (format!("/input_content/{unknown}"), "content_not_found"),
            ("/nothing".to_owned(), "route_not_found"),
        ] {
            let response = get(&platform, &path).await;
            assert_eq!((response.status.as_u16(), &response.json()["code"]), (404, &json!(code)), "{path}");
        }
        let response = send(&platform, Method::DELETE, "/input_content", Body::empty()).await;
        assert_eq!((response.status.as_u16(), &response.json()["code"]), (405, &json!("method_not_allowed")));
    });
}

#[test]
fn contents_are_listed_newest_first_page_by_page() {
    block_on(async {
        let (platform, _) = ingested(b"just some text, not a movie").await;
        for key in ["a.mp4", "b.mp4", "c.mp4"] {
            platform.ingest(&platform.upload(key, MOVIE)).await.unwrap();
        }
        let first = get(&platform, "/input_content?limit=3").await.json();
        let origin = |content: &Value| content["input_content_origin"].as_str().unwrap().to_owned();
        let listed: Vec<String> = first["input_content"].as_array().unwrap().iter().map(origin).collect();
        assert_eq!(listed, ["s3://uploads/c.mp4", "s3://uploads/b.mp4", "s3://uploads/a.mp4"]);
        let next = first["next_cursor"].as_str().unwrap();
        let second = get(&platform, &format!("/input_content?cursor={next}")).await.json();
        assert_eq!(second["input_content"][0]["code"], "not_mp4");
        assert_eq!(second["next_cursor"], Value::Null);

        let id = first["input_content"][0]["input_content_id"].as_str().unwrap();
        let mut details = get(&platform, &format!("/input_content/{id}")).await.json();
        let preflight = details.as_object_mut().unwrap().remove("preflight").unwrap();
        assert_eq!(details, first["input_content"][0], "the list has everything but the preflight report");
        assert_eq!((&details["verdict"], &preflight["segments"]), (&json!("accepted"), &json!(10)));
        assert_eq!(preflight["tracks"][0]["gops"]["count"], 10);
        assert_eq!(second["input_content"][0]["verdict"], "refused");
        for (query, field) in
            [("limit=0", "limit"), ("limit=101", "limit"), ("limit=x", "limit"), ("cursor=x", "cursor")]
        {
            let response = get(&platform, &format!("/input_content?{query}")).await;
            assert_eq!((response.status.as_u16(), &response.json()["field"]), (400, &json!(field)));
        }
    });
}

#[test]
fn several_contents_keep_their_order_and_each_is_listed_once() {
    block_on(async {
        let (platform, first) = ingested(MOVIE).await;
        let Ok(Ingested::Content(second)) = platform.ingest(&platform.upload("again.mp4", MOVIE)).await else {
            panic!("ingested")
        };
        let second = second.id.to_string();
        let request = |ids: Value| json!({"input_content_ids": ids, "scheme": "clear"});
        let accepted = post(&platform, &request(json!([first, second]))).await;
        assert_eq!(accepted.status, StatusCode::ACCEPTED);
        assert_eq!(accepted.json()["input_content_ids"], json!([first, second]));
        let one = post(&platform, &request(json!([first]))).await.json();
        let same = post(&platform, &json!({"input_content_id": first, "scheme": "clear"})).await.json();
        assert_eq!(one, same, "a list of one content is the same package");
        assert_eq!(one.get("input_content_ids"), None);
        let both = json!({"input_content_id": first, "input_content_ids": [second], "scheme": "clear"});
        for body in
            [request(json!([])), request(json!([first, first])), request(json!(["x"])), request(json!([5])), both]
        {
            let response = post(&platform, &body).await;
            let field = response.json()["field"].as_str().unwrap().to_owned();
            assert_eq!((response.status.as_u16(), &response.json()["code"]), (400, &json!("invalid_field")), "{body}");
            assert!(field.starts_with("input_content_ids"), "{body}: {field}");
        }
    });
}
