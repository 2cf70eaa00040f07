//! What every adapter of a port must do: one suite, run over the in-memory ports and over the AWS ones.
//!
//! Each function panics at the first broken promise. All names are made from `run`, so that suites can share a table, a
//! bucket or an account; give every run another one.

#![allow(clippy::missing_panics_doc, clippy::unwrap_used, reason = "a broken contract is a panic")]

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use vpp_media::cenc::{ConstantIv, ContentKey, Drm, KeyId, Pssh, Scheme};
use vpp_media::cmaf::{KeyParameters, Layout, ProtectedTracks, Protection, SegmentSize};
use vpp_media::preflight::{Preflight, Warning};

use super::edges::report;
use crate::content::{Content, Facts, Refusal, Verdict};
use crate::id::{ContentId, IncomingId, PackageId};
use crate::intake::{InParts, Incoming};
use crate::layout;
use crate::package::{Encryption, Input, Options, Package, Tally, Treatment};
use crate::ports::{
    Arrived, Book, Catalog, ContentFilter, Created, Cursor, Digest, ETag, Intake, KeyUse, KeyVault, Library, Location,
    NewObject, NewPart, ObjectRemover, ObjectStore, PackageFilter, Page, Part, PieceReceipt, Place, Put, Receipt,
    SegmentReceipt, Spent, StoreError, TokenSigner, Upload, UploadId, VerdictKind, WrappedKey,
};
use crate::state::{Advance, Failure, Stage, State, Status, Step, Transition, Work};
use crate::subtitles::{Kind, Offer, Subtitles};
use crate::timestamp::Timestamp;

/// An object store: conditional writes, ranges, versions. `etag` finds out the version of an object.
pub async fn object_store<S: ObjectStore>(store: &S, bucket: &str, run: &str, etag: impl AsyncFn(&Location) -> ETag) {
    let at = Location::new(bucket, format!("{run}/a key with spaces, + and ü.mp4"));
    let object = |bytes: &[u8]| NewObject::new(bytes.to_vec(), layout::output_headers("v1/1.m4s"));

    let missing = store.read(&at, None, 0..4).await;
    assert!(matches!(missing, Err(StoreError::Missing { .. })), "{missing:?}");

    assert_eq!(store.put_if_absent(&at, object(b"0123456789")).await.unwrap(), Put::Created);
    assert_eq!(store.put_if_absent(&at, object(b"0123456789")).await.unwrap(), Put::AlreadyThere);
    let different = store.put_if_absent(&at, object(b"something else")).await;
    assert!(matches!(different, Err(StoreError::DifferentBytes { .. })), "{different:?}");

    let pin = etag(&at).await;
    assert_eq!(store.read(&at, None, 0..10).await.unwrap(), b"0123456789", "it was left as it is");
    assert_eq!(store.read(&at, Some(&pin), 2..5).await.unwrap(), b"234");
    assert_eq!(store.read(&at, Some(&pin), 8..1_000).await.unwrap(), b"89", "cut off at its end");
    let other = ETag::new("0123456789abcdef0123456789abcdef");
    let changed = store.read(&at, Some(&other), 2..5).await;
    assert!(matches!(changed, Err(StoreError::Changed { .. })), "{changed:?}");

    let large = Location::new(bucket, format!("{run}/large"));
    let bytes: Vec<u8> = (0..9_000_000_u32).map(|at| at.to_le_bytes()[1]).collect();
    assert_eq!(store.put_if_absent(&large, object(&bytes)).await.unwrap(), Put::Created);
    assert_eq!(store.put_if_absent(&large, object(&bytes)).await.unwrap(), Put::AlreadyThere);
    assert_eq!(store.read(&large, None, 1_000..8_000_000).await.unwrap(), bytes[1_000..8_000_000]);
}

