//! The contract of lists.

use vpp_media::sidecar::SubtitleFormat;

use super::fixtures::{at, content, further, package, receipt};
use crate::domain::content::{Content, Refusal, Verdict};
use crate::domain::id::ContentId;
use crate::domain::listing::{ContentFilter, Cursor, PackageFilter, Page, VerdictKind};
use crate::domain::package::Package;
use crate::domain::state::{StageWork, Status, Step, Transition};
use crate::domain::subtitles::SubtitleInfo;
use crate::domain::unreadable::Listed;
use crate::ports::{Catalog, Listing};

/// Checks a catalog: contents are listed newest first, page by page, and filtered. `catalog` has no newer contents.
pub async fn listing<C: Catalog + Listing>(catalog: &C, run: &str) {
    let mut contents: Vec<Content> = (0..5).map(|number| content(run, 4_000_000_000 + number)).collect();
    contents[1].verdict = Verdict::Refused(Refusal {
        code: "no_video".into(),
        message: "audio only".into(),
        media_info: None,
        remedies: vec![],
    });
    contents[3].verdict = Verdict::Subtitles(SubtitleInfo { format: SubtitleFormat::WebVtt, warnings: Vec::new() });
    for content in &contents {
        catalog.create_content(content, None).await.unwrap();
    }
    contents.reverse();
    let mut listed = Vec::new();
    let mut cursor = None;
    for expected in [2, 2, 1] {
        let page = catalog.contents(&ContentFilter::default(), 2, cursor.as_ref()).await.unwrap();
        listed.extend(page.items.into_iter().filter_map(Listed::readable).take(expected));
        cursor = page.next;
    }
    assert_eq!(listed, contents);

    let origin = Some(format!("s3://uploads/{run}/"));
    for (kind, numbers) in [
        (Some(VerdictKind::Ingested), vec![0, 2, 4]),
        (Some(VerdictKind::Subtitles), vec![1]),
        (Some(VerdictKind::Refused), vec![3]),
        (None, vec![0, 1, 2, 3, 4]),
    ] {
        let filter = ContentFilter { verdict: kind, origin: origin.clone() };
        let found = all_items(async |after| catalog.contents(&filter, 2, after).await.unwrap()).await;
        let expected: Vec<_> =
            numbers.into_iter().map(|number: usize| Listed::Readable(contents[number].clone())).collect();
        assert_eq!(found, expected, "{kind:?}");
    }
    let nowhere = ContentFilter { origin: Some(format!("s3://uploads/{run}/none")), ..ContentFilter::default() };
    assert_eq!(all_items(async |after| catalog.contents(&nowhere, 2, after).await.unwrap()).await, []);
}

/// Checks a catalog: packages are listed newest first, page by page, in their current state, and filtered. `catalog` has no
/// newer packages.
pub async fn listing_packages<C: Catalog + Listing>(catalog: &C, run: &str) {
    let mut packages: Vec<Package> = (0..5).map(|number| package(run, 4_000_000_000 + number)).collect();
    for package in &packages {
        catalog.create_package(package).await.unwrap();
    }
    for number in [0, 3] {
        let fragmented = Transition {
            attempt: None,
            at: at(9),
            step: Step::Fragmented { work_units: 12 },
            work: StageWork::default(),
        };
        catalog.advance(&packages[number].id, &fragmented).await.unwrap();
        packages[number].apply(&fragmented);
        catalog.put_receipt(&packages[number].id, &receipt(0)).await.unwrap();
        packages[number].count(&receipt(0));
    }
    packages.reverse();
    let first = catalog.packages(&PackageFilter::default(), 3, None).await.unwrap();
    let second = catalog.packages(&PackageFilter::default(), 2, first.next.as_ref()).await.unwrap();
    let listed: Vec<Package> = first.items.into_iter().chain(second.items).filter_map(Listed::readable).collect();
    assert_eq!(listed, packages);

    let filter = |status, content: Option<&ContentId>| PackageFilter { status, content: content.cloned() };
    let further = further(run).remove(0).content;
    for (filter, numbers) in [
        (filter(Some(Status::Fragmented), Some(&further)), vec![1, 4]),
        (filter(Some(Status::Queued), Some(&further)), vec![0, 2, 3]),
        (filter(None, Some(&packages[2].content)), vec![2]),
        (filter(Some(Status::Ready), Some(&packages[2].content)), vec![]),
    ] {
        let found = all_items(async |after| catalog.packages(&filter, 2, after).await.unwrap()).await;
        let expected: Vec<_> =
            numbers.into_iter().map(|number: usize| Listed::Readable(packages[number].clone())).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
}

/// Returns every item of a list, page by page.
pub async fn all_items<T, I>(list: impl AsyncFn(Option<&Cursor<I>>) -> Page<T, I>) -> Vec<Listed<T>> {
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
