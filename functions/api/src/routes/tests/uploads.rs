//! Uploads by presigned URLs.

use vpp_pipeline::domain::client_upload::MAX_SINGLE_PART_BYTES;
use vpp_pipeline::domain::multipart::UploadId;
use vpp_pipeline::domain::object::Location;
use vpp_pipeline::ports::{NewPart, ObjectStore};

use super::*;

#[test]
fn names_have_no_characters_that_manifests_or_terminals_do_not_take() {
    block_on(async {
        let platform = Platform::default();
        for c in ['\u{1b}', '\n', '\u{9b}', '\u{fffe}', '\u{ffff}', '\u{202e}', '\u{2067}', '\u{2028}'] {
            let refused = create(&platform, &json!({"name": format!("a{c}.mp4"), "bytes": 4})).await;
            assert_eq!((refused.status.as_u16(), &refused.json()["field"]), (400, &json!("name")), "{c:?}");
        }
        let lone = send(&platform, Method::POST, "/uploads", r#"{"name": "a\ud800.mp4", "bytes": 4}"#).await;
        assert_eq!((lone.status.as_u16(), &lone.json()["code"]), (400, &json!("invalid_json")));
        assert_eq!(
            create(&platform, &json!({"name": "日本語 עברית 🎬.mp4", "bytes": 4})).await.status,
            StatusCode::CREATED
        );
    });
}

async fn create(platform: &Platform, body: &Value) -> TestResponse {
    send(platform, Method::POST, "/uploads", body.to_string()).await
}

#[test]
fn a_small_file_is_uploaded_in_one_part_and_becomes_a_content() {
    block_on(async {
        let platform = Platform { package_on_upload: None, ..Platform::default() };
        let created = create(&platform, &json!({"name": "my movie.mp4", "bytes": MOVIE.len()})).await;
        assert_eq!(created.status, StatusCode::CREATED, "{}", created.text);
        let upload = created.json();
        assert_eq!(
            (&upload["parts"], &upload["arrived"], upload["urls"][0]["part"].as_u64()),
            (&json!(1), &json!([]), Some(1))
        );
        let path = format!("/uploads/{}", upload["upload_id"].as_str().unwrap());
        let complete = async || send(&platform, Method::POST, &format!("{path}/complete"), "").await;
        let early = complete().await;
        assert_eq!((early.status.as_u16(), &early.json()["missing"]), (409, &json!([1])));

        let key = format!("uploads/{}/my movie.mp4", upload["upload_id"].as_str().unwrap());
        let parts_id = upload["urls"][0]["url"].as_str().unwrap().split(['=', '&']).nth(1).unwrap();
        let part = NewPart::new(1, MOVIE.to_vec());
        platform.store.put_part(&Location::new("uploads", &key), &UploadId::new(parts_id), part).await.unwrap();
        let done = complete().await;
        let event = platform.upload(&key, MOVIE);
        assert_eq!(done.status, StatusCode::OK, "{}", done.text);
        assert_eq!(done.json()["input_content_id"], event.content_id().to_string());
        assert_eq!(complete().await.json(), done.json(), "a repeated request");
        assert_eq!(get(&platform, &path).await.json()["arrived"], json!([1]));
        let Ok(Ingested::Content(content)) = platform.ingest(&event).await else { panic!("ingested") };
        assert_eq!(done.json()["input_content_origin"], content.location.to_string());
    });
}

#[test]
fn a_large_file_is_uploaded_in_parts_that_can_be_sent_again() {
    block_on(async {
        let platform = Platform::default();
        let bytes = MAX_SINGLE_PART_BYTES + 5;
        let upload = create(&platform, &json!({"name": "film.mp4", "bytes": bytes})).await.json();
        let (id, part_bytes) = (upload["upload_id"].as_str().unwrap(), upload["part_bytes"].as_u64().unwrap());
        assert_eq!(upload["parts"], bytes.div_ceil(part_bytes));
        let last = u16::try_from(bytes.div_ceil(part_bytes)).unwrap();
        let at = Location::new("uploads", format!("uploads/{id}/film.mp4"));
        let parts_id = upload["urls"][0]["url"].as_str().unwrap().split(['=', '&']).nth(1).unwrap();
        let put = async |number: u16, length: u64| {
            let part = NewPart::new(number, vec![7; usize::try_from(length).unwrap()]);
            platform.store.put_part(&at, &UploadId::new(parts_id), part).await.unwrap();
        };
        let path = format!("/uploads/{id}");
        put(1, part_bytes).await;
        put(last, 4).await;
        let progress = get(&platform, &format!("{path}?from=2&limit=2")).await.json();
        assert_eq!(progress["arrived"], json!([1]), "a part that is too short has not arrived");
        let urls: Vec<_> = progress["urls"].as_array().unwrap().iter().map(|url| url["part"].clone()).collect();
        assert_eq!(urls, [json!(2), json!(3)]);
        let incomplete = send(&platform, Method::POST, &format!("{path}/complete"), "").await;
        assert_eq!((incomplete.status.as_u16(), &incomplete.json()["code"]), (409, &json!("upload_incomplete")));
        assert!(incomplete.json()["detail"].as_str().unwrap().contains("2, 3"), "{}", incomplete.text);
        for number in 2..last {
            put(number, part_bytes).await;
        }
        put(last, 5).await;
        let done = send(&platform, Method::POST, &format!("{path}/complete"), "").await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.text);
        assert_eq!(platform.store.bucket("uploads")[at.key()].bytes.len() as u64, bytes);
        assert_eq!(send(&platform, Method::POST, &format!("{path}/complete"), "").await.json(), done.json());
    });
}