/// An object store: uploads in parts. Parts have at least what S3 asks for.
pub async fn uploads<S: ObjectStore>(store: &S, bucket: &str, run: &str) {
    let at = Location::new(bucket, format!("{run}/a file in parts.mp4"));
    let headers = layout::output_headers("v1/media.mp4");
    let bytes: Vec<u8> = (0..6_000_000_u32).map(|at| at.to_le_bytes()[1]).collect();
    let new = |number: u16, bytes: &[u8]| NewPart::new(number, bytes.to_vec());
    let upload = store.begin_upload(&at, headers).await.unwrap();
    let other = store.begin_upload(&at, headers).await.unwrap();
    assert_ne!(upload, other, "two uploads of one object do not meet");

    let tail = new(7, b"the last part may be small");
    let (tail_bytes, tail_digest) = (tail.body.length(), tail.digest);
    let tail_etag = store.put_part(&at, &upload, tail).await.unwrap();
    let first = new(1, &bytes);
    let first_digest = first.digest;
    let etag = store.put_part(&at, &upload, first).await.unwrap();
    assert_eq!(store.put_part(&at, &upload, new(1, &bytes)).await.unwrap(), etag, "the same bytes are the same part");
    let missing = store.read(&at, None, 0..4).await;
    assert!(matches!(missing, Err(StoreError::Missing { .. })), "no reader sees it: {missing:?}");

    let part = |number, bytes, digest, etag: &ETag| Part { number, bytes, digest, etag: Some(etag.clone()) };
    let parts = [part(1, 6_000_000, first_digest, &etag), part(7, tail_bytes, tail_digest, &tail_etag)];
    assert_eq!(store.complete_upload(&at, &upload, &parts).await.unwrap(), Put::Created);
    let whole = [&bytes[..], b"the last part may be small"].concat();
    assert_eq!(store.read(&at, None, 0..7_000_000).await.unwrap(), whole);
    store.complete_upload(&at, &upload, &parts).await.unwrap();
    let unknown = parts.clone().map(|part| Part { etag: None, ..part });
    assert_eq!(store.complete_upload(&at, &upload, &unknown).await.unwrap(), Put::AlreadyThere);

    // Another upload of the same object finds it, or finds that it is not what it would be.
    let again = store.put_part(&at, &other, new(1, &whole)).await.unwrap();
    let same = [part(1, whole.len() as u64, Digest::of(&whole), &again)];
    assert_eq!(store.complete_upload(&at, &other, &same).await.unwrap(), Put::AlreadyThere);
    let other = store.begin_upload(&at, headers).await.unwrap();
    let short = store.put_part(&at, &other, new(1, b"something else")).await.unwrap();
    let short = [part(1, 14, Digest::of(b"something else"), &short)];
    let different = store.complete_upload(&at, &other, &short).await;
    assert!(matches!(different, Err(StoreError::DifferentBytes { .. })), "{different:?}");

    let nowhere = Location::new(bucket, format!("{run}/given up.mp4"));
    let upload = store.begin_upload(&nowhere, headers).await.unwrap();
    store.put_part(&nowhere, &upload, new(1, &bytes)).await.unwrap();
    store.abandon_upload(&nowhere, &upload).await.unwrap();
    store.abandon_upload(&nowhere, &upload).await.unwrap();
    let over = store.put_part(&nowhere, &upload, new(1, &bytes)).await;
    assert!(matches!(over, Err(StoreError::UploadOver { .. })), "{over:?}");
    let over = store.complete_upload(&nowhere, &upload, &parts[..1]).await;
    assert!(matches!(over, Err(StoreError::UploadOver { .. })), "{over:?}");
}

/// A signer: it knows its own codes, and no others.
pub async fn token_signer<S: TokenSigner>(signer: &S) {
    let mac = signer.sign(b"one message").await.unwrap();
    assert_eq!(signer.sign(b"one message").await.unwrap(), mac, "the same message has the same code");
    assert!(signer.verify(b"one message", &mac).await.unwrap());
    assert!(!signer.verify(b"another message", &mac).await.unwrap());
    for byte in 0..mac.len() {
        let mut tampered = mac;
        tampered[byte] ^= 1;
        assert!(!signer.verify(b"one message", &tampered).await.unwrap(), "byte {byte}");
    }
}

