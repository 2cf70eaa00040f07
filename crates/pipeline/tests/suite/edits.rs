//! Edits: a package gets other manifests, and its media is neither read nor written.

use std::collections::BTreeMap;

use futures_executor::block_on;
use vpp_media::track::{Chapter, ChapterList, Role};
use vpp_pipeline::api::edits::{EditRequest, TrackChange};
use vpp_pipeline::api::request_error::RequestError;
use vpp_pipeline::domain::dead_letter::DeadLetter;
use vpp_pipeline::domain::id::ContentId;
use vpp_pipeline::domain::object::Location;
use vpp_pipeline::domain::package::Package;
use vpp_pipeline::domain::state::Status;
use vpp_pipeline::domain::subtitles::{SubtitleDescription, SubtitleKind};
use vpp_pipeline::stages::dead_letter::DeadLetters;
use vpp_pipeline::testing::{Platform, Stored};

use crate::support::{is_manifest, only_package, upload_and_run};

const SUBTITLES: &[u8] = b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n";

/// Returns the platform with a Ready package.
async fn ready() -> Platform {
    let platform = Platform::default();
    upload_and_run(&platform).await;
    platform
}

/// Uploads subtitles.
async fn subtitles(platform: &Platform, name: &str) -> ContentId {
    let upload = platform.upload(name, SUBTITLES);
    platform.ingest(&upload).await.unwrap();
    upload.content_id()
}

fn english(label: &str) -> SubtitleDescription {
    let (language, kind) = ("en".to_owned(), SubtitleKind::Captions);
    SubtitleDescription { language, label: Some(label.to_owned()), kind }
}

fn labelled(label: &str) -> EditRequest {
    let change = TrackChange { label: Some(label.to_owned()), ..TrackChange::default() };
    EditRequest { tracks: vec![("a1".parse().unwrap(), Some(change))], ..EditRequest::default() }
}

/// Edits the only package, and publishes the edit.
async fn edit(platform: &Platform, request: &EditRequest) -> Package {
    let id = only_package(platform).id;
    platform.editing().edit(&id, None, request).await.unwrap();
    assert!(platform.run().await.is_empty());
    let package = only_package(platform);
    assert_eq!((package.revisions.published, package.status()), (package.revisions.latest, Status::Ready));
    package
}

fn text(platform: &Platform, path: &str) -> String {
    let key = format!("{}/{path}", only_package(platform).id);
    String::from_utf8(platform.store.bucket("output")[&key].bytes.to_vec()).unwrap()
}

fn manifests(platform: &Platform) -> BTreeMap<String, Stored> {
    platform.store.bucket("output").into_iter().filter(|(key, _)| is_manifest(key)).collect()
}

#[test]
fn an_edit_reads_and_writes_no_media() {
    block_on(async {
        let platform = ready().await;
        let content = subtitles(&platform, "english.vtt").await;
        let before = platform.store.bucket("output");
        let read = ["uploads", "output"].map(|bucket| platform.store.bytes_read(bucket));
        let request = EditRequest {
            add_subtitles: vec![(content, english("English CC"))],
            chapters: Some(Some(ChapterList {
                language: Some("en".to_owned()),
                chapters: vec![Chapter { start_ms: 0, title: "Start".to_owned() }],
            })),
            licence: Some(false),
            ..labelled("Original")
        };
        let package = edit(&platform, &request).await;

        let after = ["uploads", "output"].map(|bucket| platform.store.bytes_read(bucket));
        assert_eq!([after[0] - read[0], after[1] - read[1]], [SUBTITLES.len() as u64, 0]);
        let changed =
            platform.store.bucket("output").into_iter().filter(|(key, stored)| before.get(key) != Some(stored));
        let changed: Vec<String> = changed.map(|(key, _)| key[package.id.as_str().len() + 1..].to_owned()).collect();
        let text_only = |path: &String| [".mpd", ".m3u8", ".vtt", ".json"].iter().any(|end| path.ends_with(end));
        assert!(changed.iter().all(text_only) && changed.contains(&"t1/subtitles.vtt".to_owned()), "{changed:?}");
        assert!(before.keys().all(|key| platform.store.bucket("output").contains_key(key)), "nothing disappears");

        let (mpd, hls) = (text(&platform, "stream.mpd"), text(&platform, "stream.m3u8"));
        for expected in ["t1/subtitles.vtt", "English CC", "Original"] {
            assert!(mpd.contains(expected), "{expected} in {mpd}");
        }
        for expected in ["t1/media.m3u8", "NAME=\"English CC\"", "NAME=\"Original\"", "chapters.json"] {
            assert!(hls.contains(expected), "{expected} in {hls}");
        }
        assert!(!mpd.contains("cdn.example/license") && !text(&platform, "v1/media.m3u8").contains("cdn.example"));
        assert_eq!(platform.edge_cache.forgotten(), [(package.id.clone(), package.attempt, 1)]);
        assert!(platform.edge_cache.invalidated().is_empty(), "the CDN keeps the media");
    });
}

