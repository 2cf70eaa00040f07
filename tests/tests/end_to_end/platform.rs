//! The platform's interfaces to users: files go into a bucket, the API reports their state, the CDN delivers packages.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use tempfile::TempDir;
use vpp_tests::decrypt::Key;
use vpp_tests::{package, vpp};

use crate::aws;
use crate::http::{Answer, Body, send};
use crate::stack::{eventually, stack};

/// Files of a package: path and content.
pub(crate) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Every response of the API in this process.
static ANSWERS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Puts a movie into the uploads bucket.
pub(crate) fn upload(key: &str, movie: &Path) -> String {
    aws::put(stack().output("uploads_bucket"), key, Body::File(movie))
}

/// Waits for the verdict on the upload at `key`, and returns its content.
pub(crate) fn content(key: &str) -> Value {
    eventually(&format!("the verdict on {key}"), || find_content(key))
}

/// Returns the content of the upload at `key`, if it has a verdict.
pub(crate) fn find_content(key: &str) -> Option<Value> {
    let origin = format!("s3://{}/{key}", stack().output("uploads_bucket"));
    let mut target = "/input_content?limit=100".to_owned();
    loop {
        let page = call("GET", &target, "").expect("a list").json();
        let mut contents = page["input_content"].as_array().expect("contents").iter();
        if let Some(found) = contents.find(|content| content["input_content_origin"] == origin.as_str()) {
            return Some(found.clone());
        }
        let cursor = page["next_cursor"].as_str()?;
        target = format!("/input_content?limit=100&cursor={}", aws::percent(cursor, false));
    }
}

/// Uploads a movie and waits for the verdict, which must be Ingested.
pub(crate) fn ingested(key: &str, movie: &Path) -> Value {
    upload(key, movie);
    let content = content(key);
    assert_eq!(content["status"], "Ingested", "{key}: {content}");
    content
}

/// Returns a text field of a response.
pub(crate) fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_else(|| panic!("no {field} in {value}"))
}

/// Returns the id of the package that the upload of a content has started.
pub(crate) fn package_of_upload(content: &Value) -> &str {
    text(content, "packaged_content_id")
}

/// Requests a package with a key.
pub(crate) fn request(content: &Value, key: &str, kid: &str) -> Value {
    let answer = post(&json!({"input_content_id": content["input_content_id"], "key": key, "kid": kid}));
    assert_eq!(answer.status, 202, "{}", answer.text());
    answer.json()
}

/// Requests a package with any body.
pub(crate) fn post(body: &Value) -> Answer {
    call("POST", "/packaged_content", &body.to_string())
}

/// Waits until a package is Ready, and returns it.
pub(crate) fn ready(package: &str) -> Value {
    eventually(&format!("{package} to be Ready"), || {
        let answer = api(&format!("/packaged_content/{package}")).json();
        assert_ne!(answer["status"], "Failed", "{answer}");
        (answer["status"] == "Ready").then_some(answer)
    })
}

/// Gets a resource from the API, which must succeed.
pub(crate) fn api(target: &str) -> Answer {
    call("GET", target, "").expect(target)
}

/// Calls the API as an operator. Any status is accepted.
pub(crate) fn call(method: &str, target: &str, body: &str) -> Answer {
    call_as(Some(stack().operator(|| api_token("operator"))), method, target, body)
}

/// Calls the API with a token, or with none.
pub(crate) fn call_as(token: Option<&str>, method: &str, target: &str, body: &str) -> Answer {
    let mut headers = vec![host(stack().output("api_url"))];
    headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
    headers.extend(token.map(|token| ("Authorization".to_owned(), format!("Bearer {token}"))));
    let answer = send(stack().address(), method, target, &headers, body.into());
    ANSWERS.lock().unwrap().push(answer.text());
    answer
}

/// Reads the token of a role from its secret.
pub(crate) fn api_token(role: &str) -> String {
    let secret: Value = serde_json::from_str(&aws::secret(stack().output(&format!("{role}_token_secret")))).unwrap();
    text(&secret, "current").to_owned()
}

