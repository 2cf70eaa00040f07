//! The `OpenAPI` document and the router describe the same API.

use super::*;
use crate::openapi::{document, routes_of_operations};

#[test]
fn the_openapi_document_lists_every_route_and_no_other() {
    block_on(async {
        let platform = Platform::default();
        let id = "abcdefghijklmnopqrstuvwxyz";
        let mut paths: Vec<&str> = Vec::new();
        for (method, path) in routes_of_operations() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let response =
                send(&platform, method.clone(), &path.replace("{id}", id).replace("{number}", "1"), "").await;
            let code = response.json()["code"].clone();
            assert!(code != "route_not_found" && code != "method_not_allowed", "{method} {path}: {}", response.text);
            paths.push(path);
        }
        for path in paths {
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
                let listed = routes_of_operations().any(|(name, at)| name.to_uppercase() == method && at == path);
                let known = Method::from_bytes(method.as_bytes()).unwrap();
                let path = path.replace("{id}", id).replace("{number}", "1");
                let response = send(&platform, known, &path, "").await;
                assert_eq!(response.json()["code"] == "method_not_allowed", !listed, "{method} {path}");
            }
        }
    });
}

#[test]
fn the_document_and_its_page_require_no_credential() {
    block_on(async {
        let platform = Platform::default();
        for (path, content_type) in [("/openapi.json", "application/json"), ("/docs", "text/html; charset=utf-8")] {
            let response = respond(&platform, Request::builder().uri(path).body(Body::empty()).unwrap()).await;
            assert_eq!((response.status, response.content_type.as_str()), (StatusCode::OK, content_type));
        }
        let served = get(&platform, "/openapi.json").await.json();
        assert_eq!((served["openapi"].as_str(), &served), (Some("3.1.0"), &document()));
        let page = get(&platform, "/docs").await;
        assert!(
            !page.text.contains("http://") && !page.text.contains("https://"),
            "the page loads nothing from other origins"
        );
    });
}

#[test]
fn every_reference_resolves_and_every_schema_is_used() {
    let document = document();
    let text = document.to_string();
    let mut referenced: Vec<&str> =
        text.split("#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    referenced.sort_unstable();
    referenced.dedup();
    let mut defined: Vec<&str> =
        document["components"]["schemas"].as_object().unwrap().keys().map(String::as_str).collect();
    defined.sort_unstable();
    assert_eq!(referenced, defined);
}

#[test]
fn responses_have_the_members_of_the_openapi_document_and_no_others() {
    block_on(async {
        let (platform, content) = ingested(MOVIE).await;
        let body = json!({"input_content_id": content, "key": KEY, "kid": KID, "drm": {"widevine": WIDEVINE}});
        let package = post(&platform, &body).await.json();
        assert!(platform.run().await.is_empty());
        let path = format!("/packaged_content/{}", package["packaged_content_id"].as_str().unwrap());
        let id = package["packaged_content_id"].as_str().unwrap().parse().unwrap();
        platform.catalog.tamper(&id, |package| package.nothing_encrypted = vec!["a1".parse().unwrap()]);
        for (schema, response) in [
            ("PackageOrUnreadable", get(&platform, &path).await.json()),
            ("PackageList", get(&platform, "/packaged_content").await.json()),
            ("ContentList", get(&platform, "/input_content").await.json()),
            ("Content", get(&platform, &format!("/input_content/{content}")).await.json()),
            ("RevisionList", get(&platform, &format!("{path}/revisions")).await.json()),
            ("Revision", get(&platform, &format!("{path}/revisions/0")).await.json()),
            ("PlaybackToken", send(&platform, Method::POST, &format!("{path}/playback_tokens"), "").await.json()),
            ("Package", send(&platform, Method::DELETE, &path, "").await.json()),
            ("DeletedContent", send(&platform, Method::DELETE, &format!("/input_content/{content}"), "").await.json()),
            ("Problem", get(&platform, "/nowhere").await.json()),
            ("Health", get(&platform, "/health").await.json()),
        ] {
            assert_members(
                &document()["components"]["schemas"],
                &json!({"$ref": format!("#/components/schemas/{schema}")}),
                &response,
            );
        }
    });
}

/// A script of the web console that expects what the API does not send, such as another status, has an error of its types.
#[test]
fn the_scripts_of_the_web_console_fit_the_types_of_the_api() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/console_types");
    let install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"];
    if !folder.join("node_modules/.package-lock.json").exists() {
        let installed = std::process::Command::new("npm").args(install).current_dir(&folder).status().unwrap();
        assert!(installed.success(), "npm cannot install the packages of {}", folder.display());
    }
    let file = std::env::temp_dir().join(format!("vpp-openapi-{}.json", std::process::id()));
    std::fs::write(&file, document().to_string()).unwrap();
    let checked = std::process::Command::new("node").arg("check.mjs").arg(&file).current_dir(&folder).output().unwrap();
    std::fs::remove_file(&file).unwrap();
    let [errors, problem] = [&checked.stdout, &checked.stderr].map(|output| String::from_utf8_lossy(output));
    assert!(checked.status.success(), "{errors}{problem}");
}

/// Asserts that the schema has every member of an object, and that the object has every required member.
fn assert_members(schemas: &Value, schema: &Value, value: &Value) {
    if let Some(name) = schema["$ref"].as_str() {
        return assert_members(schemas, &schemas[name.rsplit('/').next().unwrap()], value);
    }
    if let Some(alternatives) = schema["anyOf"].as_array().filter(|_| value.is_object()) {
        let named =
            |schema: &Value| schemas[schema["$ref"].as_str().unwrap_or_default().rsplit('/').next().unwrap()].clone();
        let fits = |schema: &&Value| {
            let required = named(schema)["required"].as_array().cloned().unwrap_or_default();
            required.iter().all(|name| value.get(name.as_str().unwrap()).is_some())
        };
        let alternative =
            alternatives.iter().find(fits).unwrap_or_else(|| panic!("no alternative of {schema} fits {value}"));
        return assert_members(schemas, alternative, value);
    }
    if let Some(items) = value.as_array() {
        return items.iter().for_each(|item| assert_members(schemas, &schema["items"], item));
    }
    let (Some(members), Some(properties)) = (value.as_object(), schema["properties"].as_object()) else { return };
    for required in schema["required"].as_array().into_iter().flatten() {
        assert!(members.contains_key(required.as_str().unwrap()), "{required} is missing in {value}");
    }
    for (name, member) in members {
        let property = properties.get(name).unwrap_or_else(|| panic!("{name} is not in the document: {value}"));
        assert_members(schemas, property, member);
    }
}
