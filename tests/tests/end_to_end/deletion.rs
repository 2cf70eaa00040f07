//! Packages and contents are listed, retried and deleted. A deleted package is removed everywhere, and can be requested again.

use serde_json::{Value, json};
use vpp_tests::decrypt::KEY;
use vpp_tests::fixtures::fixture;

use crate::aws;
use crate::platform::{api, assert_matches_command, call, ingested, package_of_upload, ready, request, text};
use crate::stack::{eventually, stack};

fn listed(query: &str) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api(&format!("/packaged_content?limit=50{query}{cursor}")).json();
        found.extend(page["packaged_content"].as_array().expect("packages").iter().cloned());
        let Some(next) = page["next_cursor"].as_str() else { return found };
        cursor = format!("&cursor={next}");
    }
}

fn is_gone(target: &str) {
    eventually(&format!("{target} to be gone"), || (call("GET", target, "").status == 404).then_some(()));
}

#[test]
fn a_deleted_package_is_gone_from_every_place_and_may_be_requested_again() {
    let movie = fixture("late-video.mp4");
    let content = ingested("deletion/late-video.mp4", &movie);
    let first = ready(package_of_upload(&content));
    let requested = request(&content, KEY.key, KEY.kid);
    let id = text(&requested, "packaged_content_id");
    ready(id);

    let input = text(&content, "input_content_id");
    let of_content = listed(&format!("&input_content_id={input}"));
    assert_eq!(
        of_content.iter().map(|package| text(package, "packaged_content_id")).collect::<Vec<_>>(),
        [id, package_of_upload(&content)]
    );
    assert_eq!(of_content[1], first, "a list shows a package as its own route does");
    assert!(listed("&status=Ready").iter().any(|package| text(package, "packaged_content_id") == id));
    assert!(listed("&status=Failed").iter().all(|package| package["status"] == "Failed"));

    let path = format!("/packaged_content/{id}");
    let answer = call("DELETE", &path, "");
    assert_eq!((answer.status, &answer.json()["status"]), (202, &json!("Deleting")));
    assert_eq!(call("DELETE", &path, "").status, 202, "requested twice");
    let again = json!({"input_content_id": input, "key": KEY.key, "kid": KEY.kid}).to_string();
    assert_eq!(call("POST", "/packaged_content", &again).json()["code"], "package_deleting");
    assert_eq!(
        call("POST", &format!("{path}/playback_tokens"), "").status,
        404,
        "no token is issued for a package that is being deleted"
    );
    is_gone(&path);
    for (bucket, prefix) in [("output", id.to_owned()), ("work", format!("work/{id}")), ("work", format!("parts/{id}"))]
    {
        assert!(aws::list(stack().output(&format!("{bucket}_bucket")), &prefix).is_empty(), "{bucket}/{prefix}");
    }
    assert!(aws::partition(&format!("package#{id}")).is_empty());
    let invalidated = aws::invalidations(stack().output("distribution_id"));
    assert_eq!(invalidated.iter().filter(|path| path.contains(id)).collect::<Vec<_>>(), [&format!("/{id}/*")]);
    assert_eq!(call("DELETE", &path, "").json()["code"], "package_not_found");
    assert_eq!(ready(package_of_upload(&content)), first, "the other package is unchanged");

    ready(text(&request(&content, KEY.key, KEY.kid), "packaged_content_id"));
    assert_matches_command(id, &movie, KEY.key, KEY.kid);
}

#[test]
fn a_failed_package_is_retried() {
    let movie = fixture("still.mp4");
    let content = ingested("deletion/retry.mp4", &movie);
    let id = package_of_upload(&content);
    let done = ready(id);
    let path = format!("/packaged_content/{id}/retry");
    assert_eq!(call("POST", &path, "").json()["code"], "package_ready");

    // Simulates exhausted retries of the last stage.
    let failure = json!({"M": {"stage": {"S": "dash"}, "code": {"S": "retries_exhausted"}, "message": {"S": "no"}}});
    aws::update(
        &format!("package#{id}"),
        "package",
        "SET #status = :failed, failed_at = ready_at, failure = :failure REMOVE ready_at",
        &json!({"#status": "status"}),
        &json!({":failed": {"S": "Failed"}, ":failure": failure}),
    );
    assert_eq!(api(&format!("/packaged_content/{id}")).json()["failure"]["stage"], "dash");
    let answer = call("POST", &path, "");
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert!(["Encrypted", "Ready"].contains(&text(&answer.json(), "status")), "{}", answer.text());
    let again = ready(id);
    assert_eq!((&again["url"], &again["failure"]), (&done["url"], &Value::Null));
    assert_eq!(again["progress"]["work_units_done"], done["progress"]["work_units_done"]);
}

#[test]
fn a_deleted_content_is_gone_with_its_file_and_its_package_stays() {
    let (key, movie) = ("deletion/content.mp4", fixture("still.mp4"));
    let content = ingested(key, &movie);
    let (id, package) = (text(&content, "input_content_id"), package_of_upload(&content));
    ready(package);
    let path = format!("/input_content/{id}");
    let answer = call("DELETE", &path, "");
    assert_eq!((answer.status, &answer.json()["status"]), (202, &json!("Deleted")));
    assert_eq!(call("GET", &path, "").status, 404);
    assert!(crate::platform::find_content(key).is_none(), "it is not listed");
    let uploads = stack().output("uploads_bucket");
    eventually("the file to be gone", || aws::list(uploads, key).is_empty().then_some(()));
    assert_matches_command(package, &movie, &crate::platform::key_of(package), text(&ready(package), "kid"));

    // The same file, uploaded again, is another version.
    let again = ingested(key, &movie);
    assert_eq!(again["input_content_id"], content["input_content_id"]);
}
