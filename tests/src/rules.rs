//! The rules that every package must satisfy. Each check reports its violations as sentences.
//!
//! The checks compare the manifest with the files: times as exact integers, files by name, protection by the boxes of the init
//! segment. A good package has no violations. `tests/rules.rs` breaks packages on purpose and expects a violation.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::boxes;
use crate::package::{Package, Representation, Sample, Segment};
use report::Report;

mod attribute_types;
mod manifest;
mod playlists;
mod protection;
mod rates;
mod report;
mod schema;
mod schema_elements;
mod schematron;
mod segment_validator;
mod single_file;
mod tags;
mod trick_mode;

/// Returns the violations of a package.
///
/// # Panics
/// When a file that the manifest names is missing or is not a segment.
#[must_use]
pub fn violations(package: &Package) -> Vec<String> {
    let mut report = Report::default();
    if !files(package, &mut report) {
        return report.0;
    }
    manifest::check(package, &mut report);
    schematron::check(&package.mpd, &mut report);
    playlists::check(package, &mut report);
    trick_mode::check(package, &mut report);
    for representation in &package.representations {
        let samples: Vec<_> = representation.segments.iter().map(Segment::samples).collect();
        timeline(representation, &samples, &mut report);
        fragments(representation, &samples, &mut report);
        alignment(package, representation, &samples, &mut report);
        segment_validator::check(representation, &samples, &mut report);
        protection::check(representation, &samples, &mut report);
        single_file::check(package, representation, &samples, &mut report);
    }
    report.0
}

/// Returns the violations of the MPD schema by a manifest.
#[must_use]
pub fn schema_violations(mpd: &str) -> Vec<String> {
    let mut report = Report::default();
    schema::check(mpd, &mut report);
    report.0
}

/// Returns the violations of the rules of DASH-IF's schematron by a manifest.
///
/// # Panics
/// When it does not parse.
#[must_use]
pub fn schematron_violations(mpd: &str) -> Vec<String> {
    let mut report = Report::default();
    schematron::check(&dash_mpd_core::parse(mpd).expect("the manifest parses"), &mut report);
    report.0
}

/// Returns the violations of the rules of DASH-IF's ISO segment validator.
///
/// # Panics
/// When a file that the manifest names is missing, or does not parse.
#[must_use]
pub fn segment_violations(package: &Package) -> Vec<String> {
    let mut report = Report::default();
    for representation in &package.representations {
        let samples: Vec<_> = representation.segments.iter().map(Segment::samples).collect();
        segment_validator::check(representation, &samples, &mut report);
    }
    report.0
}

/// Requires that the manifests name exactly the files that exist. Returns whether every file that they name exists.
fn files(package: &Package, report: &mut Report) -> bool {
    let named = package.representations.iter().flat_map(|representation| {
        representation.segments.iter().map(|segment| &segment.path).chain([&representation.init])
    });
    let mut named: BTreeSet<_> =
        named.map(|path| path.strip_prefix(&package.directory).expect("a path below the package").to_owned()).collect();
    named.extend(["stream.mpd", "stream.m3u8"].map(PathBuf::from));
    let playlist = fs::read_to_string(package.directory.join("stream.m3u8")).unwrap_or_default();
    if playlist.contains("URI=\"chapters.json\"") {
        // The WebVTT file has the same chapters, for players of DASH, whose manifests cannot name it.
        named.extend(["chapters.json", "chapters.vtt"].map(PathBuf::from));
    }
    for representation in &package.representations {
        let is_video = representation.content_type == "video";
        let playlists = if is_video { &["media.m3u8", "iframes.m3u8"][..] } else { &["media.m3u8"] };
        if representation.codecs == "wvtt" {
            let number = |segment: &Segment| Path::new(&representation.id).join(format!("{}.vtt", segment.number));
            named.extend(representation.segments.iter().map(number));
        }
        named.extend(playlists.iter().map(|playlist| Path::new(&representation.id).join(playlist)));
    }
    let existing: BTreeSet<_> = package.files().into_iter().collect();
    report.require(!package.representations.is_empty(), || "the manifest has no representation".into());
    for representation in &package.representations {
        report.require(!representation.segments.is_empty(), || format!("{} has no segment", representation.id));
    }
    for file in named.difference(&existing) {
        report.0.push(format!("{} is named but missing", file.display()));
    }
    for file in existing.difference(&named) {
        report.0.push(format!("{} exists but is not named", file.display()));
    }
    named.is_subset(&existing)
}

