//! Monitoring: metrics in the log, and one trace for everything that follows from an upload.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vpp_tests::fixtures::{fixture, root};
use vpp_tests::npm;

use crate::aws;
use crate::platform::{content, ingested, package_of_upload, ready, text, upload};
use crate::stack::{eventually, stack};

/// Returns the lines of the log that are JSON, each with the name of its function.
fn lines() -> Vec<(String, Value)> {
    let logs = stack().logs();
    let line = |line: &str| {
        let (function, text) = line.split_once(' ')?;
        Some((function.to_owned(), serde_json::from_str(text.trim_start()).ok()?))
    };
    logs.lines().filter_map(line).collect()
}

/// Returns the lines in the embedded metric format.
fn measurements(lines: &[(String, Value)]) -> Vec<&Value> {
    lines.iter().map(|(_, line)| line).filter(|line| line.get("_aws").is_some()).collect()
}

/// Returns the names of a line's metrics, each with its dimension sets.
fn directives(line: &Value) -> Vec<(&str, &Value)> {
    let directives = line["_aws"]["CloudWatchMetrics"].as_array().expect("directives");
    directives.iter().map(|directive| (text(&directive["Metrics"][0], "Name"), &directive["Dimensions"])).collect()
}

#[test]
fn every_change_is_measured_once_in_the_form_that_cloudwatch_reads() {
    let package = ingested("watching/measured.mp4", &fixture("sample.mp4"));
    let package = package_of_upload(&package).to_owned();
    let answer = ready(&package);
    upload("watching/refused.mp4", &fixture("moov-missing.mp4"));
    let refused = content("watching/refused.mp4");
    let measurements_of = |lines: &[(String, Value)], id: &str| -> Vec<Value> {
        measurements(lines).into_iter().filter(|line| line["about"] == id).cloned().collect()
    };
    let lines = eventually("the last measurements", || {
        let lines = lines();
        let done = measurements_of(&lines, &package).iter().any(|line| line["Status"] == "Ready");
        (done && !measurements_of(&lines, text(&refused, "input_content_id")).is_empty()).then_some(lines)
    });

    let changes = measurements_of(&lines, &package);
    let statuses: Vec<&str> = changes.iter().map(|line| text(line, "Status")).collect();
    assert_eq!(statuses, ["Queued", "Fragmented", "Encrypted", "Ready"], "one measurement for each status");
    let last = &changes[3];
    let progress = &answer["progress"];
    for (metric, counted) in [("BytesRead", "bytes_read"), ("BytesWritten", "bytes_written")] {
        assert_eq!(last[metric].as_f64(), progress[counted].as_f64(), "{last}");
    }
    assert!(last["ReadySeconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{last}");
    let refusals = measurements_of(&lines, text(&refused, "input_content_id"));
    assert_eq!((refusals[0]["Code"].as_str(), refusals[0]["Refusals"].as_f64()), (Some("moov_missing"), Some(1.0)));

    let all = measurements(&lines);
    let documents: Vec<Value> = all.iter().map(|line| (*line).clone()).collect();
    assert_eq!(npm::schema_errors(&root().join("tests/oracles/emf.schema.json"), &documents), Vec::<String>::new());
    let mut cold_started = BTreeSet::new();
    for line in all {
        for (name, dimensions) in directives(line) {
            assert!(line[name].is_number(), "{line}");
            for dimension in dimensions.as_array().unwrap().iter().flat_map(|set| set.as_array().unwrap()) {
                let value = text(line, dimension.as_str().unwrap());
                assert!(!value.is_empty() && value.len() < 26, "no id is a dimension: {line}");
            }
        }
        cold_started.extend(line["Function"].as_str().filter(|_| line.get("ColdStarts").is_some()));
    }
    assert!(
        ["ingest", "fragment", "encrypt", "dash", "announce"].iter().all(|function| cold_started.contains(function)),
        "{cold_started:?}"
    );
}

/// Returns the trace ids of a function's log lines about a subject.
fn traces(function: &str, subject: &str) -> BTreeSet<String> {
    let lines = lines().into_iter().filter(|(logger, _)| logger == function).map(|(_, line)| line);
    let spans = lines.map(|line| line["span"].clone());
    let spans = spans.filter(|span| [&span["subject"], &span["input_content_id"]].iter().any(|id| **id == subject));
    spans.filter_map(|span| span["trace_id"].as_str().map(str::to_owned)).collect()
}

/// A sent message carries the trace of its sender, and a received message is handled under the trace that it carries: so one
/// trace goes from the upload to Ready. The two halves are tested separately, because the emulator drops the trace from
/// messages that are sent in batches, as all messages between the stages are.
#[test]
fn messages_carry_the_trace_of_their_sender_and_are_handled_under_it() {
    let content = ingested("watching/traced.mp4", &fixture("film-moov-first.mp4"));
    let package = package_of_upload(&content);
    ready(package);
    let id = text(&content, "input_content_id");
    for (function, subject, queue) in
        [("ingest", id, "fragment"), ("fragment", package, "encrypt"), ("encrypt", package, "dash")]
    {
        let logged =
            eventually("a line of the log", || Some(traces(function, subject)).filter(|traces| !traces.is_empty()));
        let sent = aws::sent_traces(stack().output(&format!("{queue}_queue_url")), package);
        assert!(!sent.is_empty() && sent.is_subset(&logged), "{function}: {sent:?} of {logged:?}");
    }

    let trace = "1-6543ab21-0123456789abcdef01234567";
    let body = json!({"schema": 1, "packaged_content_id": package}).to_string();
    let header = format!("Root={trace};Parent=0123456789abcdef;Sampled=1");
    aws::send_traced_message(stack().output("fragment_queue_url"), &body, &header);
    eventually("the message to be handled under its own trace", || {
        traces("fragment", package).contains(trace).then_some(())
    });
}
