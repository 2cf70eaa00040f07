//! The stages from an upload to a stream; repeated events and messages change nothing.

use crate::support::{MOVIE, assert_ready, is_manifest, only_package, ranges, upload_and_run};
use futures_executor::block_on;
use vpp_media::cenc::Scheme;
use vpp_media::cmaf::ProtectedTracks;
use vpp_pipeline::Outcome;
use vpp_pipeline::domain::message::{DashMessage, FragmentMessage, Section, WorkUnitMessage};
use vpp_pipeline::domain::package_options::ProtectionOptions;
use vpp_pipeline::domain::resource_usage::ResourceUsage;
use vpp_pipeline::domain::state::{Stage, Status};
use vpp_pipeline::stages::ingest::Ingested;
use vpp_pipeline::testing::{Delivery, Platform, all_receipts};
use vpp_scale::movie::Movie;

#[test]
fn an_upload_becomes_a_ready_package_of_the_engines_bytes() {
    block_on(async {
        let platform = Platform::default();
        upload_and_run(&platform).await;
        assert_ready(&platform).await;
        let package = only_package(&platform);
        assert!(package.state.plan().unwrap().work_units > 1, "the movie has several work units");
        assert_eq!(package.output_file_path, Some(format!("s3://output/{}/stream.mpd", package.id)));
    });
}

#[test]
fn a_clear_package_passes_the_same_stages() {
    block_on(async {
        let platform = Platform { package_on_upload: Some(ProtectionOptions::Clear), ..Platform::default() };
        upload_and_run(&platform).await;
        assert_ready(&platform).await;
        assert_eq!(only_package(&platform).encryption, None);
    });
}

#[test]
fn the_counted_bytes_are_the_bytes_read_and_written() {
    block_on(async {
        let platform = Platform::default();
        upload_and_run(&platform).await;
        let progress = only_package(&platform).progress;
        let written: usize = platform.store.bucket("output").values().map(|stored| stored.bytes.len()).sum();
        assert_eq!(progress.bytes_read, platform.store.bytes_read("uploads"));
        assert_eq!(progress.bytes_written, written as u64);
    });
}

#[test]
fn every_stage_sends_only_the_requests_it_needs() {
    block_on(async {
        let platform = Platform::default();
        upload_and_run(&platform).await;
        let package = only_package(&platform);
        let work_units = u64::from(package.state.plan().unwrap().work_units);
        let output = platform.store.bucket("output");
        let written = |kind: fn(&str) -> bool| output.keys().filter(|key| kind(key)).count() as u64;
        let requests = |stage| (package.usage[&stage].gets, package.usage[&stage].puts);
        // The byte ranges of the work units, and their plan sections.
        let ranges = ranges(platform.work_unit_bytes);
        assert_eq!(ranges.len() as u64, work_units);
        let gets = work_units + ranges.iter().sum::<usize>() as u64;
        assert_eq!(requests(Stage::Encrypt), (gets, written(|key| key.contains(".m4s"))));
        // The index, and the first two frames; the init segments, the manifests, and the plan.
        let puts = written(|key| key.ends_with("init.mp4")) + written(is_manifest) + 1;
        assert_eq!(requests(Stage::Fragment), (3, puts));
        // The front of the plan. The manifests of the fragment stage stay.
        assert_eq!(requests(Stage::Dash), (1, 0));
        let receipts = all_receipts(&platform.catalog, &package.id).await;
        let of_work_units =
            receipts.iter().map(|receipt| receipt.usage).fold(ResourceUsage::default(), ResourceUsage::and);
        assert_eq!(package.usage[&Stage::Encrypt], of_work_units);
    });
}

#[test]
fn duplicates_at_every_stage_change_nothing() {
    block_on(async {
        let platform = Platform { delivery: Delivery::TwiceInReverse, ..Platform::default() };
        let upload = upload_and_run(&platform).await;
        assert_ready(&platform).await;
        let progress = only_package(&platform).progress;
        platform.ingest(&upload).await.unwrap();
        assert!(platform.run().await.is_empty());
        assert_ready(&platform).await;
        assert_eq!(only_package(&platform).progress, progress, "repeated work is counted once");
        assert_eq!(platform.catalog.all_contents().len(), 1);
    });
}

#[test]
fn replaying_every_message_after_ready_changes_nothing() {
    block_on(async {
        let platform = Platform::default();
        upload_and_run(&platform).await;
        let (before, objects) = (only_package(&platform), platform.store.bucket("output"));
        let read = platform.store.bytes_read("uploads");
        let id = before.id.clone();
        let fragmented = platform.fragment_stage().handle(&FragmentMessage::new(id.clone())).await.unwrap();
        let work_unit = WorkUnitMessage::new(id.clone(), 0, Section { offset: 0, length: 10 });
        let encrypted = platform.encrypt_stage().handle(&work_unit).await.unwrap();
        let written = platform.dash_stage().handle(&DashMessage::new(id)).await.unwrap();
        assert_eq!([fragmented, encrypted, written], [Outcome::Nothing, Outcome::Nothing, Outcome::Nothing]);
        assert!(platform.run().await.is_empty());
        assert_eq!(only_package(&platform), before);
        assert_eq!(platform.store.bucket("output"), objects);
        assert_eq!(platform.store.bytes_read("uploads"), read, "the source is not read again");
    });
}

#[test]
fn a_repeated_event_before_the_work_sends_the_message_again() {
    block_on(async {
        let platform = Platform::default();
        let upload = platform.upload("movie.mp4", MOVIE);
        platform.ingest(&upload).await.unwrap();
        assert_eq!(platform.fragment_queue.take().len(), 1, "the message is lost");
        platform.ingest(&upload).await.unwrap();
        assert!(platform.run().await.is_empty());
        assert_ready(&platform).await;
    });
}