/// Requires that the timeline has no gap, and that each segment has the times of its samples.
fn timeline(representation: &Representation, samples: &[Vec<Sample>], report: &mut Report) {
    let mut expected = representation.segments.first().map(|first| first.start);
    for (segment, samples) in representation.segments.iter().zip(samples) {
        let name = || format!("{}/{}", representation.id, segment.number);
        report.require(expected == Some(segment.start), || format!("{}: a gap or an overlap before it", name()));
        expected = Some(segment.start + segment.duration);
        let earliest = samples.iter().map(|sample| sample.composition_time).min();
        report.require(earliest == i64::try_from(segment.start).ok(), || {
            format!("{}: starts at {earliest:?}, the manifest states {}", name(), segment.start)
        });
        report.require(samples.first().is_some_and(|first| first.sync), || format!("{}: no sync sample first", name()));
    }
    let latest = samples.iter().flatten().map(|sample| sample.composition_time + i64::from(sample.duration)).max();
    report.require(latest == expected.and_then(|end| i64::try_from(end).ok()), || {
        format!("{}: ends at {latest:?}, the manifest states {expected:?}", representation.id)
    });
}

/// Requires that every segment is one fragment of the init segment's track, and that decode times are continuous.
fn fragments(representation: &Representation, samples: &[Vec<Sample>], report: &mut Report) {
    let init = representation.init_bytes();
    let track_id = u32::from_be_bytes(boxes::one(&init, "moov/trak/tkhd")[12..16].try_into().unwrap());
    let timescale = u32::from_be_bytes(boxes::one(&init, "moov/trak/mdia/mdhd")[12..16].try_into().unwrap());
    report.require(representation.timescale == u64::from(timescale), || {
        format!("{}: @timescale is not the track's", representation.id)
    });
    let mut decode_time = None;
    for (segment, samples) in representation.segments.iter().zip(samples) {
        let name = || format!("{}/{}", representation.id, segment.number);
        let bytes = segment.bytes();
        let kinds: Vec<_> = boxes::children(&bytes).map(|(kind, _)| kind.to_vec()).collect();
        let is_single_file = representation.index.is_some();
        let expected: &[&[u8]] = if is_single_file { &[b"moof", b"mdat"] } else { &[b"styp", b"moof", b"mdat"] };
        report.require(kinds == expected, || format!("{}: boxes {kinds:?}", name()));
        let (moof, traf) = (segment.moof(), &segment.moof().traf[0]);
        report
            .require(u64::from(moof.mfhd.sequence_number) == segment.number, || format!("{}: sequence number", name()));
        report.require(traf.tfhd.track_id == track_id, || format!("{}: of another track", name()));
        report.require(traf.tfhd.default_base_is_moof, || format!("{}: no default-base-is-moof", name()));
        report.require(decode_time.is_none_or(|time| time == samples[0].decode_time), || {
            format!("{}: decode times are not continuous", name())
        });
        decode_time = samples.last().map(|last| last.decode_time + u64::from(last.duration));

        let start_of_moof = boxes::all(&bytes, "styp").first().map_or(0, |styp| 8 + styp.len());
        let start_of_media = start_of_moof + 8 + boxes::one(&bytes, "moof").len() + 8;
        let offset = traf.trun[0].data_offset.and_then(|offset| usize::try_from(offset).ok());
        report.require(offset == Some(start_of_media - start_of_moof), || format!("{}: data offset", name()));
        let listed: usize = samples.iter().map(|sample| sample.size as usize).sum();
        report.require(listed == boxes::one(&bytes, "mdat").len(), || format!("{}: bytes no sample lists", name()));
    }
}

/// Requires that every segment boundary within the video's duration is a boundary of the video, to within one sample.
fn alignment(package: &Package, representation: &Representation, samples: &[Vec<Sample>], report: &mut Report) {
    let Some(video) = package.representations.iter().find(|other| other.content_type == "video") else { return };
    let presented =
        |of: &Representation, segment: &Segment| i128::from(segment.start) - i128::from(of.presentation_time_offset);
    let longest = samples.iter().flatten().map(|sample| i128::from(sample.duration)).max().unwrap_or(0);
    let timescales = (i128::from(representation.timescale), i128::from(video.timescale));
    for segment in representation.segments.iter().skip(1) {
        // Times are multiplied by the other timescale. The boundary is at a boundary of the video or up to one sample later.
        let is_aligned = video.segments.iter().any(|video_segment| {
            let delay =
                presented(representation, segment) * timescales.1 - presented(video, video_segment) * timescales.0;
            (0..=(longest + 1) * timescales.1).contains(&delay)
        });
        let start = presented(representation, segment) * timescales.1;
        let (first, last) = (video.segments.first(), video.segments.last());
        let video_start = first.map_or(0, |first| presented(video, first) * timescales.0);
        let video_end = last.map_or(0, |last| (presented(video, last) + i128::from(last.duration)) * timescales.0);
        report.require(is_aligned || start < video_start || start >= video_end, || {
            format!("{}/{}: starts where no video segment does", representation.id, segment.number)
        });
    }
}
