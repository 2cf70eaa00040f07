//! The metrics of changes.

use vpp_pipeline::domain::content::{Content, Refusal, Verdict};
use vpp_pipeline::domain::event::{Change, Changed};
use vpp_pipeline::domain::metric::{Measurement, Metric};
use vpp_pipeline::domain::state::{Stage, Status, Step};

use crate::events::{at, change, content, failed, life};

/// Returns the metrics, as `Name=value` or `Name[dimension]=value`.
fn measured(changed: &Changed) -> Vec<String> {
    let show = |metric: &Metric| {
        let dimension = metric.dimension.as_ref().map_or(String::new(), |(name, value)| format!("[{name} {value}]"));
        format!("{}{dimension}={}", metric.name, metric.value)
    };
    Measurement::of(changed).map_or(Vec::new(), |measurement| measurement.metrics.iter().map(show).collect())
}

#[test]
fn packages_are_counted_by_outcome_and_stages_timed() {
    let retried = Step::Retried { failed_at: at(0), to: Status::Fragmented };
    let steps = [
        Step::Fragmented { work_units: 2 },
        failed(Stage::Encrypt),
        retried,
        Step::Encrypted,
        Step::Ready,
        Step::Deleting,
    ];
    let shown: Vec<Vec<String>> = life(&steps).iter().map(measured).collect();
    let expected: [&[&str]; 7] = [
        &["Packages[Status Queued]=1"],
        &["Packages[Status Fragmented]=1", "StageSeconds[Stage fragment]=1"],
        &["Packages[Status Failed]=1", "Failures[Code retries_exhausted]=1"],
        &["Packages[Status Fragmented]=1"],
        // Timed from the retry, not from the plan.
        &["Packages[Status Encrypted]=1", "StageSeconds[Stage encrypt]=1"],
        &[
            "Packages[Status Ready]=1",
            "StageSeconds[Stage dash]=1",
            "ReadySeconds=2",
            "BytesRead=100",
            "BytesWritten=0",
        ],
        &["Packages[Status Deleting]=1"],
    ];
    assert_eq!(shown, expected);
}

#[test]
fn only_a_change_of_state_is_measured() {
    let Some(Changed::Package(Change { after: Some(package), .. })) = life(&[]).pop() else { panic!("a package") };
    let mut counted = package.clone();
    counted.progress.work_units_done += 1;
    let same = Changed::Package(Change { before: Some(package.clone()), after: Some(counted), at: at(9) });
    let purged = Changed::Package(Change { before: Some(package), after: None, at: at(9) });
    let tombstone = Content { deleted_at: Some(at(9)), ..content() };
    let deleted = Changed::Content(change(Some(content()), Some(tombstone), 9));
    assert_eq!([same, purged, deleted].map(|changed| measured(&changed)), [const { Vec::<String>::new() }; 3]);
}

#[test]
fn uploads_are_counted_by_verdict_and_refusals_by_code() {
    let refusal = Refusal { code: "no_media".into(), message: "nothing".into(), media_info: None, remedies: vec![] };
    let refused = Content { verdict: Verdict::Refused(refusal), ..content() };
    let new = |content: Content| measured(&Changed::Content(change(None, Some(content), 0)));
    assert_eq!(new(content()), ["Contents[Status Ingested]=1", "UploadedBytes=1000000"]);
    assert_eq!(new(refused), ["Contents[Status Refused]=1", "Refusals[Code no_media]=1", "UploadedBytes=1000000"]);
}
