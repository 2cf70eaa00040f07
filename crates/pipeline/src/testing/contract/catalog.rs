//! The contract of the catalog.

use vpp_media::preflight::{RequiredOptions, Warning};
use vpp_media::sidecar::SubtitleFormat;

use std::time::Duration;

use super::fixtures::{at, content, package, receipt, usage};
use crate::domain::content::{Content, Refusal, Verdict};
use crate::domain::multipart::{OutputUpload, UploadId};
use crate::domain::package::{Package, Progress};
use crate::domain::package_options::{PackageOptions, ProtectionOptions};
use crate::domain::receipt::{MadeSegment, Receipt};
use crate::domain::state::{Advance, Failure, Stage, StageWork, State, Status, Step, Transition};
use crate::domain::subtitles::SubtitleInfo;
use crate::domain::when::{RetentionDays, When};
use crate::ports::{Catalog, CreateOutcome, DeletionRecords, ReceiptPage};
use crate::testing::all_receipts;

/// Checks a catalog: the uploads of a package are stored once.
pub async fn stored_uploads<C: Catalog>(catalog: &C, run: &str) {
    let package = package(run, 1);
    catalog.create_package(&package).await.unwrap();
    assert_eq!(catalog.uploads(&package.id).await.unwrap(), None);
    let uploads = |ids: [&str; 2]| {
        let upload = |(representation, id): (&str, &str)| OutputUpload {
            representation: representation.parse().unwrap(),
            id: UploadId::new(id),
        };
        ["v1", "a1"].into_iter().zip(ids).map(upload).collect::<Vec<_>>()
    };
    let first = uploads(["one/+=", "two"]);
    assert_eq!(catalog.put_uploads(&package.id, &first).await.unwrap(), CreateOutcome::Created);
    let before = catalog.put_uploads(&package.id, &uploads(["three", "four"])).await.unwrap();
    assert_eq!(before, CreateOutcome::Existing(first.clone()));
    assert_eq!(catalog.uploads(&package.id).await.unwrap(), Some(first));
    assert_eq!(all_receipts(catalog, &package.id).await, [], "an upload is not a receipt");
}

/// Checks a catalog: conditional creates.
pub async fn creates<C: Catalog>(catalog: &C, run: &str) {
    let (content, package) = (content(run, 1), package(run, 1));
    assert_eq!(catalog.content(&content.id).await.unwrap(), None);
    assert_eq!(catalog.package(&package.id).await.unwrap(), None);

    assert_eq!(catalog.create_content(&content, Some(&package)).await.unwrap(), CreateOutcome::Created);
    assert_eq!(catalog.content(&content.id).await.unwrap(), Some(content.clone()), "it reads back as written");
    assert_eq!(catalog.package(&package.id).await.unwrap(), Some(package.clone()), "in the same write");

    let later = Content { created_at: at(99), bytes_read: 0, ..content.clone() };
    assert_eq!(catalog.create_content(&later, None).await.unwrap(), CreateOutcome::Existing(content));
    let later = Package { created_at: at(99), progress: Progress::default(), ..package.clone() };
    assert_eq!(
        catalog.create_package(&later).await.unwrap(),
        CreateOutcome::Existing(package),
        "the first package stays"
    );

    let clear = self::package(run, 2);
    let options = PackageOptions::new(ProtectionOptions::Clear, Duration::from_millis(2500));
    let clear = Package { encryption: None, options, ..clear };
    assert_eq!(catalog.create_package(&clear).await.unwrap(), CreateOutcome::Created);
    assert_eq!(catalog.package(&clear.id).await.unwrap(), Some(clear));
}

