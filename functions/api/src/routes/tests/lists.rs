//! Lists, retries, deletions, idempotency keys, and packages without a key in the request.

use super::*;

#[test]
fn packages_are_listed_with_filters_page_by_page() {
    block_on(async {
        let (platform, content) = ingested(MOVIE).await;
        for layout in ["segments", "single-file"] {
            let body = json!({"input_content_id": content, "key": KEY, "kid": KID, "layout": layout});
            assert_eq!(post(&platform, &body).await.status, StatusCode::ACCEPTED);
        }
        let listed = async |query: &str| get(&platform, &format!("/packaged_content?{query}")).await.json();
        let first = listed("limit=1").await;
        assert_eq!(first["packaged_content"][0]["layout"], "single-file", "newest first");
        let second = listed(&format!("limit=1&cursor={}", first["next_cursor"].as_str().unwrap())).await;
        assert_eq!(
            (&second["packaged_content"][0]["layout"], &second["next_cursor"]),
            (&json!("segments"), &Value::Null)
        );
        let count = async |query: &str| listed(query).await["packaged_content"].as_array().unwrap().len();
        assert_eq!(count(&format!("status=Queued&input_content_id={content}")).await, 2);
        assert_eq!(count("status=Ready").await, 0);
        assert_eq!(count("input_content_id=abcdefghijklmnopqrstuvwxyz").await, 0);
        for (query, field) in [
            ("status=ready", "status"),
            ("input_content_id=55", "input_content_id"),
            ("limit=0", "limit"),
            ("cursor=x", "cursor"),
            ("sort=asc", "sort"),
            ("limit=1&limit=2", "limit"),
        ] {
            let response = get(&platform, &format!("/packaged_content?{query}")).await;
            assert_eq!((response.status.as_u16(), &response.json()["field"]), (400, &json!(field)), "{query}");
        }
        let contents = get(&platform, "/input_content?status=Ingested&origin=s3://uploads/mov").await.json();
        assert_eq!(contents["input_content"][0]["input_content_id"], content);
        assert_eq!(get(&platform, "/input_content?status=Refused").await.json()["input_content"], json!([]));
    });
}

#[test]
fn a_package_has_times_urls_and_resource_usage() {
    block_on(async {
        let (platform, content) = ingested(MOVIE).await;
        let queued = post(&platform, &json!({"input_content_id": content, "key": KEY, "kid": KID})).await.json();
        let id = queued["packaged_content_id"].as_str().unwrap().to_owned();
        assert_eq!(queued["times"].as_object().unwrap().keys().collect::<Vec<_>>(), ["queued"]);
        assert_eq!(queued["progress"]["bytes_total"], MOVIE.len());
        assert!(platform.run().await.is_empty());
        let ready = get(&platform, &format!("/packaged_content/{id}")).await.json();
        let times: Vec<&str> =
            ["queued", "fragmented", "encrypted", "ready"].map(|at| ready["times"][at].as_str().unwrap()).into();
        assert!(times.is_sorted(), "{times:?}");
        assert_eq!(ready["urls"]["dash"], format!("https://cdn.example/{id}/stream.mpd"));
        assert_eq!(ready["urls"]["hls"], format!("https://cdn.example/{id}/stream.m3u8"));
        assert_eq!(ready["progress"]["bytes_done"], ready["progress"]["bytes_total"]);
        assert_eq!(ready["receipt"]["bytes_read"], platform.store.bytes_read("uploads"));
        let requests = &ready["receipt"]["requests"];
        assert!(requests["get"].as_u64() > Some(0) && requests["put"].as_u64() > Some(0), "{}", ready["receipt"]);
    });
}

#[test]
fn deletions_and_retries_return_the_new_status() {
    block_on(async {
        let (platform, content) = ingested(MOVIE).await;
        let body = json!({"input_content_id": content, "key": KEY, "kid": KID});
        let id = post(&platform, &body).await.json()["packaged_content_id"].as_str().unwrap().to_owned();
        let path = format!("/packaged_content/{id}");
        assert!(platform.run().await.is_empty());
        let retry = send(&platform, Method::POST, &format!("{path}/retry"), "").await;
        assert_eq!((retry.status.as_u16(), &retry.json()["code"]), (409, &json!("package_ready")));
        let deleted = send(&platform, Method::DELETE, &path, "").await;
        assert_eq!((deleted.status.as_u16(), &deleted.json()["status"]), (202, &json!("Deleting")));
        assert_eq!(post(&platform, &body).await.json()["code"], "package_deleting");
        assert!(platform.run().await.is_empty());
        assert_eq!(get(&platform, &path).await.json()["code"], "package_not_found");
        let deleted = send(&platform, Method::DELETE, &format!("/input_content/{content}"), "").await;
        assert_eq!((deleted.status.as_u16(), &deleted.json()["status"]), (202, &json!("Deleted")));
        assert_eq!(get(&platform, &format!("/input_content/{content}")).await.json()["code"], "content_not_found");
        assert_eq!(post(&platform, &body).await.json()["code"], "content_not_found");
    });
}

#[test]
fn without_a_key_the_platform_generates_one_and_an_idempotency_key_stands_for_one_request() {
    block_on(async {
        let (platform, content) = ingested(MOVIE).await;
        let create = async |key: &str, body: Value| {
            let request = Request::builder().method(Method::POST).uri("/packaged_content");
            let request = request.header(header::AUTHORIZATION, format!("Bearer {OPERATOR}"));
            respond(&platform, request.header("idempotency-key", key).body(body.to_string().into()).unwrap()).await
        };
        let first = create("order 1", json!({"input_content_id": content})).await;
        assert_eq!(first.status, StatusCode::ACCEPTED, "{}", first.text);
        assert!(first.json()["kid"].is_string());
        assert_eq!(create("order 1", json!({"input_content_id": content})).await.json(), first.json());
        let other = create("order 1", json!({"input_content_id": content, "encrypt": "all"})).await;
        assert_eq!((other.status.as_u16(), &other.json()["code"]), (422, &json!("idempotency_key_reused")));
        for wrong in ["", &"x".repeat(256)] {
            let response = create(wrong, json!({"input_content_id": content})).await;
            assert_eq!((response.status.as_u16(), &response.json()["field"]), (400, &json!("Idempotency-Key")));
        }
    });
}
