//! Deleted packages and contents are removed completely, late messages do not restore them, and they may be requested again.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::{MOVIE, assert_ready, only_package, upload_and_run};
use futures_executor::block_on;
use vpp_pipeline::Outcome;
use vpp_pipeline::api::request_error::RequestError;
use vpp_pipeline::domain::id::ClientUploadId;
use vpp_pipeline::domain::layout;
use vpp_pipeline::domain::message::WorkUnitMessage;
use vpp_pipeline::domain::object::Location;
use vpp_pipeline::domain::package::Package;
use vpp_pipeline::domain::package_options::ProtectionOptions;
use vpp_pipeline::domain::state::Status;
use vpp_pipeline::domain::uploaded_object::UploadedObject;
use vpp_pipeline::ports::{Catalog, Clock, DeletionRecords, NewObject, ObjectStore};
use vpp_pipeline::stages::delete::MAX_PASSES;
use vpp_pipeline::stages::ingest::Ingested;
use vpp_pipeline::testing::{DELETED_CONTENT, FaultPoint, Faults, MAX_RUN_TIME, Platform, all_receipts};

/// A file name that says something about its subject.
const NAME: &str = "interview with Jane Doe.mp4";
/// Maximum number of requests that a caller sends.
const MAX_REQUESTS: usize = 8;

/// Repeats the deletion request until it succeeds.
async fn delete(platform: &Platform, package: &Package) {
    let mut answer = platform.api().delete_package(&package.id).await;
    for _ in 1..MAX_REQUESTS {
        match answer {
            Err(RequestError::Unavailable(_)) => answer = platform.api().delete_package(&package.id).await,
            _ => break,
        }
    }
    assert_eq!(answer.unwrap().status(), Status::Deleting);
}

fn objects(platform: &Platform) -> Vec<String> {
    ["output", "work"].into_iter().flat_map(|bucket| platform.store.bucket(bucket).into_keys()).collect()
}

async fn assert_deleted(platform: &Platform, package: &Package) {
    assert_eq!(objects(platform), [""; 0]);
    assert_eq!(platform.catalog.package(&package.id).await.unwrap(), None);
    assert_eq!(all_receipts(&platform.catalog, &package.id).await, []);
    assert_eq!(platform.catalog.uploads(&package.id).await.unwrap(), None);
    assert_eq!(platform.store.open_uploads(), 0);
    assert_eq!(platform.edge_cache.invalidated(), [(package.id.clone(), package.attempt)], "once for each attempt");
}

/// Uploads and plans a movie. Returns the upload and the messages of its work units.
async fn planned(platform: &Platform) -> (UploadedObject, Vec<WorkUnitMessage>) {
    let upload = platform.upload("my movie.mp4", MOVIE);
    platform.ingest(&upload).await.unwrap();
    let message = platform.fragment_queue.take().remove(0);
    platform.fragment_stage().handle(&message).await.unwrap();
    (upload, platform.encrypt_queue.take())
}

#[test]
fn a_deleted_package_leaves_no_objects_and_may_be_requested_again() {
    block_on(async {
        let platform = Platform { package_on_upload: Some(ProtectionOptions::Clear), ..Platform::default() };
        let upload = upload_and_run(&platform).await;
        let before = platform.store.bucket("output");
        let package = only_package(&platform);
        platform.clock.pass(MAX_RUN_TIME);
        delete(&platform, &package).await;
        let refused = platform.api().package(&package.id).await.unwrap();
        assert_eq!(refused.status(), Status::Deleting, "the status while its objects are deleted");
        assert!(platform.run().await.is_empty());
        assert_deleted(&platform, &package).await;
        assert!(matches!(platform.api().delete_package(&package.id).await, Err(RequestError::UnknownPackage)));
        assert!(platform.store.bucket("uploads").contains_key("my movie.mp4"), "the source stays");

        platform.ingest(&upload).await.unwrap();
        assert!(platform.run().await.is_empty());
        assert!(platform.catalog.all_packages().is_empty(), "a repeated event does not create it again");

        let request = crate::requests::clear_request(&package.content);
        let again = platform.api().create_package(request).await.unwrap();
        assert_eq!(again.id, package.id);
        assert!(platform.run().await.is_empty());
        assert_ready(&platform).await;
        assert_eq!(platform.store.bucket("output"), before);
    });
}