/// Checks a catalog: refusals, which of them are provisional, and contents that are subtitles.
pub async fn refusals<C: Catalog>(catalog: &C, run: &str) {
    let ingested = content(run, 1);
    let refused = |refusal| Content { verdict: Verdict::Refused(refusal), ..ingested.clone() };
    let provisional = refused(Refusal::ingest_failed());
    assert_eq!(catalog.create_content(&provisional, None).await.unwrap(), CreateOutcome::Created);
    let remedies = RequiredOptions::ALL.to_vec();
    let media_info = ingested.media_info().cloned().map(Box::new);
    let last = refused(Refusal { code: "no_video".to_owned(), message: "audio only".to_owned(), media_info, remedies });
    assert_eq!(
        catalog.create_content(&last, None).await.unwrap(),
        CreateOutcome::Created,
        "it replaces the provisional refusal"
    );
    assert_eq!(catalog.create_content(&ingested, None).await.unwrap(), CreateOutcome::Existing(last.clone()));
    assert_eq!(catalog.content(&ingested.id).await.unwrap(), Some(last));

    let warnings = vec![Warning::SubtitleEncodingGuessed { encoding: "windows-1252".to_owned() }];
    let info = SubtitleInfo { format: SubtitleFormat::Srt, warnings };
    let subtitles = Content { verdict: Verdict::Subtitles(info), ..content(run, 2) };
    assert_eq!(catalog.create_content(&subtitles, None).await.unwrap(), CreateOutcome::Created);
    assert_eq!(catalog.content(&subtitles.id).await.unwrap(), Some(subtitles));
}

/// Checks a catalog: a package takes every step once, in order, and never goes back.
pub async fn steps<C: Catalog>(catalog: &C, run: &str) {
    let mut expected = package(run, 1);
    let id = expected.id.clone();
    catalog.create_package(&expected).await.unwrap();
    let failed = |stage| Step::Failed(Failure { stage, code: "late".to_owned(), message: "too late".to_owned() });
    let ready = Step::Ready;
    let steps = [
        (Step::Encrypted, Advance::Stale(Status::Queued)),
        (Step::Fragmented { work_units: 2 }, Advance::Done),
        (Step::Fragmented { work_units: 3 }, Advance::Stale(Status::Fragmented)),
        (Step::Encrypted, Advance::Done),
        (failed(Stage::Fragment), Advance::Stale(Status::Encrypted)),
        (ready, Advance::Done),
        (Step::Encrypted, Advance::Stale(Status::Ready)),
        (failed(Stage::Dash), Advance::Stale(Status::Ready)),
    ];
    for (second, (step, outcome)) in (10..).zip(steps) {
        let usage = vec![(Stage::Encrypt, usage(second)), (Stage::Dash, usage(second + 1))];
        let nothing_encrypted = match step {
            Step::Ready => vec!["a1".parse().unwrap(), "a2".parse().unwrap()],
            _ => Vec::new(),
        };
        let output = Some(format!("s3://work/{second}"));
        let work = StageWork { output, bytes_read: 100, bytes_written: 7, usage, nothing_encrypted };
        let transition = Transition { attempt: None, at: at(second), step, work };
        assert_eq!(catalog.advance(&id, &transition).await.unwrap(), outcome, "{transition:?}");
        assert_eq!(expected.apply(&transition), outcome);
        assert_eq!(catalog.package(&id).await.unwrap(), Some(expected.clone()), "after {transition:?}");
    }
}

/// Checks a catalog: a package takes no step of another attempt.
pub async fn steps_of_attempts<C: Catalog>(catalog: &C, run: &str) {
    let mut expected = package(run, 1);
    let id = expected.id.clone();
    catalog.create_package(&expected).await.unwrap();
    let attempt = expected.attempt;
    let failed = || Step::Failed(Failure { stage: Stage::Encrypt, code: "c".to_owned(), message: "m".to_owned() });
    let retried = Step::Retried { failed_at: at(13), to: Status::Fragmented };
    for (second, attempt, step, outcome) in [
        (10, Some(attempt + 1), Step::Fragmented { work_units: 2 }, Advance::Stale(Status::Queued)),
        (11, Some(attempt), Step::Fragmented { work_units: 2 }, Advance::Done),
        (12, Some(attempt + 1), failed(), Advance::Stale(Status::Fragmented)),
        (13, Some(attempt), failed(), Advance::Done),
        (14, None, retried, Advance::Done),
        (15, Some(attempt), Step::Encrypted, Advance::Stale(Status::Fragmented)),
        (16, Some(attempt), failed(), Advance::Stale(Status::Fragmented)),
        (17, Some(14_000), Step::Encrypted, Advance::Done),
    ] {
        let transition = Transition { attempt, at: at(second), step, work: StageWork::default() };
        assert_eq!(catalog.advance(&id, &transition).await.unwrap(), outcome, "{transition:?}");
        expected.apply(&transition);
        assert_eq!(catalog.package(&id).await.unwrap(), Some(expected.clone()), "after {transition:?}");
    }
}

