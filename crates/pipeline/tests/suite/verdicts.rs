//! The verdict on an upload: ingested, refused with a code, ignored, or retried.

use std::time::Duration;

use crate::support::{MOVIE, upload_and_run};
use futures_executor::block_on;
use vpp_pipeline::domain::content::{Content, Verdict};
use vpp_pipeline::domain::object::Location;
use vpp_pipeline::domain::uploaded_object::UploadedObject;
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::ProbeError;
use vpp_pipeline::stages::ingest::Ingested;
use vpp_pipeline::testing::{MemoryProbe, Platform};

async fn verdict(platform: &Platform, upload: &UploadedObject) -> Content {
    match platform.ingest(upload).await.unwrap() {
        Ingested::Content(content) => *content,
        Ingested::Ignored => panic!("ignored"),
    }
}

async fn refusal(platform: &Platform, upload: &UploadedObject) -> String {
    let content = verdict(platform, upload).await;
    assert_eq!(platform.catalog.all_contents(), vec![content.clone()], "the verdict is stored");
    assert!(platform.catalog.all_packages().is_empty() && platform.fragment_queue.take().is_empty());
    match content.verdict {
        Verdict::Refused(refusal) => refusal.code,
        Verdict::Subtitles(_) => "subtitles".to_owned(),
        Verdict::Ingested(facts) => panic!("ingested: {facts:?}"),
    }
}

#[test]
fn a_file_that_cannot_be_packaged_is_refused_with_its_code() {
    let half_index = &MOVIE[..2_000];
    for (bytes, code) in [
        (&b""[..], "empty_file"),
        (b"Dear diary, this is not a movie at all.", "not_mp4"),
        (b"\x89PNG\r\n\x1a\n and so on and so forth", "not_mp4"),
        (half_index, "truncated_index"),
        (&MOVIE[..MOVIE.len() / 2], "truncated_media"),
    ] {
        block_on(async {
            let platform = Platform::default();
            let upload = platform.upload("file", bytes);
            assert_eq!(refusal(&platform, &upload).await, code);
            assert_eq!(platform.store.bucket("uploads").len(), 1, "the source stays");
        });
    }
}

#[test]
fn a_folder_marker_is_ignored_and_an_empty_file_is_not() {
    block_on(async {
        let platform = Platform::default();
        let marker = platform.upload("holidays/", b"");
        assert_eq!(platform.ingest(&marker).await.unwrap(), Ingested::Ignored);
        assert!(platform.catalog.all_contents().is_empty());
    });
}

#[test]
fn ingest_reads_little_more_than_the_index() {
    block_on(async {
        let platform = Platform::default();
        let content = verdict(&platform, &platform.upload("movie.mp4", MOVIE)).await;
        let index = content.media_info().unwrap().index.clone();
        assert!(content.bytes_read <= index.end - index.start + 64 * 1024);
        assert_eq!(content.bytes_read, platform.store.bytes_read("uploads"));
        assert_eq!(content.media_info().unwrap().video_track_number, Some(1));
    });
}

#[test]
fn a_probe_that_rejects_crashes_or_hangs_refuses_the_file() {
    let answers: [fn() -> ProbeError; 4] = [
        || ProbeError::Refused { reason: "no moov".to_owned() },
        || ProbeError::Crashed { how: "signal 11".to_owned() },
        || ProbeError::TimedOut { limit: Duration::from_secs(10) },
        || ProbeError::InvalidReport,
    ];
    for answer in answers {
        block_on(async {
            let probe = MemoryProbe::answering(move || Err(answer()));
            let platform = Platform { probe, ..Platform::default() };
            let upload = platform.upload("movie.mp4", MOVIE);
            assert_eq!(refusal(&platform, &upload).await, "probe_failed");
        });
    }
}

#[test]
fn demuxers_that_disagree_refuse_the_file() {
    block_on(async {
        let report = vpp_pipeline::domain::probe_report::ProbeReport {
            container: vpp_pipeline::domain::probe_report::Container {
                major_brand: Some("isom".to_owned()),
                timescale: 1000,
                duration: 1,
                fragmented: false,
                fast_start: false,
            },
            tracks: Vec::new(),
        };
        let platform = Platform { probe: MemoryProbe::answering(move || Ok(report.clone())), ..Platform::default() };
        let upload = platform.upload("movie.mp4", MOVIE);
        assert_eq!(refusal(&platform, &upload).await, "probe_failed");
    });
}

#[test]
fn a_probe_that_cannot_start_is_a_transient_error() {
    block_on(async {
        let absent = || Err(ProbeError::Unavailable(Unavailable::new("mp4probe", "no such file".into())));
        let platform = Platform { probe: MemoryProbe::answering(absent), ..Platform::default() };
        let upload = platform.upload("movie.mp4", MOVIE);
        assert!(platform.ingest(&upload).await.is_err_and(|error| error.is_transient()));
        assert!(platform.catalog.all_contents().is_empty());
    });
}

#[test]
fn a_source_that_is_deleted_or_replaced_before_ingest_is_refused() {
    block_on(async {
        let platform = Platform::default();
        let upload = platform.upload("movie.mp4", MOVIE);
        let _ = platform.upload("movie.mp4", b"another file");
        assert_eq!(refusal(&platform, &upload).await, "source_changed");

        let platform = Platform::default();
        let upload = platform.upload("movie.mp4", MOVIE);
        platform.store.delete(&Location::new("uploads", "movie.mp4"));
        assert_eq!(refusal(&platform, &upload).await, "source_missing");
    });
}

fn is_segment(key: &str) -> bool {
    key.rsplit_once('.').is_some_and(|(_, extension)| extension == "m4s")
}

#[test]
fn preflight_predicts_the_stream() {
    block_on(async {
        let platform = Platform::default();
        let upload = upload_and_run(&platform).await;
        let content = verdict(&platform, &upload).await;
        let preflight = content.media_info().unwrap().preflight.clone().unwrap();
        let written = platform.store.bucket("output").into_keys().filter(|key| is_segment(key)).count();
        assert_eq!(preflight.segments, written as u64, "the predicted number of segments");
        assert_eq!(content.preflight_verdict(), Some("accepted"));
    });
}
