//! Records that cannot be read.

use super::*;
use crate::openapi::document;

/// Returns a platform with a content and two packages of it, newest last.
async fn two_packages() -> (Platform, String, [String; 2]) {
    let (platform, content) = ingested(MOVIE).await;
    let mut ids = Vec::new();
    for layout in ["segments", "single-file"] {
        let body = json!({"input_content_id": content, "key": KEY, "kid": KID, "layout": layout});
        ids.push(post(&platform, &body).await.json()["packaged_content_id"].as_str().unwrap().to_owned());
    }
    assert!(platform.run().await.is_empty());
    (platform, content, [ids[0].clone(), ids[1].clone()])
}

#[test]
fn an_unreadable_package_is_listed_as_it_is_and_hides_no_other() {
    block_on(async {
        let (platform, _, [old, new]) = two_packages().await;
        platform.catalog.damage(&new);
        let first = get(&platform, "/packaged_content?limit=1").await;
        assert_eq!(first.status, StatusCode::OK, "{}", first.text);
        let shown = &first.json()["packaged_content"][0];
        assert_eq!((&shown["packaged_content_id"], &shown["status"]), (&json!(new), &json!("Unreadable")));
        assert!(shown["problem"].as_str().unwrap().contains("cannot be read"), "{shown}");
        let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
        let second = get(&platform, &format!("/packaged_content?limit=1&cursor={cursor}")).await.json();
        assert_eq!(second["packaged_content"][0]["packaged_content_id"], old);
        let one = get(&platform, &format!("/packaged_content/{new}")).await;
        assert_eq!((one.status, &one.json()), (StatusCode::OK, shown));
        let schemas = &document()["components"]["schemas"];
        assert_eq!(
            schemas["PackageList"]["properties"]["packaged_content"]["items"]["$ref"],
            "#/components/schemas/PackageOrUnreadable"
        );
        let members: Vec<&String> = shown.as_object().unwrap().keys().collect();
        let documented: Vec<&String> = schemas["UnreadablePackage"]["properties"].as_object().unwrap().keys().collect();
        assert_eq!(members, documented);
    });
}

#[test]
fn what_needs_an_unreadable_record_is_refused_with_its_code() {
    block_on(async {
        let (platform, content, [_, package]) = two_packages().await;
        platform.catalog.damage(&package);
        for path in
            [format!("/packaged_content/{package}/retry"), format!("/packaged_content/{package}/playback_tokens")]
        {
            let response = send(&platform, Method::POST, &path, "").await;
            assert_eq!(
                (response.status.as_u16(), &response.json()["code"]),
                (409, &json!("unreadable_record")),
                "{path}"
            );
        }
        platform.catalog.damage(&content);
        let body = json!({"input_content_id": content, "key": KEY, "kid": KID});
        let response = post(&platform, &body).await;
        assert_eq!((response.status.as_u16(), &response.json()["code"]), (409, &json!("unreadable_record")));
    });
}

#[test]
fn unreadable_records_are_deleted_with_their_objects() {
    block_on(async {
        let (platform, content, [old, new]) = two_packages().await;
        let objects = |id: &str| platform.store.bucket("output").keys().filter(|key| key.starts_with(id)).count();
        assert!(objects(&new) > 0);
        platform.catalog.damage(&new);
        platform.catalog.damage(&content);
        let deleted = send(&platform, Method::DELETE, &format!("/packaged_content/{new}"), "").await;
        assert_eq!((deleted.status.as_u16(), &deleted.json()["status"]), (202, &json!("Deleting")));
        let deleted = send(&platform, Method::DELETE, &format!("/input_content/{content}"), "").await;
        assert_eq!((deleted.status.as_u16(), &deleted.json()["status"]), (202, &json!("Deleted")));
        assert!(platform.run().await.is_empty());
        assert_eq!((objects(&new), objects(&old) > 0), (0, true));
        assert_eq!(get(&platform, &format!("/packaged_content/{new}")).await.json()["code"], "package_not_found");
        assert_eq!(get(&platform, "/input_content").await.json()["input_content"], json!([]));
        assert!(platform.store.bucket("uploads").is_empty());
    });
}