#[test]
fn the_same_bytes_under_another_key_are_another_content() {
    block_on(async {
        let platform = Platform { package_on_upload: None, ..Platform::default() };
        for key in ["a b.mp4", "a+b.mp4", "ä.MP4", "no extension"] {
            let upload = platform.upload(key, MOVIE);
            assert!(matches!(platform.ingest(&upload).await, Ok(Ingested::Content(_))));
        }
        assert_eq!(platform.catalog.all_contents().len(), 4);
        assert!(platform.catalog.all_packages().is_empty(), "nothing is packaged without a request");
    });
}

#[test]
fn segments_are_immutable_and_manifests_are_not() {
    block_on(async {
        let platform = Platform::default();
        upload_and_run(&platform).await;
        for (key, stored) in platform.store.bucket("output") {
            let immutable = stored.headers.unwrap().cache_control.contains("immutable");
            assert_eq!(immutable, !is_manifest(&key), "{key}");
        }
    });
}

#[test]
fn the_channels_of_mp3_are_read_from_its_first_frame() {
    // Every codec in one movie; MP3 is the last track. Its sample entry is made to state two channels; its frames are mono.
    let mut movie = include_bytes!("../../../media/tests/support/codecs.mp4").to_vec();
    let entry = movie.windows(4).position(|kind| kind == b"mp4a").unwrap() + 4;
    movie[entry + 16..entry + 18].copy_from_slice(&[0, 2]);
    block_on(async {
        let platform = Platform { package_on_upload: Some(ProtectionOptions::Clear), ..Platform::default() };
        let upload = platform.upload("movie.mp4", &movie);
        platform.ingest(&upload).await.unwrap();
        let content = platform.catalog.all_contents().remove(0);
        let index = content.media_info().unwrap().index.clone();
        assert_eq!(content.bytes_read, platform.store.bytes_read("uploads"), "the bytes of the frame are counted");
        assert!(content.bytes_read <= index.end - index.start + 64 * 1024);
        assert!(platform.run().await.is_empty());
        let package = only_package(&platform);
        let mpd = platform.store.bucket("output").remove(&format!("{}/stream.mpd", package.id)).unwrap();
        let mpd = String::from_utf8(mpd.bytes.to_vec()).unwrap();
        let (_, mp3) = mpd.split_once("codecs=\"mp4a.6B\"").unwrap();
        assert!(mp3.contains("cicp:ChannelConfiguration\" value=\"1\""), "{mp3}");
    });
}

/// The audio of the generated movie has samples of 10 bytes: `cbcs` encrypts whole blocks of 16 bytes only, and `cenc` every byte
/// (ISO/IEC 23001-7 9.7, 10). Its video is filler data, which no scheme encrypts. Of the other movie, both tracks are encrypted.
#[test]
fn a_track_of_which_nothing_is_encrypted_is_recorded() {
    block_on(async {
        let movie = Movie::new(40_000_000, 20, 48);
        let movie = movie.read(0..movie.len());
        for (movie, scheme, tracks, expected) in [
            (&movie[..], Scheme::Cbcs, ProtectedTracks::All, "v1,a1"),
            (&movie, Scheme::Cbcs, ProtectedTracks::Video, "v1"),
            (&movie, Scheme::Cenc, ProtectedTracks::All, "v1"),
            (MOVIE, Scheme::Cbcs, ProtectedTracks::All, ""),
        ] {
            let package_on_upload = Some(ProtectionOptions::Encrypt { scheme, tracks });
            let platform = Platform { package_on_upload, work_unit_bytes: 128 * 1024, ..Platform::default() };
            platform.ingest(&platform.upload("movie.mp4", movie)).await.unwrap();
            assert!(platform.run().await.is_empty());
            let package = only_package(&platform);
            assert_eq!(package.status(), Status::Ready, "{:?}", package.state);
            assert!(package.progress.work_units_done > 2);
            let found: Vec<String> = package.nothing_encrypted.iter().map(ToString::to_string).collect();
            assert_eq!(found.join(","), expected, "{scheme:?} {tracks:?}");
        }
    });
}

/// The receipts of an earlier release do not state what is encrypted, so nothing is claimed.
#[test]
fn receipts_of_an_earlier_release_record_no_warning() {
    block_on(async {
        let movie = Movie::new(40_000_000, 20, 48);
        let tracks = ProtectedTracks::All;
        let package_on_upload = Some(ProtectionOptions::Encrypt { scheme: Scheme::Cbcs, tracks });
        let platform = Platform { package_on_upload, work_unit_bytes: 128 * 1024, ..Platform::default() };
        platform.ingest(&platform.upload("movie.mp4", &movie.read(0..movie.len()))).await.unwrap();
        for message in platform.fragment_queue.take() {
            platform.fragment_stage().handle(&message).await.unwrap();
        }
        let messages = platform.encrypt_queue.take();
        for (index, message) in messages.iter().enumerate() {
            platform.encrypt_stage().handle(message).await.unwrap();
            if index == 0 {
                let id = only_package(&platform).id;
                platform.catalog.tamper_with_receipt(&id, 0, |receipt| receipt.encrypted = None);
            }
        }
        assert!(platform.run().await.is_empty());
        let package = only_package(&platform);
        assert_eq!(package.status(), Status::Ready, "{:?}", package.state);
        assert_eq!(package.nothing_encrypted, []);
    });
}