/// A catalog: the uploads of a package are kept once.
pub async fn kept_uploads<C: Catalog>(catalog: &C, run: &str) {
    let package = package(run, 1);
    catalog.create_package(&package).await.unwrap();
    assert_eq!(catalog.uploads(&package.id).await.unwrap(), None);
    let uploads = |ids: [&str; 2]| {
        let upload = |(representation, id): (&str, &str)| Upload {
            representation: representation.to_owned(),
            id: UploadId::new(id),
        };
        ["v1", "a1"].into_iter().zip(ids).map(upload).collect::<Vec<_>>()
    };
    let first = uploads(["one/+=", "two"]);
    assert_eq!(catalog.put_uploads(&package.id, &first).await.unwrap(), Created::Now);
    let before = catalog.put_uploads(&package.id, &uploads(["three", "four"])).await.unwrap();
    assert_eq!(before, Created::Before(first.clone()));
    assert_eq!(catalog.uploads(&package.id).await.unwrap(), Some(first));
    assert_eq!(catalog.receipts(&package.id).await.unwrap(), [], "an upload is no receipt");
}

/// A catalog: conditional creates.
pub async fn creates<C: Catalog>(catalog: &C, run: &str) {
    let (content, package) = (content(run, 1), package(run, 1));
    assert_eq!(catalog.content(&content.id).await.unwrap(), None);
    assert_eq!(catalog.package(&package.id).await.unwrap(), None);

    assert_eq!(catalog.create_content(&content, Some(&package)).await.unwrap(), Created::Now);
    assert_eq!(catalog.content(&content.id).await.unwrap(), Some(content.clone()), "it reads back as written");
    assert_eq!(catalog.package(&package.id).await.unwrap(), Some(package.clone()), "in the same write");

    let later = Content { created_at: at(99), bytes_read: 0, ..content.clone() };
    assert_eq!(catalog.create_content(&later, None).await.unwrap(), Created::Before(content));
    let later = Package { created_at: at(99), tally: Tally::default(), ..package.clone() };
    assert_eq!(catalog.create_package(&later).await.unwrap(), Created::Before(package), "the first key stays");

    let clear = self::package(run, 2);
    let options = Options::new(Treatment::Clear, Duration::from_millis(2500));
    let clear = Package { encryption: None, options, ..clear };
    assert_eq!(catalog.create_package(&clear).await.unwrap(), Created::Now);
    assert_eq!(catalog.package(&clear.id).await.unwrap(), Some(clear));
}

/// A catalog: refusals, which of them are provisional, and contents that are subtitles.
pub async fn refusals<C: Catalog>(catalog: &C, run: &str) {
    let ingested = content(run, 1);
    let refused = |refusal| Content { verdict: Verdict::Refused(refusal), ..ingested.clone() };
    let provisional = refused(Refusal::ingest_failed());
    assert_eq!(catalog.create_content(&provisional, None).await.unwrap(), Created::Now);
    let facts = ingested.facts().cloned().map(Box::new);
    let last = refused(Refusal { code: "no_video".to_owned(), message: "sound alone".to_owned(), facts });
    assert_eq!(catalog.create_content(&last, None).await.unwrap(), Created::Now, "in place of the provisional one");
    assert_eq!(catalog.create_content(&ingested, None).await.unwrap(), Created::Before(last.clone()));
    assert_eq!(catalog.content(&ingested.id).await.unwrap(), Some(last));

    let subtitles = Content { verdict: Verdict::Subtitles, ..content(run, 2) };
    assert_eq!(catalog.create_content(&subtitles, None).await.unwrap(), Created::Now);
    assert_eq!(catalog.content(&subtitles.id).await.unwrap(), Some(subtitles));
}

