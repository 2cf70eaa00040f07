//! The contract of retries, tombstones and the deletion of records.

use super::fixtures::{at, content, package, receipt};
use crate::domain::content::Content;
use crate::domain::id::ContentId;
use crate::domain::listing::ContentFilter;
use crate::domain::multipart::{OutputUpload, UploadId};
use crate::domain::state::{Advance, Failure, Stage, StageWork, Status, Step, Transition};
use crate::domain::timestamp::Timestamp;
use crate::domain::unreadable::Listed;
use crate::ports::{Catalog, CreateOutcome, DeletionRecords, Listing, Tombstone};
use crate::testing::all_receipts;

/// Checks a catalog: each failure may be retried once, and a package that is Deleting takes no step.
pub async fn retries_and_tombstones<C: Catalog + Listing + DeletionRecords>(catalog: &C, run: &str) {
    let mut expected = package(run, 1);
    let id = expected.id.clone();
    catalog.create_package(&expected).await.unwrap();
    let failed = || Step::Failed(Failure { stage: Stage::Encrypt, code: "c".to_owned(), message: "m".to_owned() });
    let retried = |second, to| Step::Retried { failed_at: at(second), to };
    for (second, step) in [
        (10, Step::Fragmented { work_units: 2 }),
        (11, failed()),
        (12, retried(11, Status::Fragmented)),
        (13, retried(11, Status::Fragmented)),
        (14, failed()),
        (15, retried(11, Status::Fragmented)),
        (16, Step::Encrypted),
        (17, retried(14, Status::Fragmented)),
        (18, Step::Encrypted),
        (19, Step::Deleting),
        (20, Step::Deleting),
        (21, Step::Ready),
        (22, failed()),
    ] {
        let transition = Transition { attempt: None, at: at(second), step, work: StageWork::default() };
        let outcome = expected.apply(&transition);
        assert_eq!(catalog.advance(&id, &transition).await.unwrap(), outcome, "{transition:?}");
        assert_eq!(catalog.package(&id).await.unwrap(), Some(expected.clone()), "after {transition:?}");
    }
    assert_eq!((expected.status(), expected.attempt), (Status::Deleting, 17_000));
}

/// Checks a catalog: a package is purged with all its records, and only when it is Deleting in that attempt.
pub async fn purging<C: Catalog + Listing + DeletionRecords>(catalog: &C, run: &str) {
    let package = package(run, 1);
    let (id, other) = (&package.id, self::package(run, 2));
    for package in [&package, &other] {
        catalog.create_package(package).await.unwrap();
        catalog.put_receipt(&package.id, &receipt(0)).await.unwrap();
    }
    for work_unit in 1..60 {
        catalog.put_receipt(id, &receipt(work_unit)).await.unwrap();
    }
    let upload = OutputUpload { representation: "v1".parse().unwrap(), id: UploadId::new("one") };
    catalog.put_uploads(id, &[upload]).await.unwrap();

    catalog.purge_package(id, package.attempt).await.unwrap();
    assert_eq!(all_receipts(catalog, id).await.len(), 60, "it is not Deleting");
    let deleting = Transition { attempt: None, at: at(9), step: Step::Deleting, work: StageWork::default() };
    assert_eq!(catalog.advance(id, &deleting).await.unwrap(), Advance::Done);
    assert!(
        !catalog.lease_deletion(id, package.attempt + 1, at(10), at(20)).await.unwrap(),
        "it is of another attempt"
    );
    for (now, taken) in [(10, true), (10, false), (19, false), (21, true)] {
        assert_eq!(catalog.lease_deletion(id, package.attempt, at(now), at(20)).await.unwrap(), taken, "at {now}");
    }
    catalog.purge_package(id, package.attempt + 1).await.unwrap();
    assert_eq!(all_receipts(catalog, id).await.len(), 60, "it is of another attempt");
    catalog.purge_package(id, package.attempt).await.unwrap();
    catalog.purge_package(id, package.attempt).await.unwrap();
    assert_eq!(catalog.package(id).await.unwrap(), None);
    assert_eq!(all_receipts(catalog, id).await, []);
    assert_eq!(catalog.uploads(id).await.unwrap(), None);
    assert_eq!(all_receipts(catalog, &other.id).await.len(), 1, "other packages stay");
    assert!(!catalog.lease_deletion(id, package.attempt, at(30), at(40)).await.unwrap(), "it is purged");
    assert_eq!(catalog.create_package(&package).await.unwrap(), CreateOutcome::Created, "it may be requested again");
    assert!(!catalog.lease_deletion(id, package.attempt, at(30), at(40)).await.unwrap(), "it is not Deleting");
}

/// Checks a catalog: a tombstone prevents a content of the same version, and is replaced by one of another version.
pub async fn tombstones<C: Catalog + Listing + DeletionRecords>(catalog: &C, run: &str) {
    let content = content(run, 4_000_100_000);
    let deleted = |second| Tombstone { deleted_at: at(second), forget_at: at(second + 100) };
    catalog.mark_content_deleted(&content.id, deleted(5)).await.unwrap();
    assert_eq!(catalog.content(&content.id).await.unwrap(), None, "there is no tombstone without a content");
    catalog.create_content(&content, None).await.unwrap();
    catalog.mark_content_deleted(&content.id, deleted(5)).await.unwrap();
    catalog.mark_content_deleted(&content.id, deleted(6)).await.unwrap();
    let deleted = Content { deleted_at: Some(at(5)), ..content.clone() };
    assert_eq!(catalog.content(&content.id).await.unwrap(), Some(deleted.clone()));
    assert_eq!(catalog.create_content(&content, None).await.unwrap(), CreateOutcome::Existing(deleted));
    let page = catalog.contents(&ContentFilter::default(), 1, None).await.unwrap();
    assert!(page.items.into_iter().filter_map(Listed::readable).all(|item| item.id != content.id), "it is not listed");
    let again = Content { version_id: Some("another".to_owned()), ..content };
    assert_eq!(catalog.create_content(&again, None).await.unwrap(), CreateOutcome::Created);
    assert_eq!(catalog.content(&again.id).await.unwrap(), Some(again));
}

/// Checks a catalog: a tombstone states when it is removed, and the content that replaces it does not. `forget_at` reads this time
/// from the catalog.
pub async fn expiry<C: Catalog + DeletionRecords>(
    catalog: &C,
    run: &str,
    forget_at: &impl AsyncFn(&ContentId) -> Option<Timestamp>,
) {
    let content = content(run, 4_000_100_000);
    catalog.create_content(&content, None).await.unwrap();
    assert_eq!(forget_at(&content.id).await, None);
    for second in [5, 6] {
        let tombstone = Tombstone { deleted_at: at(second), forget_at: at(second + 1_000) };
        catalog.mark_content_deleted(&content.id, tombstone).await.unwrap();
        assert_eq!(forget_at(&content.id).await, Some(at(1_005)));
    }
    let again = Content { version_id: Some("another".to_owned()), ..content };
    assert_eq!(catalog.create_content(&again, None).await.unwrap(), CreateOutcome::Created);
    assert_eq!(forget_at(&again.id).await, None);
}