/// Checks a catalog: a failure stores its reason and the state before it, and is final.
pub async fn failures<C: Catalog>(catalog: &C, run: &str) {
    let mut expected = package(run, 1);
    let id = expected.id.clone();
    catalog.create_package(&expected).await.unwrap();
    let failure = Failure {
        stage: Stage::Encrypt,
        code: "source_missing".to_owned(),
        message: "the source is deleted".to_owned(),
    };
    for step in [Step::Fragmented { work_units: 2 }, Step::Failed(failure), Step::Encrypted] {
        let transition = Transition { attempt: None, at: at(20), step, work: StageWork::default() };
        let outcome = expected.apply(&transition);
        assert_eq!(catalog.advance(&id, &transition).await.unwrap(), outcome);
    }
    let found = catalog.package(&id).await.unwrap().unwrap();
    assert_eq!(found, expected);
    assert!(matches!(found.state, State::Failed { before, .. } if before.plan().is_some()), "it was Fragmented before");
}

/// Checks a catalog: a work unit counts once, and receipts read back by work unit.
pub async fn receipts<C: Catalog>(catalog: &C, run: &str) {
    let mut expected = package(run, 1);
    let id = expected.id.clone();
    catalog.create_package(&expected).await.unwrap();
    let fragmented =
        Transition { attempt: None, at: at(1), step: Step::Fragmented { work_units: 12 }, work: StageWork::default() };
    catalog.advance(&id, &fragmented).await.unwrap();
    expected.apply(&fragmented);

    assert!(!catalog.has_receipt(&id, 0).await.unwrap());
    for work_unit in [11, 0, 2, 0, 11, 1, 3, 4, 5, 6, 7, 8, 9, 10] {
        if !catalog.has_receipt(&id, work_unit).await.unwrap() {
            expected.count(&receipt(work_unit));
        }
        catalog.put_receipt(&id, &receipt(work_unit)).await.unwrap();
        assert!(catalog.has_receipt(&id, work_unit).await.unwrap());
    }
    let found = catalog.package(&id).await.unwrap().unwrap();
    assert_eq!((found.progress.work_units_done, found.clone()), (12, expected));
    let all: Vec<Receipt> = (0..12).map(receipt).collect();
    assert_eq!(all_receipts(catalog, &id).await, all);
    let rest = catalog.receipts(&id, Some(6)).await.unwrap();
    assert_eq!(rest, ReceiptPage { receipts: all[7..].to_vec(), next: None });
    let none = ReceiptPage { receipts: Vec::new(), next: None };
    assert_eq!(catalog.receipts(&id, Some(11)).await.unwrap(), none, "nothing follows the last one");
}

/// Checks a catalog: a package that is made on demand counts the segments that are made, and can be made ahead.
pub async fn made_on_demand<C: Catalog + DeletionRecords>(catalog: &C, run: &str) {
    let (mut expected, unknown) = (package(run, 1), package(run, 2).id);
    let id = expected.id.clone();
    assert_eq!((expected.when, expected.retention.map(RetentionDays::days)), (When::OnDemand, Some(30)));
    catalog.create_package(&expected).await.unwrap();
    let made = MadeSegment { bytes_read: 1_000, bytes_written: 1_100 };
    for _ in 0..2 {
        catalog.count_made(&id, &made).await.unwrap();
        expected.count_made(&made);
    }
    catalog.count_made(&unknown, &made).await.unwrap();
    assert_eq!(catalog.package(&id).await.unwrap(), Some(expected.clone()));
    for _ in 0..2 {
        catalog.make_ahead(&id).await.unwrap();
        catalog.make_ahead(&unknown).await.unwrap();
        expected.when = When::Ahead;
        assert_eq!(catalog.package(&id).await.unwrap(), Some(expected.clone()));
    }
    assert_eq!(catalog.package(&unknown).await.unwrap(), None, "no record appears");

    let steps = [Step::Fragmented { work_units: 2 }, Step::Encrypted, Step::Ready, Step::Deleting];
    for (second, step) in (10..).zip(steps) {
        let transition = Transition { attempt: None, at: at(second), step, work: StageWork::default() };
        assert_eq!(catalog.advance(&id, &transition).await.unwrap(), expected.apply(&transition));
    }
    let deletion = catalog.package_deletion(&id).await.unwrap().unwrap();
    assert_eq!(deletion.at_rest_since, at(13), "segments that expired may have been made until now");
}
