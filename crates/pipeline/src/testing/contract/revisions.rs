//! The contract of revisions.

use super::fixtures::{at, package};
use crate::domain::id::ContentId;
use crate::domain::object::{ETag, Location};
use crate::domain::revision::{Publication, PublicationFailure, Revision, UploadedText};
use crate::domain::state::{StageWork, Step, Transition};
use crate::ports::{Catalog, Commit, DeletionRecords, Revisions};
use vpp_media::edits::{AddedSubtitles, Edits};
use vpp_media::track::{Chapter, ChapterList, Role, TrackLabels};

fn revision(run: &str, number: u32) -> Revision {
    let mut edits = Edits { without_licence: number == 2, ..Edits::default() };
    let a1 = edits.track_mut("a1".parse().unwrap());
    (a1.label, a1.roles) = (Some(format!("\"Größe\" {number}")), Some(vec![Role::Dub, Role::Main]));
    edits.default_audio = Some("a2".parse().unwrap());
    let labels = TrackLabels { label: None, roles: vec![Role::Caption] };
    edits.subtitles.push(AddedSubtitles { id: "t7".parse().unwrap(), language: "en".to_owned(), labels });
    let chapters = vec![Chapter { start_ms: 5, title: "One".to_owned() }];
    edits.chapters = Some(ChapterList { language: None, chapters });
    let (location, etag) = (Location::new("uploads", format!("{run}/a b.vtt")), ETag::new("0123"));
    let file = UploadedText { content: ContentId::of(&location, &etag), location, etag, bytes: 77 };
    let restored = (number == 3).then_some(1);
    Revision { number, created_at: at(number.into()), restored, edits, files: vec![file], last_added: 7 }
}

/// Checks a catalog: revisions are committed one after the other while the package is playable, and purged with it.
pub async fn revisions<C: Catalog + DeletionRecords + Revisions>(catalog: &C, run: &str) {
    let mut expected = package(run, 1);
    let (id, attempt) = (expected.id.clone(), expected.attempt);
    catalog.create_package(&expected).await.unwrap();
    let [first, second, third] = [1, 2, 3].map(|number| revision(run, number));
    let commit = async |attempt, revision: &Revision| catalog.commit_revision(&id, attempt, revision).await.unwrap();
    assert_eq!(commit(attempt, &first).await, Commit::Stale, "the package is Queued");
    let step = async |second, step| {
        let transition = Transition { attempt: None, at: at(second), step, work: StageWork::default() };
        catalog.advance(&id, &transition).await.unwrap();
    };
    step(10, Step::Fragmented { work_units: 2 }).await;
    assert_eq!(commit(attempt + 1, &first).await, Commit::Stale, "it is in another attempt");
    assert_eq!(commit(attempt, &second).await, Commit::Stale, "there is no first revision");
    assert_eq!(commit(attempt, &first).await, Commit::Done);
    assert_eq!(commit(attempt, &revision("other", 1)).await, Commit::Stale, "there is a first revision");
    assert_eq!(commit(attempt, &second).await, Commit::Done);
    step(11, Step::Encrypted).await;
    step(12, Step::Ready).await;
    assert_eq!(commit(attempt, &third).await, Commit::Done);
    for stored in [&first, &second, &third] {
        assert_eq!(catalog.revision(&id, stored.number).await.unwrap().as_ref(), Some(stored));
    }
    assert_eq!(catalog.revision(&id, 4).await.unwrap(), None);

    expected = catalog.package(&id).await.unwrap().unwrap();
    assert_eq!(expected.revisions.latest, 3);
    let failure = Some(PublicationFailure { code: "c".to_owned(), message: "m".to_owned() });
    for (of, number, is_written, failure) in [
        (attempt, 2, true, failure.clone()),
        (attempt, 1, true, None),
        (attempt + 1, 3, true, None),
        (attempt, 4, true, None),
        (attempt, 3, false, failure.clone()),
        (attempt, 3, true, None),
        (attempt, 3, true, failure),
    ] {
        let publication = Publication { number, is_written, failure };
        if of == attempt {
            expected.revisions.settle(&publication);
        }
        catalog.settle_revision(&id, of, &publication).await.unwrap();
        assert_eq!(catalog.package(&id).await.unwrap().unwrap(), expected, "after {publication:?}");
    }
    assert_eq!(expected.revisions.published, 3);

    step(20, Step::Deleting).await;
    assert_eq!(commit(attempt, &revision(run, 4)).await, Commit::Stale, "it is Deleting");
    let deletion = catalog.package_deletion(&id).await.unwrap().unwrap();
    assert_eq!(deletion.at_rest_since, at(20), "a revision may have been published until then");
    catalog.purge_package(&id, attempt).await.unwrap();
    assert_eq!(catalog.revision(&id, 1).await.unwrap(), None);
}
