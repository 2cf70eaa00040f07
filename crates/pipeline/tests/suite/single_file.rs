//! Single files: uploaded in parts by many functions, complete or absent, with the engine's bytes.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::support::{MOVIE, index, is_manifest, only_package};
use futures_executor::block_on;
use vpp_media::cenc::{ContentKey, ContentKeys, Drm, KeyId, Scheme};
use vpp_media::cmaf::{
    Layout, PlanOptions, Planner, ProtectedTracks, SegmentSizes, SourceBuffers, UnsupportedTracks, file_heads,
    package_work_unit,
};
use vpp_media::track::Movie;
use vpp_pipeline::api::package_request::{PackageRequest, RequestedProtection};
use vpp_pipeline::domain::package::Package;
use vpp_pipeline::domain::package_options::RequestedKeys;
use vpp_pipeline::domain::receipt::PartLocation;
use vpp_pipeline::domain::state::State;
use vpp_pipeline::domain::when::When;
use vpp_pipeline::ports::Catalog;
use vpp_pipeline::stages::ingest::Ingested;
use vpp_pipeline::testing::{Delivery, FaultPoint, Faults, Platform, all_receipts};

fn key() -> ContentKey {
    ContentKey::new([5; 16])
}

/// Uploads the movie and requests a package of single files, until the request succeeds.
async fn requested(platform: &Platform) {
    let upload = platform.upload("movie.mp4", MOVIE);
    let Ok(Ingested::Content(content)) = platform.ingest(&upload).await else { panic!("ingested") };
    let request = || {
        let kid = KeyId::new([9; 16]).unwrap();
        let (scheme, tracks) = (Scheme::Cbcs, ProtectedTracks::Video);
        PackageRequest {
            inputs: content.id.clone().into(),
            protection: RequestedProtection::Encrypt {
                scheme,
                tracks,
                keys: Some(RequestedKeys { key: (kid, key()), audio_key: None }),
            },
            audio_only: false,
            unsupported: UnsupportedTracks::Refuse,
            drm: Drm::default(),
            segment_duration: None,
            layout: Layout::SingleFile,
            subtitles: Vec::new(),
            when: When::Ahead,
            retention: None,
            idempotency_key: None,
        }
    };
    while platform.api().create_package(request()).await.is_err() {}
}

async fn run(platform: Platform) -> Platform {
    requested(&platform).await;
    assert!(platform.run().await.is_empty(), "every message succeeds in the end");
    platform
}

fn platform() -> Platform {
    Platform { package_on_upload: None, ..Platform::default() }
}

/// Returns the files that the engine writes for the movie, by key. The request has a fixed key, so it is always the same
/// package.
fn expected(package: &Package) -> &'static BTreeMap<String, Vec<u8>> {
    static EXPECTED: OnceLock<BTreeMap<String, Vec<u8>>> = OnceLock::new();
    EXPECTED.get_or_init(|| engine_output(package))
}

fn engine_output(package: &Package) -> BTreeMap<String, Vec<u8>> {
    let options = PlanOptions {
        work_unit_bytes: u64::MAX,
        protection: package.encryption.as_ref().map(|encryption| encryption.protection),
        layout: Layout::SingleFile,
        ..PlanOptions::default()
    };
    let index = index();
    let movie = Movie::parse(&index).unwrap();
    let mut planner = Planner::new(&movie, &options).unwrap();
    let work_unit = planner.next().unwrap().unwrap();
    assert!(planner.next().is_none());
    let presentation = planner.finish().unwrap();
    let part = |range: &std::ops::Range<u64>| {
        MOVIE[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()].to_vec()
    };
    let mut source =
        SourceBuffers::new(&work_unit, work_unit.ranges.iter().map(|range| part(&range.bytes)).collect()).unwrap();
    let mut sizes = SegmentSizes::new(&presentation);
    let keys = ContentKeys::from_iter([(KeyId::new([9; 16]).unwrap(), key())]);
    let made = package_work_unit(&work_unit, &mut source, &keys).unwrap();
    for segment in &made {
        sizes.set(segment.id, segment.size()).unwrap();
    }
    let file = file_heads(&presentation, &sizes).unwrap().into_iter().map(|head| {
        let segments = made.iter().filter(|segment| segment.id.representation == head.representation);
        let bytes = segments.fold(head.bytes, |bytes, segment| [bytes, segment.to_vec(&source)].concat());
        (format!("{}/{}", package.id, head.representation.single_file_path()), bytes)
    });
    file.collect()
}