/// Returns every response of the API so far.
pub(crate) fn answers() -> Vec<String> {
    ANSWERS.lock().unwrap().clone()
}

/// Issues playback URLs and a token for a package. `body` may state the validity.
pub(crate) fn playback_token(package: &str, body: &str) -> Value {
    let answer = call("POST", &format!("/packaged_content/{package}/playback_tokens"), body);
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

/// Fetches a URL of the CDN, as a player on a page of another origin does.
pub(crate) fn fetch(url: &str, range: Option<&str>) -> Answer {
    let (_, path) = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).expect("a URL with a path");
    let mut headers = vec![host(url), ("Origin".to_owned(), "https://player.example".to_owned())];
    headers.extend(range.map(|range| ("Range".to_owned(), range.to_owned())));
    send(stack().address(), "GET", &format!("/{path}"), &headers, "".into())
}

/// Requests a licence or a key, as a player does, with a token or without.
pub(crate) fn player(method: &str, url: &str, token: Option<&str>, body: &str) -> Answer {
    let (_, path) = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).expect("a URL with a path");
    let mut headers = vec![host(url), ("Origin".to_owned(), "https://player.example".to_owned())];
    headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
    headers.extend(token.map(|token| ("Authorization".to_owned(), format!("Bearer {token}"))));
    send(stack().address(), method, &format!("/{path}"), &headers, body.into())
}

fn host(url: &str) -> (String, String) {
    let (_, rest) = url.split_once("://").expect("a URL");
    ("Host".to_owned(), rest.split('/').next().unwrap().to_owned())
}

/// Reads the files of a package from the output bucket.
pub(crate) fn package_files(package: &str) -> Files {
    let bucket = stack().output("output_bucket");
    let read = |object: aws::Object| {
        let path = object.key.strip_prefix(&format!("{package}/")).expect("its prefix").into();
        (path, aws::get(bucket, &object.key))
    };
    aws::list(bucket, &format!("{package}/")).into_iter().map(read).collect()
}

/// Returns the content key of a package, unwrapped with the permissions of the account's owner.
pub(crate) fn key_of(package: &str) -> String {
    let items = aws::partition(&format!("package#{package}"));
    let wrapped = items.iter().find_map(|item| item["video_key"]["S"].as_str()).expect("a wrapped key");
    HEXLOWER.encode(&aws::unwrap_key(wrapped, package))
}

/// Writes files below a directory.
pub(crate) fn save(files: &Files, directory: &Path) {
    for (path, bytes) in files {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// Asserts that a package has the files of the command's package of the same movie, byte for byte.
pub(crate) fn assert_matches_command(package: &str, movie: &Path, key: &str, kid: &str) {
    assert_matches_command_in("segments", package, &[movie], key, kid);
}

/// Asserts the same as [`assert_matches_command`], for a package of several movies or in another layout.
pub(crate) fn assert_matches_command_in(layout: &str, package: &str, movies: &[&Path], key: &str, kid: &str) {
    let scratch = TempDir::new().unwrap();
    let licence_url = format!("{}/license/{package}", stack().output("delivery_url"));
    let key_url = format!("{licence_url}/key");
    let addresses = ["--licence-url", &licence_url, "--key-url", &key_url];
    let arguments = [&["--key", key, "--kid", kid, "--layout", layout], &addresses[..]].concat();
    let output = vpp::package_inputs(movies, scratch.path(), &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let expected: BTreeSet<_> = package::files(scratch.path()).into_iter().collect();
    let found = package_files(package);
    assert_eq!(found.keys().cloned().collect::<BTreeSet<_>>(), expected, "{movies:?}");
    for (path, bytes) in found {
        assert!(fs::read(scratch.path().join(&path)).unwrap() == bytes, "{movies:?}: {}", path.display());
    }
}

/// Requests a package of a content with a key, and asserts that it matches the command's.
pub(crate) fn assert_packaged(content: &Value, movie: &Path, key: Key) {
    let package = request(content, key.key, key.kid);
    let package = ready(text(&package, "packaged_content_id"));
    assert_matches_command(text(&package, "packaged_content_id"), movie, key.key, key.kid);
}
