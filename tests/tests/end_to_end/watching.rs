//! What people watch the platform by: measurements in the log, and one trace for all that came of an upload.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vpp_tests::fixtures::{fixture, root};
use vpp_tests::npm;

use crate::aws;
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

/// The traces of a function's lines about something.
fn traces(function: &str, subject: &str) -> BTreeSet<String> {
    let own = lines().into_iter().filter(|(own, _)| own == function).map(|(_, line)| line);
    let span = own.map(|line| line["span"].clone());
    let about = span.filter(|span| [&span["subject"], &span["input_content_id"]].iter().any(|own| **own == subject));
    about.filter_map(|span| span["trace_id"].as_str().map(str::to_owned)).collect()
}

/// What is sent has the trace of its sender, and what comes is worked on under the trace it has: so one trace goes from the
/// upload to Ready. (The emulator itself drops it from messages that are sent in batches, as all are between the stages.)
#[test]
fn messages_carry_the_trace_of_their_sender_and_are_handled_under_it() {
    let content = ingested("watching/traced.mp4", &fixture("film-moov-first.mp4"));
    let package = own_package(&content);
    ready(package);
    let id = text(&content, "input_content_id");
    for (function, subject, queue) in
        [("ingest", id, "fragment"), ("fragment", package, "encrypt"), ("encrypt", package, "dash")]
    {
        let logged = eventually("a line of the log", || Some(traces(function, subject)).filter(|own| !own.is_empty()));
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