/// A catalog: a package takes every step once, in order, and never goes back.
pub async fn steps<C: Catalog>(catalog: &C, run: &str) {
    let mut expected = package(run, 1);
    let id = expected.id.clone();
    catalog.create_package(&expected).await.unwrap();
    let failed = |stage| Step::Failed(Failure { stage, code: "late".to_owned(), message: "too late".to_owned() });
    let ready = Step::Ready { url: "https://cdn.example/stream.mpd".to_owned() };
    let steps = [
        (Step::Encrypted, Advance::Stale(Status::Queued)),
        (Step::Fragmented { slices: 2 }, Advance::Done),
        (Step::Fragmented { slices: 3 }, Advance::Stale(Status::Fragmented)),
        (Step::Encrypted, Advance::Done),
        (failed(Stage::Fragment), Advance::Stale(Status::Encrypted)),
        (ready, Advance::Done),
        (Step::Encrypted, Advance::Stale(Status::Ready)),
        (failed(Stage::Dash), Advance::Stale(Status::Ready)),
    ];
    for (second, (step, outcome)) in (10..).zip(steps) {
        let spent = vec![(Stage::Encrypt, spent(second)), (Stage::Dash, spent(second + 1))];
        let work = Work { output: Some(format!("s3://work/{second}")), bytes_read: 100, bytes_written: 7, spent };
        let transition = Transition { of: None, at: at(second), step, work };
        assert_eq!(catalog.advance(&id, &transition).await.unwrap(), outcome, "{transition:?}");
        assert_eq!(expected.apply(&transition), outcome);
        assert_eq!(catalog.package(&id).await.unwrap(), Some(expected.clone()), "after {transition:?}");
    }
}

/// A catalog: a package takes no step of another run.
pub async fn steps_of_runs<C: Catalog>(catalog: &C, run: &str) {
    let mut expected = package(run, 1);
    let id = expected.id.clone();
    catalog.create_package(&expected).await.unwrap();
    let own = expected.run;
    let failed = || Step::Failed(Failure { stage: Stage::Encrypt, code: "c".to_owned(), message: "m".to_owned() });
    let retried = Step::Retried { failed_at: at(13), to: Status::Fragmented };
    for (second, of, step, outcome) in [
        (10, Some(own + 1), Step::Fragmented { slices: 2 }, Advance::Stale(Status::Queued)),
        (11, Some(own), Step::Fragmented { slices: 2 }, Advance::Done),
        (12, Some(own + 1), failed(), Advance::Stale(Status::Fragmented)),
        (13, Some(own), failed(), Advance::Done),
        (14, None, retried, Advance::Done),
        (15, Some(own), Step::Encrypted, Advance::Stale(Status::Fragmented)),
        (16, Some(own), failed(), Advance::Stale(Status::Fragmented)),
        (17, Some(14_000), Step::Encrypted, Advance::Done),
    ] {
        let transition = Transition { of, at: at(second), step, work: Work::default() };
        assert_eq!(catalog.advance(&id, &transition).await.unwrap(), outcome, "{transition:?}");
        expected.apply(&transition);
        assert_eq!(catalog.package(&id).await.unwrap(), Some(expected.clone()), "after {transition:?}");
    }
}

/// A catalog: a failure keeps its reason and how far the package was, and is the end.
pub async fn failures<C: Catalog>(catalog: &C, run: &str) {
    let mut expected = package(run, 1);
    let id = expected.id.clone();
    catalog.create_package(&expected).await.unwrap();
    let failure =
        Failure { stage: Stage::Encrypt, code: "source_missing".to_owned(), message: "it is gone".to_owned() };
    for step in [Step::Fragmented { slices: 2 }, Step::Failed(failure), Step::Encrypted] {
        let transition = Transition { of: None, at: at(20), step, work: Work::default() };
        let outcome = expected.apply(&transition);
        assert_eq!(catalog.advance(&id, &transition).await.unwrap(), outcome);
    }
    let found = catalog.package(&id).await.unwrap().unwrap();
    assert_eq!(found, expected);
    assert!(matches!(found.state, State::Failed { before, .. } if before.plan().is_some()), "it was Fragmented before");
}

