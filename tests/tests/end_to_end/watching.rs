//! What people watch the platform by: measurements in the log, and one trace for all that came of an upload.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use vpp_tests::fixtures::{fixture, root};
use vpp_tests::npm;

use crate::platform::{content, ingested, own_package, ready, text, upload};
use crate::stack::{eventually, stack};

/// The lines of the log that are JSON, each with its function.
fn lines() -> Vec<(String, Value)> {
    let logs = stack().logs();
    let line = |line: &str| {
        let (function, text) = line.split_once(' ')?;
        Some((function.to_owned(), serde_json::from_str(text.trim_start()).ok()?))
    };
    logs.lines().filter_map(line).collect()
}

/// The measurements among them.
fn measurements(lines: &[(String, Value)]) -> Vec<&Value> {
    lines.iter().map(|(_, line)| line).filter(|line| line.get("_aws").is_some()).collect()
}

/// Names of a measurement's metrics, each with the sets of dimensions it is known by.
fn directives(line: &Value) -> Vec<(&str, &Value)> {
    let directives = line["_aws"]["CloudWatchMetrics"].as_array().expect("directives");
    directives.iter().map(|own| (text(&own["Metrics"][0], "Name"), &own["Dimensions"])).collect()
}

#[test]
fn every_change_is_measured_once_in_the_form_that_cloudwatch_reads() {
    let package = ingested("watching/measured.mp4", &fixture("sample.mp4"));
    let package = own_package(&package).to_owned();
    let answer = ready(&package);
    upload("watching/refused.mp4", &fixture("moov-missing.mp4"));
    let refused = content("watching/refused.mp4");
    let about = |lines: &[(String, Value)], id: &str| -> Vec<Value> {
        measurements(lines).into_iter().filter(|line| line["about"] == id).cloned().collect()
    };
    let lines = eventually("the last measurements", || {
        let lines = lines();
        let done = about(&lines, &package).iter().any(|line| line["Status"] == "Ready");
        (done && !about(&lines, text(&refused, "input_content_id")).is_empty()).then_some(lines)
    });

    let own = about(&lines, &package);
    let statuses: Vec<&str> = own.iter().map(|line| text(line, "Status")).collect();
    assert_eq!(statuses, ["Queued", "Fragmented", "Encrypted", "Ready"], "one each");
    let last = &own[3];
    let progress = &answer["progress"];
    for (metric, counted) in [("BytesRead", "bytes_read"), ("BytesWritten", "bytes_written")] {
        assert_eq!(last[metric].as_f64(), progress[counted].as_f64(), "{last}");
    }
    assert!(last["ReadySeconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{last}");
    let refusals = about(&lines, text(&refused, "input_content_id"));
    assert_eq!((refusals[0]["Code"].as_str(), refusals[0]["Refusals"].as_f64()), (Some("moov_missing"), Some(1.0)));

    let all = measurements(&lines);
    let documents: Vec<Value> = all.iter().map(|line| (*line).clone()).collect();
    assert_eq!(npm::not_valid(&root().join("tests/oracles/emf.schema.json"), &documents), Vec::<String>::new());
    let mut cold = BTreeSet::new();
    for line in all {
        for (name, dimensions) in directives(line) {
            assert!(line[name].is_number(), "{line}");
            for dimension in dimensions.as_array().unwrap().iter().flat_map(|set| set.as_array().unwrap()) {
                let value = text(line, dimension.as_str().unwrap());
                assert!(!value.is_empty() && value.len() < 26, "no id is a dimension: {line}");
            }
        }
        cold.extend(line["Function"].as_str().filter(|_| line.get("ColdStarts").is_some()));
    }
    assert!(["ingest", "fragment", "encrypt", "dash", "announce"].iter().all(|own| cold.contains(own)), "{cold:?}");
}

#[test]
fn all_that_comes_of_an_upload_has_one_trace() {
    let content = ingested("watching/traced.mp4", &fixture("film-moov-first.mp4"));
    let package = own_package(&content);
    ready(package);
    let id = text(&content, "input_content_id");
    let traced = |line: &Value| {
        let span = &line["span"];
        let subject = [&span["subject"], &span["input_content_id"]].into_iter().find_map(Value::as_str);
        subject.filter(|subject| [id, package].contains(subject)).map(|_| span["trace_id"].clone())
    };
    let traces = eventually("dash to say that it is done", || {
        let mut traces: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (function, line) in lines() {
            traces.entry(function).or_default().extend(traced(&line).map(|trace| trace.to_string()));
        }
        traces.get("dash").is_some_and(|own| !own.is_empty()).then_some(traces)
    });
    let one = traces["ingest"].clone();
    assert_eq!(one.len(), 1, "{traces:?}");
    assert!(one.first().unwrap().starts_with("\"1-"), "{one:?}");
    for function in ["fragment", "encrypt", "dash"] {
        assert_eq!(traces[function], one, "{function}");
    }
}
