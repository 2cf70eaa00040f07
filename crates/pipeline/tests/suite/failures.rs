//! Permanent errors and dead letters make a package Failed, with the reason, and never undo finished work.

use crate::support::{MOVIE, assert_ready, is_manifest, only_package, upload_and_run};
use futures_executor::block_on;
use vpp_pipeline::Outcome;
use vpp_pipeline::domain::content::Verdict;
use vpp_pipeline::domain::dead_letter::DeadLetter;
use vpp_pipeline::domain::layout;
use vpp_pipeline::domain::object::Location;
use vpp_pipeline::domain::state::{Failure, Stage, State};
use vpp_pipeline::domain::uploaded_object::UploadedObject;
use vpp_pipeline::ports::{NewObject, ObjectStore};
use vpp_pipeline::stages::dead_letter::DeadLetters;
use vpp_pipeline::testing::{MemoryCatalog, Platform, TickingClock};

fn failure(platform: &Platform) -> Failure {
    match only_package(platform).state {
        State::Failed { failure, .. } => failure,
        other => panic!("not failed: {other:?}"),
    }
}

pub(crate) fn dead_letters(platform: &Platform) -> DeadLetters<MemoryCatalog, TickingClock> {
    DeadLetters { catalog: platform.catalog.clone(), clock: platform.clock.clone() }
}

async fn ingested(platform: &Platform) -> UploadedObject {
    let upload = platform.upload("movie.mp4", MOVIE);
    platform.ingest(&upload).await.unwrap();
    upload
}

#[test]
fn a_source_replaced_after_ingest_fails_the_package_without_retries() {
    block_on(async {
        let platform = Platform::default();
        ingested(&platform).await;
        let _ = platform.upload("movie.mp4", b"another file");
        assert!(platform.run().await.is_empty(), "no retries");
        let failure = failure(&platform);
        assert_eq!((failure.stage, failure.code.as_str()), (Stage::Fragment, "source_changed"));
    });
}

#[test]
fn a_source_deleted_between_stages_fails_the_package_without_retries() {
    block_on(async {
        let platform = Platform::default();
        ingested(&platform).await;
        let message = platform.fragment_queue.take().remove(0);
        platform.fragment_stage().handle(&message).await.unwrap();
        platform.store.delete(&Location::new("uploads", "movie.mp4"));
        assert!(platform.run().await.is_empty());
        let failure = failure(&platform);
        assert_eq!((failure.stage, failure.code.as_str()), (Stage::Encrypt, "source_missing"));
        assert_eq!(platform.dash_queue.take(), []);
    });
}

#[test]
fn a_source_replaced_between_stages_is_never_mixed_into_the_output() {
    block_on(async {
        let platform = Platform::default();
        ingested(&platform).await;
        let message = platform.fragment_queue.take().remove(0);
        platform.fragment_stage().handle(&message).await.unwrap();
        let mut other = MOVIE.to_vec();
        other.reverse();
        let _ = platform.upload("movie.mp4", &other);
        assert!(platform.run().await.is_empty());
        let failure = failure(&platform);
        assert_eq!((failure.stage, failure.code.as_str()), (Stage::Encrypt, "source_changed"));
        let written = platform.store.bucket("output").into_keys();
        assert!(
            written.into_iter().all(|key| key.ends_with("/init.mp4") || is_manifest(&key)),
            "no segment was written"
        );
    });
}

#[test]
fn different_bytes_in_an_output_object_fail_the_package_and_are_not_overwritten() {
    block_on(async {
        let platform = Platform::default();
        ingested(&platform).await;
        let at = Location::new("output", layout::output_key(&only_package(&platform).id, "v1/2.m4s"));
        let existing = NewObject::new(b"not a segment".to_vec(), layout::output_headers("v1/2.m4s"));
        platform.store.put_if_absent(&at, existing).await.unwrap();
        assert!(platform.run().await.is_empty());
        assert_eq!(failure(&platform).code, "different_bytes");
        assert_eq!(platform.store.bucket("output")[at.key()].bytes, b"not a segment".as_slice());
    });
}

#[test]
fn late_messages_do_not_undo_a_failure() {
    block_on(async {
        let platform = Platform::default();
        ingested(&platform).await;
        let messages = platform.fragment_queue.take();
        platform.fragment_stage().handle(&messages[0]).await.unwrap();
        let letter = DeadLetter::Package { id: only_package(&platform).id, stage: Stage::Encrypt, attempt: None };
        assert!(matches!(dead_letters(&platform).handle(&letter).await, Ok(Outcome::Failed(_))));
        let failed = only_package(&platform);
        assert!(platform.run().await.is_empty());
        platform.fragment_stage().handle(&messages[0]).await.unwrap();
        assert!(platform.run().await.is_empty());
        assert_eq!(only_package(&platform), failed);
    });
}

#[test]
fn a_dead_letter_of_a_package_that_is_ready_changes_nothing() {
    block_on(async {
        let platform = Platform::default();
        let upload = upload_and_run(&platform).await;
        let id = only_package(&platform).id;
        let stages = [Stage::Ingest, Stage::Fragment, Stage::Encrypt, Stage::Dash];
        for letter in stages.map(|stage| DeadLetter::Package { id: id.clone(), stage, attempt: None }) {
            assert_eq!(dead_letters(&platform).handle(&letter).await.unwrap(), Outcome::Nothing);
        }
        dead_letters(&platform).handle(&DeadLetter::Upload(upload)).await.unwrap();
        assert_ready(&platform).await;
    });
}

#[test]
fn a_dead_letter_of_a_stage_fails_its_package_with_the_stage() {
    block_on(async {
        let platform = Platform::default();
        ingested(&platform).await;
        let letter = DeadLetter::Package { id: only_package(&platform).id, stage: Stage::Fragment, attempt: None };
        dead_letters(&platform).handle(&letter).await.unwrap();
        let failure = failure(&platform);
        assert_eq!((failure.stage, failure.code.as_str()), (Stage::Fragment, "retries_exhausted"));
    });
}

#[test]
fn a_dead_lettered_upload_is_refused_until_its_event_is_repeated() {
    block_on(async {
        let platform = Platform::default();
        let upload = platform.upload("my movie.mp4", MOVIE);
        dead_letters(&platform).handle(&DeadLetter::Upload(upload)).await.unwrap();
        let contents = platform.catalog.all_contents();
        assert!(matches!(&contents[0].verdict, Verdict::Refused(refusal) if refusal.code == "ingest_failed"));
        upload_and_run(&platform).await;
        assert_ready(&platform).await;
    });
}