#[test]
fn single_files_and_their_parts_are_deleted_too() {
    block_on(async {
        let platform = Platform { package_on_upload: None, ..Platform::default() };
        let upload = platform.upload("my movie.mp4", MOVIE);
        let Ok(Ingested::Content(content)) = platform.ingest(&upload).await else { panic!("ingested") };
        let request = crate::requests::single_file_request(&content.id);
        platform.api().create_package(request).await.unwrap();
        let message = platform.fragment_queue.take().remove(0);
        platform.fragment_stage().handle(&message).await.unwrap();
        let work_units = platform.encrypt_queue.take();
        platform.encrypt_stage().handle(&work_units[0]).await.unwrap();
        assert!(platform.store.open_uploads() > 0);
        assert!(objects(&platform).iter().any(|key| key.starts_with("parts/")));
        let package = only_package(&platform);
        delete(&platform, &package).await;
        assert!(platform.run().await.is_empty());
        assert_deleted(&platform, &package).await;
    });
}

#[test]
fn a_deletion_finishes_wherever_it_is_interrupted() {
    block_on(async {
        for ready in [true, false] {
            for point in [FaultPoint::Before, FaultPoint::After] {
                let mut call = 0;
                loop {
                    let platform = Platform::default();
                    if ready {
                        upload_and_run(&platform).await;
                    } else {
                        planned(&platform).await;
                    }
                    let package = only_package(&platform);
                    let faulty = Platform { faults: Faults::at(call, point), ..platform };
                    delete(&faulty, &package).await;
                    assert!(faulty.run().await.is_empty(), "call {call}");
                    assert_deleted(&faulty, &package).await;
                    call += 1;
                    if call > faulty.faults.calls() {
                        break;
                    }
                }
                assert!(call > 8, "a deletion has many calls: {call}");
            }
        }
    });
}

#[test]
fn late_messages_write_nothing_of_a_deleted_package() {
    block_on(async {
        let platform = Platform::default();
        let (_, work_units) = planned(&platform).await;
        platform.encrypt_stage().handle(&work_units[0]).await.unwrap();
        let package = only_package(&platform);
        delete(&platform, &package).await;
        assert_eq!(
            platform.encrypt_stage().handle(&work_units[1]).await.unwrap(),
            Outcome::Nothing,
            "during the deletion"
        );
        assert!(platform.run().await.is_empty());
        for work_unit in &work_units {
            assert_eq!(
                platform.encrypt_stage().handle(work_unit).await.unwrap(),
                Outcome::Nothing,
                "after the deletion"
            );
        }
        assert!(platform.run().await.is_empty());
        assert_deleted(&platform, &package).await;
    });
}

#[test]
fn objects_that_a_function_at_work_writes_late_are_deleted_too() {
    block_on(async {
        let platform = Platform::default();
        planned(&platform).await;
        let package = only_package(&platform);
        delete(&platform, &package).await;
        let message = platform.deletion_queue.take().remove(0);
        platform.delete_stage().handle(&message).await.unwrap();
        assert_eq!(objects(&platform), [""; 0], "existing objects are deleted immediately");
        assert!(platform.catalog.package(&package.id).await.unwrap().is_some(), "the tombstone stays");

        let late = Location::new("output", layout::output_key(&package.id, "v1/1.m4s"));
        let segment = NewObject::new(b"a segment".to_vec(), layout::output_headers("v1/1.m4s"));
        platform.store.put_if_absent(&late, segment).await.unwrap();
        platform.clock.pass(MAX_RUN_TIME.saturating_sub(Duration::from_secs(1)));
        let message = platform.deletion_queue.take().remove(0);
        platform.delete_stage().handle(&message).await.unwrap();
        assert!(platform.catalog.package(&package.id).await.unwrap().is_some(), "functions may still be at work");
        assert!(platform.run().await.is_empty());
        assert_deleted(&platform, &package).await;
    });
}