/// Checks the result of a finished run.
fn assert_ready(platform: &Platform) {
    let package = only_package(platform);
    assert_eq!(package.status().as_str(), "Ready", "{:?}", package.state);
    let mut output = platform.store.bucket("output");
    let manifests: Vec<_> = output.extract_if(.., |key, _| is_manifest(key)).map(|(key, _)| key).collect();
    assert_eq!(manifests.len(), 5, "{manifests:?}");
    let expected = expected(&package);
    assert_eq!(output.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (key, bytes) in expected {
        assert!(output[key].bytes == *bytes, "{key} has the engine's bytes");
        assert!(output[key].headers.unwrap().cache_control.contains("immutable"));
    }
}

#[test]
fn single_files_are_assembled_from_parts() {
    block_on(async {
        let platform = run(platform()).await;
        assert_ready(&platform);
        let package = only_package(&platform);
        let receipts = all_receipts(&platform.catalog, &package.id).await;
        let parts: Vec<_> = receipts.iter().flat_map(|receipt| &receipt.parts).collect();
        let is_staged = |representation: &str| {
            let representation = representation.parse().unwrap();
            let parts = parts.iter().filter(|part| part.representation == representation);
            parts.map(|part| matches!(part.location, PartLocation::Staged { .. })).collect::<Vec<_>>()
        };
        assert_eq!(
            is_staged("v1"),
            [true, false, false, false, false],
            "the video is uploaded as parts, except its first part"
        );
        assert!(is_staged("a1").iter().all(|staged| *staged) && is_staged("a1").len() > 2, "the audio is staged");
        assert_eq!(platform.store.open_uploads(), 0);
    });
}

#[test]
fn staged_parts_count_as_written_bytes() {
    block_on(async {
        let platform = run(platform()).await;
        let package = only_package(&platform);
        let bytes = |bucket: &str, prefix: &str| -> usize {
            let objects = platform.store.bucket(bucket);
            objects.iter().filter(|(key, _)| key.starts_with(prefix)).map(|(_, stored)| stored.bytes.len()).sum()
        };
        let (output, staged) = (bytes("output", ""), bytes("work", "parts/"));
        assert!(staged > 0);
        assert_eq!(package.progress.bytes_written, (output + staged) as u64);
        assert_eq!(package.progress.bytes_read, platform.store.bytes_read("uploads"));
    });
}

#[test]
fn a_package_of_one_work_unit_is_written_once_without_staged_parts() {
    block_on(async {
        let platform = run(Platform { work_unit_bytes: 32 << 20, ..platform() }).await;
        assert_ready(&platform);
        let package = only_package(&platform);
        assert!(platform.store.bucket("work").keys().all(|key| key.ends_with("/plan")), "nothing is staged");
        let output: usize = platform.store.bucket("output").values().map(|stored| stored.bytes.len()).sum();
        assert_eq!(package.progress.bytes_written, output as u64);
        assert_eq!(platform.catalog.uploads(&package.id).await.unwrap(), None);
    });
}

#[test]
fn files_of_one_part_are_plain_objects() {
    block_on(async {
        let platform = run(Platform { part_bytes: 5 << 20, ..platform() }).await;
        assert_ready(&platform);
        assert_eq!(platform.catalog.uploads(&only_package(&platform).id).await.unwrap(), None);
    });
}

fn every_crash_point(point: FaultPoint, delivery: Delivery) {
    block_on(async {
        let whole = run(Platform { delivery, ..platform() }).await;
        let progress = only_package(&whole).progress;
        for call in 0..whole.faults.calls() {
            let platform = run(Platform { faults: Faults::at(call, point), delivery, ..platform() }).await;
            assert_ready(&platform);
            assert_eq!(only_package(&platform).progress, progress, "call {call} failing {point:?} changes the count");
            // An upload that was begun and not stored expires in the store.
            let orphans = platform.store.open_uploads();
            assert!(orphans <= 2, "call {call}: {orphans} uploads are open");
        }
    });
}

#[test]
fn a_crash_before_any_call_loses_no_part() {
    every_crash_point(FaultPoint::Before, Delivery::InOrder);
}

#[test]
fn a_crash_after_any_call_loses_no_part() {
    every_crash_point(FaultPoint::After, Delivery::InOrder);
}

#[test]
fn a_crash_among_duplicates_out_of_order_loses_no_part() {
    every_crash_point(FaultPoint::After, Delivery::TwiceInReverse);
}

#[test]
fn no_reader_sees_an_incomplete_file() {
    block_on(async {
        let platform = platform();
        requested(&platform).await;
        let message = platform.fragment_queue.take().remove(0);
        platform.fragment_stage().handle(&message).await.unwrap();
        for message in platform.encrypt_queue.take() {
            platform.encrypt_stage().handle(&message).await.unwrap();
        }
        assert!(platform.store.bucket("output").is_empty());
        assert!(platform.run().await.is_empty());
        assert_ready(&platform);
    });
}

#[test]
fn an_expired_output_upload_fails_the_package_without_retries() {
    block_on(async {
        let platform = platform();
        requested(&platform).await;
        let message = platform.fragment_queue.take().remove(0);
        platform.fragment_stage().handle(&message).await.unwrap();
        for message in platform.encrypt_queue.take() {
            platform.encrypt_stage().handle(&message).await.unwrap();
        }
        platform.store.expire_uploads();
        assert!(platform.run().await.is_empty(), "no retries");
        let State::Failed { failure, .. } = only_package(&platform).state else { panic!("not failed") };
        assert_eq!(failure.code, "upload_expired");
    });
}
