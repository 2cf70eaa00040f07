//! A failed package is retried from the stage that failed.

use crate::support::{MOVIE, assert_ready, only_package, upload_and_run};
use futures_executor::block_on;
use vpp_pipeline::Outcome;
use vpp_pipeline::api::request_error::RequestError;
use vpp_pipeline::domain::dead_letter::DeadLetter;
use vpp_pipeline::domain::id::PackageId;
use vpp_pipeline::domain::state::{Stage, Status};
use vpp_pipeline::stages::dead_letter::DeadLetters;
use vpp_pipeline::testing::{FaultPoint, Faults, Platform};

/// Maximum number of requests that a caller sends.
const MAX_REQUESTS: usize = 8;

async fn fail(platform: &Platform, stage: Stage, attempt: Option<u64>) -> Outcome {
    let letters = DeadLetters { catalog: platform.catalog.clone(), clock: platform.clock.clone() };
    letters.handle(&DeadLetter::Package { id: only_package(platform).id, stage, attempt }).await.unwrap()
}

/// Repeats the retry request until it succeeds.
async fn retry(platform: &Platform, id: &PackageId) -> Status {
    for _ in 1..MAX_REQUESTS {
        match platform.api().retry(id).await {
            Err(RequestError::Unavailable(_)) => {}
            answer => return answer.unwrap().status(),
        }
    }
    panic!("every request failed")
}

/// Returns a platform whose package has failed in a stage. Its messages are lost; before Dash, only its first work unit is
/// written.
async fn failed_in(stage: Stage) -> Platform {
    let platform = Platform::default();
    let upload = platform.upload("my movie.mp4", MOVIE);
    platform.ingest(&upload).await.unwrap();
    let message = platform.fragment_queue.take().remove(0);
    if stage != Stage::Fragment {
        platform.fragment_stage().handle(&message).await.unwrap();
        let work_units = platform.encrypt_queue.take();
        let finished = if stage == Stage::Dash { work_units.len() } else { 1 };
        for work_unit in &work_units[..finished] {
            platform.encrypt_stage().handle(work_unit).await.unwrap();
        }
        let _ = platform.dash_queue.take();
    }
    assert!(matches!(fail(&platform, stage, None).await, Outcome::Failed(_)));
    platform
}

#[test]
fn a_retry_continues_from_the_failed_stage_and_reuses_finished_work() {
    block_on(async {
        for (stage, status) in
            [(Stage::Fragment, Status::Queued), (Stage::Encrypt, Status::Fragmented), (Stage::Dash, Status::Encrypted)]
        {
            let platform = failed_in(stage).await;
            let failed = only_package(&platform);
            let read = platform.store.bytes_read("uploads");
            assert_eq!(retry(&platform, &failed.id).await, status);
            assert_eq!(
                only_package(&platform).progress.work_units_done,
                failed.progress.work_units_done,
                "finished work units are retained"
            );
            assert!(platform.run().await.is_empty());
            assert_ready(&platform).await;
            if stage == Stage::Dash {
                assert_eq!(platform.store.bytes_read("uploads"), read, "no work unit is read again");
            }
        }
    });
}

#[test]
fn a_retry_may_be_interrupted_anywhere() {
    block_on(async {
        for stage in [Stage::Fragment, Stage::Encrypt, Stage::Dash] {
            for point in [FaultPoint::Before, FaultPoint::After] {
                for call in 0..8 {
                    let platform = failed_in(stage).await;
                    let faulty = Platform { faults: Faults::at(call, point), ..platform };
                    retry(&faulty, &only_package(&faulty).id).await;
                    assert!(faulty.run().await.is_empty());
                    assert_ready(&faulty).await;
                }
            }
        }
    });
}

#[test]
fn a_late_message_of_the_failed_attempt_does_not_fail_the_next() {
    block_on(async {
        let platform = failed_in(Stage::Encrypt).await;
        let failed = only_package(&platform);
        retry(&platform, &failed.id).await;
        assert_eq!(fail(&platform, Stage::Encrypt, Some(failed.attempt)).await, Outcome::Nothing);
        assert_ne!(only_package(&platform).attempt, failed.attempt);
        assert!(platform.run().await.is_empty());
        assert_ready(&platform).await;
    });
}

#[test]
fn a_package_that_is_ready_deleting_or_unknown_is_not_retried() {
    block_on(async {
        let platform = Platform::default();
        upload_and_run(&platform).await;
        let id = only_package(&platform).id;
        assert!(matches!(platform.api().retry(&id).await, Err(RequestError::NothingToRetry)));
        platform.api().delete_package(&id).await.unwrap();
        assert!(matches!(platform.api().retry(&id).await, Err(RequestError::Deleting)));
        let again =
            platform.api().create_package(crate::requests::clear_request(&only_package(&platform).content)).await;
        assert!(again.is_ok(), "another package of the same content");
        let unknown: PackageId = "abcdefghijklmnopqrstuvwxyz".parse().unwrap();
        assert!(matches!(platform.api().retry(&unknown).await, Err(RequestError::UnknownPackage)));
    });
}
