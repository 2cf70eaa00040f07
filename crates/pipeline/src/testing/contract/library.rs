//! Libraries: lists, retries and the end of things; and books.

use super::made::{at, content, further, package, receipt};
use crate::api::uploads::{ClientMultipart, ClientUpload};
use crate::domain::content::{Content, Refusal, Verdict};
use crate::domain::id::{ClientUploadId, ContentId};
use crate::domain::package::Package;
use crate::domain::state::{Advance, Failure, Stage, Status, Step, Transition, Work};
use crate::ports::{
    Catalog, ContentFilter, Created, Cursor, Library, Location, PackageFilter, Page, RequestRecords, Upload, UploadId,
    VerdictKind,
};

/// A catalog: a package that failed may be retried once for each failure, and one that is deleted takes no step any more.
pub async fn retries_and_tombstones<C: Catalog + Library>(catalog: &C, run: &str) {
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
        (21, Step::Ready { url: "https://cdn.example/stream.mpd".to_owned() }),
        (22, failed()),
    ] {
        let transition = Transition { of: None, at: at(second), step, work: Work::default() };
        let outcome = expected.apply(&transition);
        assert_eq!(catalog.advance(&id, &transition).await.unwrap(), outcome, "{transition:?}");
        assert_eq!(catalog.package(&id).await.unwrap(), Some(expected.clone()), "after {transition:?}");
    }
    assert_eq!((expected.status(), expected.attempt), (Status::Deleting, 17_000));
}

/// A catalog: a package is forgotten with all that is known of it, and only when it is Deleting in that run.
pub async fn forgetting<C: Catalog + Library>(catalog: &C, run: &str) {
    let package = package(run, 1);
    let (id, other) = (&package.id, self::package(run, 2));
    for package in [&package, &other] {
        catalog.create_package(package).await.unwrap();
        catalog.put_receipt(&package.id, &receipt(0)).await.unwrap();
    }
    for work_unit in 1..60 {
        catalog.put_receipt(id, &receipt(work_unit)).await.unwrap();
    }
    let upload = Upload { representation: "v1".to_owned(), id: UploadId::new("one") };
    catalog.put_uploads(id, &[upload]).await.unwrap();

    catalog.forget_package(id, package.attempt).await.unwrap();
    assert_eq!(catalog.receipts(id).await.unwrap().len(), 60, "it is not Deleting");
    let deleting = Transition { of: None, at: at(9), step: Step::Deleting, work: Work::default() };
    assert_eq!(catalog.advance(id, &deleting).await.unwrap(), Advance::Done);
    assert!(
        !catalog.lease_deletion(id, package.attempt + 1, at(10), at(20)).await.unwrap(),
        "it is of another attempt"
    );
    for (now, taken) in [(10, true), (10, false), (19, false), (21, true)] {
        assert_eq!(catalog.lease_deletion(id, package.attempt, at(now), at(20)).await.unwrap(), taken, "at {now}");
    }
    catalog.forget_package(id, package.attempt + 1).await.unwrap();
    assert_eq!(catalog.receipts(id).await.unwrap().len(), 60, "it is of another attempt");
    catalog.forget_package(id, package.attempt).await.unwrap();
    catalog.forget_package(id, package.attempt).await.unwrap();
    assert_eq!(catalog.package(id).await.unwrap(), None);
    assert_eq!(catalog.receipts(id).await.unwrap(), []);
    assert_eq!(catalog.uploads(id).await.unwrap(), None);
    assert_eq!(catalog.receipts(&other.id).await.unwrap().len(), 1, "others are left alone");
    assert!(!catalog.lease_deletion(id, package.attempt, at(30), at(40)).await.unwrap(), "it is gone");
    assert_eq!(catalog.create_package(&package).await.unwrap(), Created::Now, "it may be asked for again");
    assert!(!catalog.lease_deletion(id, package.attempt, at(30), at(40)).await.unwrap(), "it is not Deleting");
}

/// A catalog: a tombstone of a content keeps the same version from coming back, and gives way to another.
pub async fn tombstones<C: Catalog + Library>(catalog: &C, run: &str) {
    let content = content(run, 4_000_100_000);
    catalog.bury_content(&content.id, at(5)).await.unwrap();
    assert_eq!(catalog.content(&content.id).await.unwrap(), None, "of nothing there is no tombstone");
    catalog.create_content(&content, None).await.unwrap();
    catalog.bury_content(&content.id, at(5)).await.unwrap();
    catalog.bury_content(&content.id, at(6)).await.unwrap();
    let buried = Content { deleted_at: Some(at(5)), ..content.clone() };
    assert_eq!(catalog.content(&content.id).await.unwrap(), Some(buried.clone()));
    assert_eq!(catalog.create_content(&content, None).await.unwrap(), Created::Before(buried));
    let page = catalog.contents(&ContentFilter::default(), 1, None).await.unwrap();
    assert!(page.items.iter().all(|own| own.id != content.id), "it is not listed");
    let again = Content { version_id: Some("another".to_owned()), ..content };
    assert_eq!(catalog.create_content(&again, None).await.unwrap(), Created::Now);
    assert_eq!(catalog.content(&again.id).await.unwrap(), Some(again));
}

