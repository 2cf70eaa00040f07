//! Shared code of the tests: a movie, and the output that the engine writes for it.

use std::collections::BTreeMap;
use std::time::Duration;

use vpp_media::cenc::ContentKeys;
use vpp_media::cmaf::{PlanOptions, Planner, SourceBuffers, package_work_unit};
use vpp_media::isobmff::{Index, IndexReader};
use vpp_media::track::Movie;
use vpp_pipeline::domain::package::{Encryption, Package};
use vpp_pipeline::domain::uploaded_object::UploadedObject;
use vpp_pipeline::ports::KeyVault;
use vpp_pipeline::testing::Platform;

/// 30 seconds of H.264 and AAC; see tests/media/README.md.
pub(crate) const MOVIE: &[u8] = include_bytes!("../../../../tests/media/sample.mp4");

/// Uploads the movie and runs the pipeline.
pub(crate) async fn upload_and_run(platform: &Platform) -> UploadedObject {
    let upload = platform.upload("my movie.mp4", MOVIE);
    platform.ingest(&upload).await.unwrap();
    assert!(platform.run().await.is_empty(), "every message succeeds in the end");
    upload
}

/// Returns the only package.
pub(crate) fn only_package(platform: &Platform) -> Package {
    let packages = platform.catalog.all_packages();
    assert_eq!(packages.len(), 1);
    packages.into_iter().next().unwrap()
}

/// Returns the index of the movie.
pub(crate) fn index() -> Index {
    let mut reader = IndexReader::new(MOVIE.len() as u64).unwrap();
    while let Some(range) = reader.want() {
        reader.supply(&MOVIE[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()]).unwrap();
    }
    reader.finish().unwrap()
}

/// Returns the init and media segments that the engine writes for the movie, by key.
pub(crate) async fn expected_segments(platform: &Platform, package: &Package) -> BTreeMap<String, Vec<u8>> {
    let mut keys = Vec::new();
    for (kid, wrapped) in package.encryption.iter().flat_map(Encryption::keys) {
        keys.push((kid, platform.vault.unwrap(wrapped, &package.id).await.unwrap()));
    }
    let options = PlanOptions {
        segment_duration: Duration::from_secs(6),
        work_unit_bytes: u64::MAX,
        protection: package.encryption.as_ref().map(|encryption| encryption.protection),
        ..PlanOptions::default()
    };
    let segments = engine_output(&options, &keys.into_iter().collect());
    segments.into_iter().map(|(path, bytes)| (format!("{}/{path}", package.id), bytes)).collect()
}

/// Returns the number of byte ranges of each work unit.
pub(crate) fn ranges(work_unit_bytes: u64) -> Vec<usize> {
    let index = index();
    let movie = Movie::parse(&index).unwrap();
    let options = PlanOptions { segment_duration: Duration::from_secs(6), work_unit_bytes, ..PlanOptions::default() };
    Planner::new(&movie, &options).unwrap().map(|work_unit| work_unit.unwrap().ranges.len()).collect()
}

fn engine_output(options: &PlanOptions, keys: &ContentKeys) -> BTreeMap<String, Vec<u8>> {
    let index = index();
    let movie = Movie::parse(&index).unwrap();
    let mut planner = Planner::new(&movie, options).unwrap();
    let mut output = BTreeMap::new();
    for work_unit in &mut planner {
        let work_unit = work_unit.unwrap();
        let part = |range: &std::ops::Range<u64>| {
            MOVIE[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()].to_vec()
        };
        let mut source =
            SourceBuffers::new(&work_unit, work_unit.ranges.iter().map(|range| part(&range.bytes)).collect()).unwrap();
        for segment in package_work_unit(&work_unit, &mut source, keys).unwrap() {
            output.insert(segment.id.path(), segment.to_vec(&source));
        }
    }
    let presentation = planner.finish().unwrap();
    output.extend(presentation.init_segments().map(|(path, bytes)| (path, bytes.to_vec())));
    output
}

/// Returns whether an object is a manifest.
pub(crate) fn is_manifest(key: &str) -> bool {
    let extension = key.rsplit_once('.').map(|(_, extension)| extension);
    matches!(extension, Some("mpd" | "m3u8"))
}

/// Returns whether an object is a media segment.
pub(crate) fn is_segment(key: &str) -> bool {
    key.rsplit_once('.').is_some_and(|(_, extension)| extension == "m4s")
}

/// Checks the result of a finished run: one Ready package, with the engine's objects and the manifests.
pub(crate) async fn assert_ready(platform: &Platform) {
    let package = only_package(platform);
    assert_eq!(package.status().as_str(), "Ready", "{:?}", package.state);
    let mut output = platform.store.bucket("output");
    let manifests: Vec<_> = output.extract_if(.., |key, _| is_manifest(key)).collect();
    let of = |path: &str| {
        let key = format!("{}/{path}", package.id);
        let (_, stored) = manifests.iter().find(|(other, _)| *other == key).expect("a manifest");
        String::from_utf8(stored.bytes.to_vec()).unwrap()
    };
    assert!(of("stream.mpd").contains("<MPD"));
    assert!(of("stream.m3u8").contains("v1/media.m3u8") && of("v1/media.m3u8").contains("\n5.m4s\n"));
    let expected = expected_segments(platform, &package).await;
    assert_eq!(output.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (key, bytes) in expected {
        assert!(output[&key].bytes == bytes, "{key} has the engine's bytes");
    }
    assert_eq!(Some(package.progress.work_units_done), package.state.plan().map(|plan| plan.work_units));
}