#[test]
fn an_aborted_upload_is_unknown() {
    block_on(async {
        let platform = Platform::default();
        let upload = create(&platform, &json!({"name": "film.mp4", "bytes": MAX_SINGLE_PART_BYTES + 1})).await.json();
        let path = format!("/uploads/{}", upload["upload_id"].as_str().unwrap());
        assert_eq!(platform.store.open_uploads(), 1);
        let aborted = send(&platform, Method::DELETE, &path, "").await;
        assert_eq!((aborted.status, &aborted.json()["status"]), (StatusCode::OK, &json!("Aborted")));
        assert_eq!(platform.store.open_uploads(), 0);
        for (method, path) in
            [(Method::GET, path.clone()), (Method::DELETE, path.clone()), (Method::POST, path + "/complete")]
        {
            assert_eq!(send(&platform, method, &path, "").await.json()["code"], "upload_not_found");
        }
    });
}

#[test]
fn a_problem_with_an_upload_names_its_field() {
    block_on(async {
        let platform = Platform::default();
        for (body, field) in [
            (json!({"bytes": 5}), "name"),
            (json!({"name": "a.mp4"}), "bytes"),
            (json!({"name": "", "bytes": 5}), "name"),
            (json!({"name": "../a.mp4", "bytes": 5}), "name"),
            (json!({"name": "..", "bytes": 5}), "name"),
            (json!({"name": "a\nb", "bytes": 5}), "name"),
            (json!({"name": "x".repeat(256), "bytes": 5}), "name"),
            (json!({"name": "a.mp4", "bytes": 0}), "bytes"),
            (json!({"name": "a.mp4", "bytes": 1_u64 << 43}), "bytes"),
            (json!({"name": "a.mp4", "bytes": "5"}), "bytes"),
            (json!({"name": "a.mp4", "bytes": 5, "size": 5}), "size"),
        ] {
            let response = create(&platform, &body).await;
            assert_eq!((response.status.as_u16(), &response.json()["field"]), (400, &json!(field)), "{body}");
        }
        assert_eq!(platform.store.open_uploads(), 0);
    });
}

#[test]
fn an_array_is_not_the_body_of_an_upload() {
    block_on(async {
        let platform = Platform::default();
        let response = create(&platform, &json!(["a.mp4", 4])).await;
        assert_eq!((response.status.as_u16(), &response.json()["code"]), (400, &json!("invalid_json")));
    });
}
