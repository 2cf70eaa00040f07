//! Numbered contents, packages and receipts with a value in every field.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use vpp_media::cenc::{ConstantIv, Drm, KeyId, Pssh, Scheme};
use vpp_media::cmaf::{KeyParameters, Layout, ProtectedTracks, Protection, SegmentId, SegmentSize, UnsupportedTracks};
use vpp_media::preflight::{Preflight, Warning};

use crate::domain::content::{Content, MediaInfo, Verdict};
use crate::domain::content_key::WrappedKey;
use crate::domain::id::ContentId;
use crate::domain::object::{Digest, ETag, Location};
use crate::domain::package::{Encryption, Package, PackageInput, Progress};
use crate::domain::package_id::package_id_of_upload;
use crate::domain::package_options::{PackageOptions, ProtectionOptions};
use crate::domain::receipt::{PartLocation, PartReceipt, Receipt, SegmentReceipt};
use crate::domain::resource_usage::ResourceUsage;
use crate::domain::revision::RevisionProgress;
use crate::domain::state::{Stage, State};
use crate::domain::subtitles::{SubtitleDescription, SubtitleFile, SubtitleKind};
use crate::domain::timestamp::Timestamp;
use crate::domain::when::{RetentionDays, When};
use crate::testing::probe::report;

pub(super) fn at(second: u64) -> Timestamp {
    Timestamp::from(UNIX_EPOCH + Duration::from_secs(second))
}

pub(super) fn usage(number: u64) -> ResourceUsage {
    ResourceUsage { millis: number, gets: 1, puts: number + 2, peak_memory: 30_000_000 + number }
}

pub(super) fn content(run: &str, number: u64) -> Content {
    let (location, etag) = (Location::new("uploads", format!("{run}/{number}.mp4")), ETag::new("0123"));
    Content {
        id: ContentId::of(&location, &etag),
        location,
        etag,
        version_id: Some("version".to_owned()),
        bytes: 5_000_000_000,
        bytes_read: 70_000,
        usage: usage(number),
        created_at: at(number),
        deleted_at: None,
        verdict: Verdict::Ingested(MediaInfo {
            index: 32..70_000,
            video_track_number: Some(1),
            report: report(),
            preflight: Some(preflight()),
            package: Some(package(run, number).id),
        }),
    }
}

pub(super) fn preflight() -> Preflight {
    Preflight {
        chapters: None,
        segment_ms: 6000,
        segments: 300,
        work_units: 20,
        max_ranges_per_work_unit: 1,
        bytes_to_read: 4_900_000_000,
        tracks: Vec::new(),
        warnings: vec![Warning::NoFaststart, Warning::OpenGops { track_id: 1, open: 2, gops: 3 }],
    }
}

pub(super) fn package(run: &str, number: u64) -> Package {
    let protection = ProtectionOptions::Encrypt { scheme: Scheme::Cbcs, tracks: ProtectedTracks::All };
    let segment_duration = Duration::from_secs(6);
    let pssh = "AAAAJHBzc2gAAAAA7e+LqXnWSs6jyCfc1R0h7QAAAARkYXRh";
    let drm = Drm {
        widevine: Some(Pssh::widevine(pssh).unwrap()),
        playready: None,
        fairplay: Some("skd://key".parse().unwrap()),
    };
    let layout = if number.is_multiple_of(2) { Layout::Segments } else { Layout::SingleFile };
    let subtitles = vec![SubtitleFile {
        content: ContentId::of(&Location::new("uploads", "a.vtt"), &ETag::new("4567")),
        location: Location::new("uploads", "a.vtt"),
        etag: ETag::new("4567"),
        bytes: 1234,
        description: SubtitleDescription {
            language: "pt-BR".to_owned(),
            label: Some("Português".to_owned()),
            kind: SubtitleKind::Forced,
        },
    }];
    let options = PackageOptions {
        drm,
        subtitles,
        audio_only: true,
        unsupported: UnsupportedTracks::LeaveOut,
        layout,
        ..PackageOptions::new(protection, segment_duration)
    };
    let (location, etag) = (Location::new("uploads", format!("{run}/{number}.mp4")), ETag::new("0123"));
    let id = package_id_of_upload(&ContentId::of(&location, &etag).into(), &options);
    let (kid, iv) = (KeyId::new([7; 16]).unwrap(), ConstantIv::new([9; 16]));
    let key = KeyParameters { kid, iv };
    let audio_key = KeyParameters { kid: KeyId::new([8; 16]).unwrap(), iv: ConstantIv::new([10; 16]) };
    let encryption = Protection { scheme: Scheme::Cbcs, tracks: ProtectedTracks::All, key, audio_key: Some(audio_key) };
    let (key, audio_key) = (WrappedKey::new(vec![1, 2, 3, 250]), Some(WrappedKey::new(vec![4, 5])));
    Package {
        content: ContentId::of(&location, &etag),
        source: crate::domain::content::Source { location, etag, bytes: 5_000_000_000, index: 32..70_000 },
        further_inputs: further(run),
        options,
        when: When::OnDemand,
        retention: RetentionDays::new(30),
        encryption: Some(Encryption { protection: encryption, key, audio_key }),
        created_at: at(number),
        attempt: 1_000 * number,
        output_file_path: None,
        progress: Progress { bytes_read: 70_000, ..Default::default() },
        usage: BTreeMap::from([(Stage::Ingest, usage(number))]),
        nothing_encrypted: Vec::new(),
        revisions: RevisionProgress::default(),
        state: State::Queued,
        id,
    }
}

pub(super) fn further(run: &str) -> Vec<PackageInput> {
    let input = |number: u64| {
        let (location, etag) = (Location::new("uploads", format!("{run}/rung {number}.mp4")), ETag::new("4567"));
        let content = ContentId::of(&location, &etag);
        PackageInput {
            content,
            source: crate::domain::content::Source { location, etag, bytes: number, index: 28..number },
        }
    };
    vec![input(1_000_000), input(2_000_000)]
}

pub(super) fn receipt(work_unit: u32) -> Receipt {
    let segment = |representation: &str, number, bytes| SegmentReceipt {
        id: SegmentId { representation: representation.parse().unwrap(), number },
        size: SegmentSize { bytes, first_sample_end: bytes / 10 },
        digest: Some(Digest::of(representation.as_bytes())),
    };
    let first = work_unit * 2 + 1;
    let segments = vec![segment("v1", first, 1_000_000), segment("a1", first, 90_000), segment("v1", first + 1, 900)];
    let part = |representation: &str, bytes, location| PartReceipt {
        representation: representation.parse().unwrap(),
        bytes,
        digest: Digest::of(b"part"),
        location,
    };
    let parts = match work_unit {
        0 => vec![],
        1 => vec![part("v1", 1_100_000, PartLocation::File)],
        _ => vec![
            part("v1", 1_000_900, PartLocation::Uploaded { part: 2, etag: ETag::new("0123") }),
            part("a1", 90_000, PartLocation::Staged { part: 1 }),
        ],
    };
    // A receipt of an earlier release, of a clear package, and of an encrypted one.
    let encrypted = match work_unit {
        0 => None,
        1 => Some(vec![]),
        _ => Some(vec!["v1".parse().unwrap(), "a1".parse().unwrap()]),
    };
    Receipt { work_unit, bytes_read: 1_100_000, segments, parts, encrypted, usage: usage(work_unit.into()) }
}