/// A catalog: a slice counts once, and receipts read back by slice.
pub async fn receipts<C: Catalog>(catalog: &C, run: &str) {
    let mut expected = package(run, 1);
    let id = expected.id.clone();
    catalog.create_package(&expected).await.unwrap();
    let fragmented = Transition { of: None, at: at(1), step: Step::Fragmented { slices: 12 }, work: Work::default() };
    catalog.advance(&id, &fragmented).await.unwrap();
    expected.apply(&fragmented);

    assert!(!catalog.has_receipt(&id, 0).await.unwrap());
    for slice in [11, 0, 2, 0, 11, 1, 3, 4, 5, 6, 7, 8, 9, 10] {
        if !catalog.has_receipt(&id, slice).await.unwrap() {
            expected.count(&receipt(slice));
        }
        catalog.put_receipt(&id, &receipt(slice)).await.unwrap();
        assert!(catalog.has_receipt(&id, slice).await.unwrap());
    }
    let found = catalog.package(&id).await.unwrap().unwrap();
    assert_eq!((found.tally.slices_done, found.clone()), (12, expected));
    let all: Vec<Receipt> = (0..12).map(receipt).collect();
    assert_eq!(catalog.receipts(&id).await.unwrap(), all);
}

/// A catalog: a package that failed may be retried once for each failure, and one that is deleted takes no step any more.
pub async fn retries_and_tombstones<C: Catalog + Library>(catalog: &C, run: &str) {
    let mut expected = package(run, 1);
    let id = expected.id.clone();
    catalog.create_package(&expected).await.unwrap();
    let failed = || Step::Failed(Failure { stage: Stage::Encrypt, code: "c".to_owned(), message: "m".to_owned() });
    let retried = |second, to| Step::Retried { failed_at: at(second), to };
    for (second, step) in [
        (10, Step::Fragmented { slices: 2 }),
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
    assert_eq!((expected.status(), expected.run), (Status::Deleting, 17_000));
}

/// A catalog: a package is forgotten with all that is known of it, and only when it is Deleting in that run.
pub async fn forgetting<C: Catalog + Library>(catalog: &C, run: &str) {
    let package = package(run, 1);
    let (id, other) = (&package.id, self::package(run, 2));
    for package in [&package, &other] {
        catalog.create_package(package).await.unwrap();
        catalog.put_receipt(&package.id, &receipt(0)).await.unwrap();
    }
    for slice in 1..60 {
        catalog.put_receipt(id, &receipt(slice)).await.unwrap();
    }
    let upload = Upload { representation: "v1".to_owned(), id: UploadId::new("one") };
    catalog.put_uploads(id, &[upload]).await.unwrap();

    catalog.forget_package(id, package.run).await.unwrap();
    assert_eq!(catalog.receipts(id).await.unwrap().len(), 60, "it is not Deleting");
    let deleting = Transition { of: None, at: at(9), step: Step::Deleting, work: Work::default() };
    assert_eq!(catalog.advance(id, &deleting).await.unwrap(), Advance::Done);
    assert!(!catalog.lease_deletion(id, package.run + 1, at(10), at(20)).await.unwrap(), "it is of another run");
    for (now, taken) in [(10, true), (10, false), (19, false), (21, true)] {
        assert_eq!(catalog.lease_deletion(id, package.run, at(now), at(20)).await.unwrap(), taken, "at {now}");
    }
    catalog.forget_package(id, package.run + 1).await.unwrap();
    assert_eq!(catalog.receipts(id).await.unwrap().len(), 60, "it is of another run");
    catalog.forget_package(id, package.run).await.unwrap();
    catalog.forget_package(id, package.run).await.unwrap();
    assert_eq!(catalog.package(id).await.unwrap(), None);
    assert_eq!(catalog.receipts(id).await.unwrap(), []);
    assert_eq!(catalog.uploads(id).await.unwrap(), None);
    assert_eq!(catalog.receipts(&other.id).await.unwrap().len(), 1, "others are left alone");
    assert!(!catalog.lease_deletion(id, package.run, at(30), at(40)).await.unwrap(), "it is gone");
    assert_eq!(catalog.create_package(&package).await.unwrap(), Created::Now, "it may be asked for again");
    assert!(!catalog.lease_deletion(id, package.run, at(30), at(40)).await.unwrap(), "it is not Deleting");
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
            Transition { of: None, at: at(9), step: Step::Fragmented { slices: 12 }, work: Work::default() };
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

/// A book: what is remembered first stays until it is forgotten.
pub async fn book<B: Book>(book: &B, run: &str) {
    let incoming = |name: &str, parts| Incoming {
        id: IncomingId::of(&[run.as_bytes(), b"a file"]),
        name: name.to_owned(),
        bytes: 5_000_000_000,
        location: Location::new("uploads", format!("uploads/{name}")),
        parts,
        created_at: at(1),
    };
    let parts = Some(InParts { upload: UploadId::new("one/+="), part_bytes: 16_777_216 });
    let (first, later) = (incoming("ä film.mp4", parts), incoming("another.mp4", None));
    assert_eq!(book.incoming(&first.id).await.unwrap(), None);
    assert_eq!(book.put_incoming(&first).await.unwrap(), Created::Now);
    assert_eq!(book.put_incoming(&later).await.unwrap(), Created::Before(first.clone()));
    assert_eq!(book.incoming(&first.id).await.unwrap(), Some(first.clone()));
    for _ in 0..2 {
        book.forget_incoming(&first.id).await.unwrap();
    }
    assert_eq!(book.put_incoming(&later).await.unwrap(), Created::Now, "it was forgotten");
    assert_eq!(book.incoming(&later.id).await.unwrap(), Some(later));

    let key = format!("{run} key");
    assert_eq!(book.claim(&key, "one", at(9)).await.unwrap(), Created::Now);
    for answer in ["one", "other"] {
        assert_eq!(book.claim(&key, answer, at(9)).await.unwrap(), Created::Before("one".to_owned()));
    }
}

/// An intake: parts are counted as they arrive, and made an object.
pub async fn intake<S: Intake>(store: &S, bucket: &str, run: &str, sender: &impl ObjectStore) {
    let at = Location::new(bucket, format!("{run}/ä file + more.mp4"));
    let lasts = Duration::from_mins(5);
    assert_eq!(store.find(&at).await.unwrap(), None);
    let (upload, other) = (store.begin(&at).await.unwrap(), store.begin(&at).await.unwrap());
    assert_eq!(store.arrived(&at, &upload).await.unwrap(), []);
    let url = store.part_url(&at, &upload, 2, lasts).await.unwrap();
    assert!(url.starts_with("http") && url.contains("partNumber=2"), "{url}");
    assert_ne!(url, store.object_url(&at, lasts).await.unwrap());
    let bytes = vec![7; 6_000_000];
    let last = sender.put_part(&at, &upload, NewPart::new(2, b"the last".to_vec())).await.unwrap();
    sender.put_part(&at, &upload, NewPart::new(1, b"too short".to_vec())).await.unwrap();
    let first = sender.put_part(&at, &upload, NewPart::new(1, bytes)).await.unwrap();
    let arrived = store.arrived(&at, &upload).await.unwrap();
    let part = |number, bytes, etag: &ETag| Arrived { number, bytes, etag: etag.clone() };
    assert_eq!(arrived, [part(1, 6_000_000, &first), part(2, 8, &last)], "the latest of each number");
    store.complete(&at, &upload, &arrived).await.unwrap();
    let (_, length) = store.find(&at).await.unwrap().unwrap();
    assert_eq!(length, 6_000_008);
    let over = store.arrived(&at, &upload).await;
    assert!(matches!(over, Err(StoreError::UploadOver { .. })), "{over:?}");
    for _ in 0..2 {
        store.give_up(&at, &other).await.unwrap();
    }
    let over = store.arrived(&at, &other).await;
    assert!(matches!(over, Err(StoreError::UploadOver { .. })), "{over:?}");
    assert!(store.find(&at).await.unwrap().is_some(), "what is whole stays");
}

/// An object store: objects are deleted by prefix, and a source by its version.
pub async fn removals<S: ObjectStore + ObjectRemover>(
    store: &S,
    bucket: &str,
    run: &str,
    etag: impl AsyncFn(&Location) -> ETag,
) {
    let at = |key: &str| Location::new(bucket, format!("{run}/{key}"));
    let object = |bytes: &[u8]| NewObject::new(bytes.to_vec(), layout::output_headers("v1/1.m4s"));
    for number in 0..30 {
        store.put_if_absent(&at(&format!("doomed/v1/{number} ü&<.m4s")), object(b"segment")).await.unwrap();
    }
    store.put_if_absent(&at("doomed2/v1/1.m4s"), object(b"other")).await.unwrap();
    for _ in 0..2 {
        store.remove_all(bucket, &format!("{run}/doomed/")).await.unwrap();
    }
    let gone = store.read(&at("doomed/v1/7 ü&<.m4s"), None, 0..4).await;
    assert!(matches!(gone, Err(StoreError::Missing { .. })), "{gone:?}");
    assert_eq!(store.read(&at("doomed2/v1/1.m4s"), None, 0..5).await.unwrap(), b"other", "another prefix");

    let source = at("doomed2/v1/1.m4s");
    let right = etag(&source).await;
    store.remove_version(&source, None, &ETag::new("0123456789abcdef0123456789abcdef")).await.unwrap();
    assert_eq!(store.read(&source, None, 0..5).await.unwrap(), b"other", "another version stands there");
    for _ in 0..2 {
        store.remove_version(&source, None, &right).await.unwrap();
    }
    let gone = store.read(&source, None, 0..4).await;
    assert!(matches!(gone, Err(StoreError::Missing { .. })), "{gone:?}");
}

/// A vault: what is wrapped for a package unwraps for it, and for no other.
pub async fn key_vault<V: KeyVault>(vault: &V, run: &str) {
    let (one, other) = (package(run, 1).id, package(run, 2).id);
    let key = ContentKey::new(*b"sixteen byte key");
    let wrapped = vault.wrap(&key, &one).await.unwrap();
    assert!(!wrapped.as_bytes().windows(16).any(|window| window == key.expose()), "the key is not in it");
    assert_eq!(vault.unwrap(&wrapped, &one).await.unwrap().expose(), key.expose());
    assert!(vault.unwrap(&wrapped, &other).await.is_err(), "it is bound to its package");

    let asked = KeyUse { package: &one, scheme: Scheme::Cbcs, tracks: ProtectedTracks::Video, audio_only: false };
    let made = vault.make(&asked).await.unwrap();
    assert_eq!(vault.unwrap(&made.wrapped, &one).await.unwrap().expose(), made.key.expose());
    let again = vault.make(&asked).await.unwrap();
    assert_ne!(made.key.expose(), again.key.expose(), "every key made is another");
}

fn at(second: u64) -> Timestamp {
    Timestamp::from(UNIX_EPOCH + Duration::from_secs(second))
}

fn spent(number: u64) -> Spent {
    Spent { millis: number, gets: 1, puts: number + 2, peak_memory: 30_000_000 + number }
}

fn content(run: &str, number: u64) -> Content {
    let (location, etag) = (Location::new("uploads", format!("{run}/{number}.mp4")), ETag::new("0123"));
    Content {
        id: ContentId::of(&location, &etag),
        location,
        etag,
        version_id: Some("version".to_owned()),
        bytes: 5_000_000_000,
        bytes_read: 70_000,
        spent: spent(number),
        created_at: at(number),
        deleted_at: None,
        verdict: Verdict::Ingested(Facts {
            index: 32..70_000,
            video_track_number: Some(1),
            report: report(),
            preflight: Some(preflight()),
            package: Some(package(run, number).id),
        }),
    }
}

fn preflight() -> Preflight {
    Preflight {
        segment_ms: 6000,
        segments: 300,
        slices: 20,
        most_ranges_in_a_slice: 1,
        bytes_to_read: 4_900_000_000,
        tracks: Vec::new(),
        warnings: vec![Warning::NoFaststart, Warning::OpenGroups { track_id: 1, open: 2, groups: 3 }],
    }
}

fn package(run: &str, number: u64) -> Package {
    let treatment = Treatment::Encrypt { scheme: Scheme::Cbcs, tracks: ProtectedTracks::All };
    let segment_duration = Duration::from_secs(6);
    let pssh = "AAAAJHBzc2gAAAAA7e+LqXnWSs6jyCfc1R0h7QAAAARkYXRh";
    let drm = Drm {
        widevine: Some(Pssh::widevine(pssh).unwrap()),
        playready: None,
        fairplay: Some("skd://key".parse().unwrap()),
    };
    let layout = if number.is_multiple_of(2) { Layout::Segments } else { Layout::SingleFile };
    let subtitles = vec![Subtitles {
        content: ContentId::of(&Location::new("uploads", "a.vtt"), &ETag::new("4567")),
        location: Location::new("uploads", "a.vtt"),
        etag: ETag::new("4567"),
        bytes: 1234,
        offer: Offer { language: "pt-BR".to_owned(), label: Some("Português".to_owned()), kind: Kind::Forced },
    }];
    let options = Options { drm, subtitles, audio_only: true, layout, ..Options::new(treatment, segment_duration) };
    let (location, etag) = (Location::new("uploads", format!("{run}/{number}.mp4")), ETag::new("0123"));
    let id = PackageId::of_upload(&ContentId::of(&location, &etag).into(), &options);
    let (kid, iv) = (KeyId::new([7; 16]).unwrap(), ConstantIv::new([9; 16]));
    let key = KeyParameters { kid, iv };
    let audio_key = KeyParameters { kid: KeyId::new([8; 16]).unwrap(), iv: ConstantIv::new([10; 16]) };
    let protection = Protection { scheme: Scheme::Cbcs, tracks: ProtectedTracks::All, key, audio_key: Some(audio_key) };
    let (key, audio_key) = (WrappedKey::new(vec![1, 2, 3, 250]), Some(WrappedKey::new(vec![4, 5])));
    Package {
        content: ContentId::of(&location, &etag),
        source: crate::content::Source { location, etag, bytes: 5_000_000_000, index: 32..70_000 },
        further: further(run),
        options,
        encryption: Some(Encryption { protection, key, audio_key }),
        created_at: at(number),
        run: 1_000 * number,
        output_file_path: None,
        tally: Tally { bytes_read: 70_000, ..Default::default() },
        spent: BTreeMap::from([(Stage::Ingest, spent(number))]),
        state: State::Queued,
        id,
    }
}

fn further(run: &str) -> Vec<Input> {
    let input = |number: u64| {
        let (location, etag) = (Location::new("uploads", format!("{run}/rung {number}.mp4")), ETag::new("4567"));
        let content = ContentId::of(&location, &etag);
        Input { content, source: crate::content::Source { location, etag, bytes: number, index: 28..number } }
    };
    vec![input(1_000_000), input(2_000_000)]
}

fn receipt(slice: u32) -> Receipt {
    let segment = |representation: &str, number, bytes| SegmentReceipt {
        representation: representation.to_owned(),
        number,
        size: SegmentSize { bytes, entry_bytes: bytes / 10 },
        digest: Some(Digest::of(representation.as_bytes())),
    };
    let first = slice * 2 + 1;
    let segments = vec![segment("v1", first, 1_000_000), segment("a1", first, 90_000), segment("v1", first + 1, 900)];
    let piece = |representation: &str, bytes, place| PieceReceipt {
        representation: representation.to_owned(),
        bytes,
        digest: Digest::of(b"piece"),
        place,
    };
    let pieces = match slice {
        0 => vec![],
        1 => vec![piece("v1", 1_100_000, Place::File)],
        _ => vec![
            piece("v1", 1_000_900, Place::Uploaded { part: 2, etag: ETag::new("0123") }),
            piece("a1", 90_000, Place::Kept { part: 1 }),
        ],
    };
    Receipt { slice, bytes_read: 1_100_000, segments, pieces, spent: spent(slice.into()) }
}