#[test]
fn an_edit_needs_neither_the_source_nor_the_segments_nor_the_upload_of_earlier_subtitles() {
    block_on(async {
        let platform = ready().await;
        let content = subtitles(&platform, "english.vtt").await;
        edit(&platform, &EditRequest { add_subtitles: vec![(content, english("English"))], ..EditRequest::default() })
            .await;
        for key in platform.store.bucket("uploads").into_keys() {
            platform.store.delete(&Location::new("uploads", key));
        }
        for key in platform
            .store
            .bucket("output")
            .into_keys()
            .filter(|key| [".m4s", ".mp4"].iter().any(|end| key.ends_with(end)))
        {
            platform.store.delete(&Location::new("output", key));
        }
        let package = edit(&platform, &labelled("Original")).await;
        assert_eq!(package.revisions.failure, None);
        assert!(text(&platform, "stream.m3u8").contains("NAME=\"English\""));
    });
}

#[test]
fn a_revision_is_brought_back_as_a_new_one_and_an_id_of_subtitles_is_never_used_again() {
    block_on(async {
        let platform = ready().await;
        let id = only_package(&platform).id;
        let plan = manifests(&platform);
        let content = subtitles(&platform, "english.vtt").await;
        let add = EditRequest { add_subtitles: vec![(content, english("One"))], ..EditRequest::default() };
        edit(&platform, &add).await;
        let first = manifests(&platform);
        let replace = EditRequest { remove_subtitles: vec!["t1".parse().unwrap()], ..add.clone() };
        edit(&platform, &replace).await;
        let hls = text(&platform, "stream.m3u8");
        assert!(hls.contains("t2/media.m3u8") && !hls.contains("t1/"), "{hls}");
        assert_eq!(edit(&platform, &add).await.revisions.latest, 2, "a repeated request changes nothing");

        for (number, expected) in [(1, &first), (0, &plan)] {
            platform.editing().restore(&id, None, number).await.unwrap();
            assert!(platform.run().await.is_empty());
            let now = manifests(&platform);
            assert!(expected.iter().all(|(key, stored)| now[key] == *stored), "revision {number} is back");
        }
        edit(&platform, &add).await;
        assert!(text(&platform, "stream.m3u8").contains("t3/media.m3u8"));
        let (_, revisions) = platform.editing().revisions(&id, None, 3).await.unwrap();
        let listed: Vec<_> = revisions.iter().map(|revision| (revision.number, revision.restored)).collect();
        assert_eq!(listed, [(5, None), (4, Some(0)), (3, Some(1))]);
    });
}

#[test]
fn an_edit_of_a_revision_that_is_not_the_latest_is_refused() {
    block_on(async {
        let platform = ready().await;
        let (id, seen) = (only_package(&platform).id, only_package(&platform).revision_tag());
        platform.editing().edit(&id, Some(seen), &labelled("One")).await.unwrap();
        let refused = platform.editing().edit(&id, Some(seen), &labelled("Two")).await;
        assert!(matches!(refused, Err(RequestError::RevisionChanged { latest: 1 })), "{refused:?}");
        platform.editing().edit(&id, None, &labelled("Two")).await.unwrap();
        assert_eq!(only_package(&platform).revisions.latest, 2);
    });
}

