//! Package requests: one package for each distinct request, in every notation of its key, and none for an invalid request.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vpp_tests::decrypt::{KEY, OTHER_KEY};
use vpp_tests::fixtures::fixture;

use crate::aws;
use crate::key_notations::key_notations;
use crate::platform::{
    api, assert_matches_command, assert_matches_command_in, call, ingested, post, ready, request, text,
};
use crate::stack::{eventually, stack};

fn id(package: &Value) -> &str {
    text(package, "packaged_content_id")
}

/// Returns the ids of all packages of a content.
fn packages(content: &Value) -> BTreeSet<String> {
    let is_package =
        |item: &Value| item["sk"]["S"] == "package" && item["input_content_id"]["S"] == content["input_content_id"];
    let items = aws::items().into_iter().filter(is_package);
    items.map(|item| item["packaged_content_id"]["S"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_same_request_twice_is_one_package_and_another_key_is_another() {
    let movie = fixture("late-video.mp4");
    let content = ingested("requests/keys.mp4", &movie);
    let first = request(&content, KEY.key, KEY.kid);
    let objects = || aws::list(stack().output("output_bucket"), id(&first));
    let done = ready(id(&first));
    let objects_before = objects();

    let again = request(&content, KEY.key, KEY.kid);
    assert_eq!(id(&again), id(&first));
    assert_eq!(again, done, "the answer is the existing package");

    for (key, kid) in [(OTHER_KEY.key, KEY.kid), (KEY.key, OTHER_KEY.kid), (OTHER_KEY.key, OTHER_KEY.kid)] {
        let other = request(&content, key, kid);
        assert_ne!(id(&other), id(&first));
        ready(id(&other));
        assert_matches_command(id(&other), &movie, key, kid);
    }
    assert_eq!(objects(), objects_before, "the first package is unchanged");
    assert_matches_command(id(&first), &movie, KEY.key, KEY.kid);
    assert_eq!(api(&format!("/packaged_content/{}", id(&first))).json(), done);
}

#[test]
fn every_form_of_a_key_and_its_id_is_the_same_package() {
    let content = ingested("requests/forms.mp4", &fixture("still.mp4"));
    let keys = key_notations(KEY.key);
    let kids = key_notations(KEY.kid);
    let ids = keys.iter().zip(kids.iter().rev()).map(|(key, kid)| id(&request(&content, key, kid)).to_owned());
    assert_eq!(ids.collect::<BTreeSet<_>>().len(), 1);
}

#[test]
fn a_request_with_a_malformed_key_is_a_problem_and_changes_nothing() {
    let content = ingested("requests/malformed.mp4", &fixture("still.mp4"));
    let before = packages(&content);
    for (field, valid) in [("key", KEY.key), ("kid", KEY.kid)] {
        let malformed = [
            json!(""),
            json!(valid[1..]),
            json!(format!("{valid}0")),
            json!(format!("g{}", &valid[1..])),
            json!(format!(" {valid}")),
            json!("hyN9IKGfWKdAwFaE5pm0q"),
            json!("hyN9IKGfWKdAwFaE5pm0qg="),
            json!(7),
            Value::Null,
        ];
        for value in malformed {
            let mut body = json!({"input_content_id": content["input_content_id"], "key": KEY.key, "kid": KEY.kid});
            body[field] = value.clone();
            let answer = post(&body);
            assert_eq!((answer.status, answer.header("content-type")), (400, "application/problem+json"), "{body}");
            let problem = answer.json();
            assert_eq!(problem["field"], field, "{value}: {problem}");
            assert!(problem["code"] == "invalid_field" || problem["code"] == "missing_field", "{problem}");
        }
    }
    let zero = json!({"input_content_id": content["input_content_id"], "key": KEY.key, "kid": "0".repeat(32)});
    assert_eq!(post(&zero).status, 400);
    assert_eq!(packages(&content), before);
}

#[test]
fn both_routes_report_the_progress_of_a_package_and_never_its_key() {
    let content = ingested("requests/status.mp4", &fixture("still.mp4"));
    let requested = request(&content, KEY.key, KEY.kid);
    let done = ready(id(&requested));
    assert_eq!(api(&format!("/packaged_content_id/{}", id(&requested))).json(), done);
    assert_eq!(done["kid"], "a16e402b-9056-e371-f36d-348aa62bb749");
    assert_eq!(done["progress"]["work_units_done"], done["progress"]["work_units_total"]);
    assert_eq!(text(&done, "url"), format!("{}/{}/stream.mpd", stack().output("delivery_url"), id(&requested)));
    assert!(done.as_object().unwrap().keys().all(|name| !name.contains("key")), "{done}");

    // The route of a content includes the preflight report; the list does not.
    let mut single = api(&format!("/input_content/{}", text(&content, "input_content_id"))).json();
    let preflight = single.as_object_mut().unwrap().remove("preflight").unwrap();
    assert_eq!(single, content);
    assert_eq!(preflight["verdict"], content["verdict"]);
    assert_eq!(preflight["work_units"], done["progress"]["work_units_total"]);
}

#[test]
fn unknown_resources_are_answered_with_a_problem() {
    let unknown = "a".repeat(26);
    for (method, target, status, code) in [
        ("GET", format!("/packaged_content/{unknown}"), 404, "package_not_found"),
        ("GET", format!("/packaged_content_id/{unknown}"), 404, "package_not_found"),
        ("GET", "/packaged_content/nonsense".to_owned(), 404, "package_not_found"),
        ("GET", format!("/input_content/{unknown}"), 404, "content_not_found"),
        ("GET", "/nowhere".to_owned(), 404, "route_not_found"),
        ("DELETE", "/packaged_content".to_owned(), 405, "method_not_allowed"),
        ("DELETE", format!("/packaged_content/{unknown}"), 404, "package_not_found"),
        ("POST", format!("/packaged_content/{unknown}/retry"), 404, "package_not_found"),
        ("DELETE", format!("/input_content/{unknown}"), 404, "content_not_found"),
    ] {
        let answer = call(method, &target, "");
        assert_eq!((answer.status, answer.header("content-type")), (status, "application/problem+json"), "{target}");
        assert_eq!(answer.json()["code"], code, "{target}");
    }
    let request = json!({"input_content_id": unknown, "key": KEY.key, "kid": KEY.kid});
    assert_eq!(post(&request).json()["code"], "content_not_found");
}

#[test]
fn several_contents_become_one_stream_or_fail_with_a_table_of_their_mismatches() {
    let movies = ["ladder-low.mp4", "ladder-high.mp4", "ladder-off.mp4"].map(fixture);
    let contents = [0, 1, 2].map(|rung| ingested(&format!("requests/rung {rung}.mp4"), &movies[rung]));
    let request_rungs = |rungs: [usize; 2], layout: &str| {
        let ids = rungs.map(|rung| &contents[rung]["input_content_id"]);
        let answer = post(&json!({"input_content_ids": ids, "key": KEY.key, "kid": KEY.kid, "layout": layout}));
        assert_eq!(answer.status, 202, "{}", answer.text());
        answer.json()
    };
    for layout in ["segments", "single-file"] {
        let ladder = request_rungs([0, 1], layout);
        let done = ready(id(&ladder));
        let ids = [0, 1].map(|rung| contents[rung]["input_content_id"].clone());
        assert_eq!(done["input_content_ids"], json!(ids));
        assert_matches_command_in(layout, id(&ladder), &[&movies[0], &movies[1]], KEY.key, KEY.kid);
    }

    let misaligned = request_rungs([0, 2], "segments");
    let failed = eventually("the package to be Failed", || {
        let answer = api(&format!("/packaged_content/{}", id(&misaligned))).json();
        (answer["status"] == "Failed").then_some(answer)
    });
    assert_eq!(failed["failure"]["code"], "inputs_misaligned");
    assert!(failed["failure"]["message"].as_str().unwrap().contains("2.000000 s | 2.400000 s"), "{failed}");
    assert!(aws::list(stack().output("output_bucket"), id(&misaligned)).is_empty(), "nothing is written");
}