/// A catalog: contents are listed newest first, page by page, and filtered. `catalog` holds no newer contents than those
/// made here.
pub async fn listing<C: Catalog + Library>(catalog: &C, run: &str) {
    let mut made: Vec<Content> = (0..5).map(|number| content(run, 4_000_000_000 + number)).collect();
    made[1].verdict = Verdict::Refused(Refusal { code: "no_video".into(), message: "sound".into(), facts: None });
    made[3].verdict = Verdict::Subtitles;
    for content in &made {
        catalog.create_content(content, None).await.unwrap();
    }
    made.reverse();
    let mut listed = Vec::new();
    let mut cursor = None;
    for expected in [2, 2, 1] {
        let page = catalog.contents(&ContentFilter::default(), 2, cursor.as_ref()).await.unwrap();
        listed.extend(page.items.into_iter().take(expected));
        cursor = page.next;
    }
    assert_eq!(listed, made);

    let origin = Some(format!("s3://uploads/{run}/"));
    for (kind, numbers) in [
        (Some(VerdictKind::Ingested), vec![0, 2, 4]),
        (Some(VerdictKind::Subtitles), vec![1]),
        (Some(VerdictKind::Refused), vec![3]),
        (None, vec![0, 1, 2, 3, 4]),
    ] {
        let filter = ContentFilter { verdict: kind, origin: origin.clone() };
        let found = all(async |after| catalog.contents(&filter, 2, after).await.unwrap()).await;
        let expected: Vec<_> = numbers.into_iter().map(|number: usize| made[number].clone()).collect();
        assert_eq!(found, expected, "{kind:?}");
    }
    let nowhere = ContentFilter { origin: Some(format!("s3://uploads/{run}/none")), ..ContentFilter::default() };
    assert_eq!(all(async |after| catalog.contents(&nowhere, 2, after).await.unwrap()).await, []);
}

/// A catalog: packages are listed newest first, page by page, as they are now, and filtered. `catalog` holds no newer
/// packages than those made here.
pub async fn listing_packages<C: Catalog + Library>(catalog: &C, run: &str) {
    let mut made: Vec<Package> = (0..5).map(|number| package(run, 4_000_000_000 + number)).collect();
    for package in &made {
        catalog.create_package(package).await.unwrap();
    }
    for number in [0, 3] {
        let fragmented =
            Transition { of: None, at: at(9), step: Step::Fragmented { work_units: 12 }, work: Work::default() };
        catalog.advance(&made[number].id, &fragmented).await.unwrap();
        made[number].apply(&fragmented);
        catalog.put_receipt(&made[number].id, &receipt(0)).await.unwrap();
        made[number].count(&receipt(0));
    }
    made.reverse();
    let first = catalog.packages(&PackageFilter::default(), 3, None).await.unwrap();
    assert_eq!(first.items, made[..3]);
    let second = catalog.packages(&PackageFilter::default(), 2, first.next.as_ref()).await.unwrap();
    assert_eq!(second.items, made[3..]);

    let filter = |status, content: Option<&ContentId>| PackageFilter { status, content: content.cloned() };
    let further = further(run).remove(0).content;
    for (filter, numbers) in [
        (filter(Some(Status::Fragmented), Some(&further)), vec![1, 4]),
        (filter(Some(Status::Queued), Some(&further)), vec![0, 2, 3]),
        (filter(None, Some(&made[2].content)), vec![2]),
        (filter(Some(Status::Ready), Some(&made[2].content)), vec![]),
    ] {
        let found = all(async |after| catalog.packages(&filter, 2, after).await.unwrap()).await;
        let expected: Vec<_> = numbers.into_iter().map(|number: usize| made[number].clone()).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
}

/// Every item of a list, page by page.
async fn all<T, I>(list: impl AsyncFn(Option<&Cursor<I>>) -> Page<T, I>) -> Vec<T> {
    let (mut items, mut cursor) = (Vec::new(), None);
    loop {
        let page = list(cursor.as_ref()).await;
        items.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            return items;
        }
    }
}

/// Request records: what is remembered first stays until it is forgotten.
pub async fn request_records<R: RequestRecords>(records: &R, run: &str) {
    let incoming = |name: &str, parts| ClientUpload {
        id: ClientUploadId::of(&[run.as_bytes(), b"a file"]),
        name: name.to_owned(),
        bytes: 5_000_000_000,
        location: Location::new("uploads", format!("uploads/{name}")),
        parts,
        created_at: at(1),
    };
    let parts = Some(ClientMultipart { upload: UploadId::new("one/+="), part_bytes: 16_777_216 });
    let (first, later) = (incoming("ä film.mp4", parts), incoming("another.mp4", None));
    assert_eq!(records.incoming(&first.id).await.unwrap(), None);
    assert_eq!(records.put_upload(&first).await.unwrap(), Created::Now);
    assert_eq!(records.put_upload(&later).await.unwrap(), Created::Before(first.clone()));
    assert_eq!(records.incoming(&first.id).await.unwrap(), Some(first.clone()));
    for _ in 0..2 {
        records.forget_upload(&first.id).await.unwrap();
    }
    assert_eq!(records.put_upload(&later).await.unwrap(), Created::Now, "it was forgotten");
    assert_eq!(records.incoming(&later.id).await.unwrap(), Some(later));

    let key = format!("{run} key");
    assert_eq!(records.claim(&key, "one", at(9)).await.unwrap(), Created::Now);
    for answer in ["one", "other"] {
        assert_eq!(records.claim(&key, answer, at(9)).await.unwrap(), Created::Before("one".to_owned()));
    }
}