#[test]
fn an_edit_that_changes_nothing_is_no_revision_and_publishes_an_unpublished_one() {
    block_on(async {
        let platform = ready().await;
        let id = only_package(&platform).id;
        platform.editing().edit(&id, None, &labelled("One")).await.unwrap();
        assert_eq!(platform.dash_queue.take().len(), 1, "the message is lost");
        let package = edit(&platform, &labelled("One")).await;
        assert_eq!(package.revisions.latest, 1);
        assert!(text(&platform, "stream.mpd").contains("One"));
    });
}

#[test]
fn an_edit_of_a_package_that_is_being_made_is_in_the_manifests_early_and_late() {
    block_on(async {
        let platform = Platform::default();
        let upload = platform.upload("my movie.mp4", crate::support::MOVIE);
        platform.ingest(&upload).await.unwrap();
        let id = only_package(&platform).id;
        let refused = platform.editing().edit(&id, None, &labelled("Early")).await;
        assert!(matches!(refused, Err(RequestError::NotEditable)), "{refused:?}");
        for message in platform.fragment_queue.take() {
            platform.fragment_stage().handle(&message).await.unwrap();
        }
        platform.editing().edit(&id, None, &labelled("Early")).await.unwrap();
        for message in platform.dash_queue.take() {
            platform.publish_stage().handle(&message).await.unwrap();
        }
        let early = manifests(&platform);
        assert!(text(&platform, "stream.mpd").contains("Early"));
        assert_eq!(only_package(&platform).status(), Status::Fragmented);
        assert!(platform.run().await.is_empty());
        assert_eq!(only_package(&platform).status(), Status::Ready);
        assert_eq!(manifests(&platform), early);
    });
}

#[test]
fn subtitles_that_cannot_be_read_any_more_are_left_out_and_reported() {
    block_on(async {
        let platform = ready().await;
        let content = subtitles(&platform, "english.vtt").await;
        let id = only_package(&platform).id;
        let request = EditRequest { add_subtitles: vec![(content, english("English"))], ..labelled("Original") };
        platform.editing().edit(&id, None, &request).await.unwrap();
        platform.store.delete(&Location::new("uploads", "english.vtt"));
        assert!(platform.run().await.is_empty());
        let package = only_package(&platform);
        assert_eq!(package.revisions.published, 1);
        assert_eq!(package.revisions.failure.as_ref().map(|failure| failure.code.as_str()), Some("source_missing"));
        let hls = text(&platform, "stream.m3u8");
        assert!(hls.contains("NAME=\"Original\"") && !hls.contains("t1/"), "{hls}");
    });
}

#[test]
fn an_edit_whose_publication_is_dead_lettered_leaves_the_package_ready() {
    block_on(async {
        let platform = ready().await;
        let id = only_package(&platform).id;
        platform.editing().edit(&id, None, &labelled("One")).await.unwrap();
        let _ = platform.dash_queue.take();
        let letters = DeadLetters { catalog: platform.catalog.clone(), clock: platform.clock.clone() };
        letters.handle(&DeadLetter::Edit(id)).await.unwrap();
        let package = only_package(&platform);
        assert_eq!((package.status(), package.revisions.published), (Status::Ready, 0));
        assert_eq!(package.revisions.failure.map(|failure| failure.code).as_deref(), Some("retries_exhausted"));
        let package = edit(&platform, &labelled("One")).await;
        assert_eq!((package.revisions.published, package.revisions.failure), (1, None));
    });
}

#[test]
fn an_edit_of_a_track_that_is_not_there_is_refused() {
    block_on(async {
        let platform = ready().await;
        let id = only_package(&platform).id;
        let roles = Some(vec![Role::Commentary]);
        let unknown = ("a7".parse().unwrap(), Some(TrackChange { roles, ..TrackChange::default() }));
        let no_audio = Some(Some("v1".parse().unwrap()));
        for request in [
            EditRequest { tracks: vec![unknown], ..EditRequest::default() },
            EditRequest { default_audio: no_audio, ..EditRequest::default() },
            EditRequest { remove_subtitles: vec!["a1".parse().unwrap()], ..EditRequest::default() },
            EditRequest { remove_subtitles: vec!["t1".parse().unwrap()], ..EditRequest::default() },
        ] {
            let refused = platform.editing().edit(&id, None, &request).await;
            assert!(matches!(refused, Err(RequestError::Edit(_))), "{refused:?}");
        }
        assert_eq!(only_package(&platform).revisions.latest, 0);
    });
}
