//! What is measured of changes.

use vpp_pipeline::domain::content::{Content, Refusal, Verdict};
use vpp_pipeline::domain::event::{Change, Changed};
use vpp_pipeline::domain::metric::{Measurement, Metric};
use vpp_pipeline::domain::state::{Stage, Status, Step};

use crate::events::{at, change, content, failed, life};

/// What is measured, as `Name=value` or `Name[dimension]=value`.
fn measured(changed: &Changed) -> Vec<String> {
    let shown = |own: &Metric| {
        let dimension = own.dimension.as_ref().map_or(String::new(), |(name, value)| format!("[{name} {value}]"));
        format!("{}{dimension}={}", own.name, own.value)
    };
    Measurement::of(changed).map_or(Vec::new(), |own| own.metrics.iter().map(shown).collect())
}

#[test]
fn a_package_says_what_it_came_to_and_how_long_each_stage_took() {
    let retried = Step::Retried { failed_at: at(0), to: Status::Fragmented };
    let road = [
        Step::Fragmented { work_units: 2 },
        failed(Stage::Encrypt),
        retried,
        Step::Encrypted,
        Step::Ready { url: "url".into() },
        Step::Deleting,
    ];
    let shown: Vec<Vec<String>> = life(&road).iter().map(measured).collect();
    let expected: [&[&str]; 7] = [
        &["Packages[Status Queued]=1"],
        &["Packages[Status Fragmented]=1", "StageSeconds[Stage fragment]=1"],
        &["Packages[Status Failed]=1", "Failures[Code retries_exhausted]=1"],
        &["Packages[Status Fragmented]=1"],
        // From the retry, not from when it was planned.
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
fn what_changes_no_state_is_not_measured() {
    let Some(Changed::Package(Change { after: Some(own), .. })) = life(&[]).pop() else { panic!("a package") };
    let mut counted = own.clone();
    counted.progress.work_units_done += 1;
    let same = Changed::Package(Change { before: Some(own.clone()), after: Some(counted), at: at(9) });
    let gone = Changed::Package(Change { before: Some(own), after: None, at: at(9) });
    let tombstone = Content { deleted_at: Some(at(9)), ..content() };
    let deleted = Changed::Content(change(Some(content()), Some(tombstone), 9));
    assert_eq!([same, gone, deleted].map(|changed| measured(&changed)), [const { Vec::<String>::new() }; 3]);
}

#[test]
fn an_upload_says_what_became_of_it_and_why() {
    let refusal = Refusal { code: "no_media".into(), message: "nothing".into(), media_info: None };
    let refused = Content { verdict: Verdict::Refused(refusal), ..content() };
    let new = |content: Content| measured(&Changed::Content(change(None, Some(content), 0)));
    assert_eq!(new(content()), ["Contents[Status Ingested]=1", "UploadedBytes=1000000"]);
    assert_eq!(new(refused), ["Contents[Status Refused]=1", "Refusals[Code no_media]=1", "UploadedBytes=1000000"]);
}