#[test]
fn a_package_is_purged_after_the_cdn_invalidation_has_completed() {
    block_on(async {
        let platform = Platform { package_on_upload: Some(ProtectionOptions::Clear), ..Platform::default() };
        upload_and_run(&platform).await;
        platform.clock.pass(MAX_RUN_TIME);
        let package = only_package(&platform);
        platform.edge_cache.delay_invalidation(3);
        delete(&platform, &package).await;
        for _ in 0..3 {
            let message = platform.deletion_queue.take().remove(0);
            platform.delete_stage().handle(&message).await.unwrap();
            assert_eq!(objects(&platform), [""; 0], "the objects are deleted immediately");
            assert_eq!(platform.edge_cache.invalidated(), []);
            let again = platform.api().create_package(crate::requests::clear_request(&package.content)).await;
            assert!(matches!(again, Err(RequestError::Deleting)), "it cannot be requested yet");
            platform.clock.pass(MAX_RUN_TIME);
        }
        assert!(platform.run().await.is_empty());
        assert_deleted(&platform, &package).await;
    });
}

#[test]
fn a_deletion_looks_at_the_invalidation_that_it_has_begun_and_ends_after_its_passes() {
    block_on(async {
        let platform = Platform { package_on_upload: Some(ProtectionOptions::Clear), ..Platform::default() };
        upload_and_run(&platform).await;
        platform.clock.pass(MAX_RUN_TIME);
        let package = only_package(&platform);
        platform.edge_cache.delay_invalidation(u32::MAX);
        delete(&platform, &package).await;
        let mut message = platform.deletion_queue.take().remove(0);
        let mut passes = 0;
        while platform.delete_stage().handle(&message).await.is_ok() {
            message = platform.deletion_queue.take().remove(0);
            passes += 1;
            platform.clock.pass(MAX_RUN_TIME);
        }
        assert_eq!(passes, MAX_PASSES);
        assert_eq!(platform.edge_cache.looks(), MAX_PASSES, "all but the first pass");
        platform.edge_cache.delay_invalidation(0);
        platform.clock.pass(MAX_RUN_TIME);
        platform.delete_stage().handle(&message).await.unwrap();
        assert_deleted(&platform, &package).await;
    });
}

#[test]
fn the_cdn_is_invalidated_when_no_function_can_write_any_more() {
    block_on(async {
        let platform = Platform::default();
        planned(&platform).await;
        let package = only_package(&platform);
        delete(&platform, &package).await;
        let message = platform.deletion_queue.take().remove(0);
        platform.delete_stage().handle(&message).await.unwrap();
        assert_eq!(
            platform.edge_cache.invalidated(),
            [],
            "a function may still be at work, and the CDN may cache what it writes"
        );
        assert!(platform.run().await.is_empty());
        assert_deleted(&platform, &package).await;
    });
}

#[test]
fn a_message_of_an_earlier_attempt_changes_nothing() {
    block_on(async {
        let platform = Platform { package_on_upload: Some(ProtectionOptions::Clear), ..Platform::default() };
        let (_, work_units) = planned(&platform).await;
        let package = only_package(&platform);
        delete(&platform, &package).await;
        assert!(platform.run().await.is_empty());

        // With another work unit size, the sections of the old messages refer to other bytes.
        let platform = Platform { work_unit_bytes: 300 * 1024, ..platform };
        platform.api().create_package(crate::requests::clear_request(&package.content)).await.unwrap();
        let message = platform.fragment_queue.take().remove(0);
        platform.fragment_stage().handle(&message).await.unwrap();
        for work_unit in &work_units {
            assert_eq!(platform.encrypt_stage().handle(work_unit).await.unwrap(), Outcome::Nothing);
        }
        assert!(platform.run().await.is_empty());
        assert_ready(&platform).await;
    });
}

#[test]
fn two_copies_of_the_deletion_do_not_delete_the_next_attempt() {
    block_on(async {
        let platform = Platform { package_on_upload: Some(ProtectionOptions::Clear), ..Platform::default() };
        upload_and_run(&platform).await;
        platform.clock.pass(MAX_RUN_TIME);
        let package = only_package(&platform);
        delete(&platform, &package).await;
        delete(&platform, &package).await;
        let messages = platform.deletion_queue.take();
        assert_eq!(messages.len(), 2);
        let now = platform.clock.now();
        assert!(
            platform.catalog.lease_deletion(&package.id, package.attempt, now, now.after(MAX_RUN_TIME)).await.unwrap()
        );
        platform.delete_stage().handle(&messages[0]).await.unwrap();
        assert!(!objects(&platform).is_empty(), "another copy has the lease: this one checks again later");
        assert!(platform.run().await.is_empty());
        assert_deleted(&platform, &package).await;
    });
}

#[test]
fn a_content_is_deleted_with_its_file_and_its_packages_stay() {
    block_on(async {
        let platform = Platform::default();
        let upload = upload_and_run(&platform).await;
        let id = upload.content_id();
        let output = platform.store.bucket("output");
        platform.api().delete_content(&id).await.unwrap();
        assert!(matches!(platform.api().content(&id).await, Err(RequestError::UnknownContent)));
        assert!(platform.run().await.is_empty());
        assert!(platform.store.bucket("uploads").is_empty());
        assert_eq!(platform.store.bucket("output"), output);

        assert_eq!(platform.ingest(&upload).await.unwrap(), Ingested::Ignored, "a late event of the same version");
        platform.api().delete_content(&id).await.unwrap();
        let again = UploadedObject { version_id: Some("another".to_owned()), ..platform.upload("my movie.mp4", MOVIE) };
        assert!(
            matches!(platform.ingest(&again).await.unwrap(), Ingested::Content(_)),
            "the same file, uploaded again"
        );
        assert!(platform.api().content(&id).await.is_ok());
    });
}

#[test]
fn names_and_reports_of_what_was_deleted_are_removed_after_a_time() {
    block_on(async {
        let platform = Platform { package_on_upload: None, ..Platform::default() };
        let id = ClientUploadId::of(&[b"an upload"]);
        let key = format!("uploads/{id}/{NAME}");
        platform.uploads().begin(id, NAME, MOVIE.len() as u64).await.unwrap();
        let upload = platform.upload(&key, MOVIE);
        let Ok(Ingested::Content(content)) = platform.ingest(&upload).await else { panic!("ingested") };
        let package = platform.api().create_package(crate::requests::clear_request(&content.id)).await.unwrap();
        assert!(platform.run().await.is_empty());
        delete(&platform, &package).await;
        platform.api().delete_content(&content.id).await.unwrap();
        assert!(platform.run().await.is_empty());
        assert_eq!(platform.store.bucket("uploads"), BTreeMap::new());

        let records = || format!("{:?}", platform.catalog);
        platform.clock.pass(DELETED_CONTENT.saturating_sub(Duration::from_hours(1)));
        platform.catalog.expire(platform.clock.now());
        assert!(records().contains(NAME), "the tombstone of the content");
        assert!(!records().contains(package.id.as_str()));
        assert_eq!(platform.ingest(&upload).await.unwrap(), Ingested::Ignored, "a late event");
        platform.api().delete_content(&content.id).await.unwrap();
        platform.clock.pass(Duration::from_hours(1));
        platform.catalog.expire(platform.clock.now());
        for text in [NAME, content.id.as_str(), package.id.as_str()] {
            assert!(!records().contains(text), "{text}");
        }
    });
}

#[test]
fn the_deletion_of_a_content_finishes_wherever_it_is_interrupted() {
    block_on(async {
        for point in [FaultPoint::Before, FaultPoint::After] {
            for call in 0..8 {
                let platform = Platform { package_on_upload: None, ..Platform::default() };
                let upload = upload_and_run(&platform).await;
                let faulty = Platform { faults: Faults::at(call, point), ..platform };
                while faulty.api().delete_content(&upload.content_id()).await.is_err() {}
                assert!(faulty.run().await.is_empty(), "call {call}");
                assert!(faulty.store.bucket("uploads").is_empty(), "call {call}");
            }
        }
    });
}
