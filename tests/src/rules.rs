//! The rules a package keeps, each as a check that says what is wrong.
//!
//! They compare what the manifest promises with what the files hold: times as exact integers, files by name, protection by
//! the boxes of the init segment. A good package has nothing to say; `tests/rules.rs` breaks packages on purpose and
//! expects to be told.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::boxes;
use crate::package::{Package, Representation, Sample, Segment};

mod manifest;
mod protection;
mod schema;
mod single_file;

/// What is wrong with a package: nothing, for a good one.
///
/// # Panics
/// When a file that the manifest names is missing or is no segment at all.
#[must_use]
pub fn broken(package: &Package) -> Vec<String> {
    let mut report = Report::default();
    if !files(package, &mut report) {
        return report.0;
    }
    manifest::check(package, &mut report);
    for own in &package.representations {
        let samples: Vec<_> = own.segments.iter().map(Segment::samples).collect();
        timeline(own, &samples, &mut report);
        fragments(own, &samples, &mut report);
        alignment(package, own, &samples, &mut report);
        protection::check(own, &samples, &mut report);
        single_file::check(package, own, &samples, &mut report);
    }
    report.0
}

/// What the schema has against a manifest: nothing, for a good one.
#[must_use]
pub fn against_schema(mpd: &str) -> Vec<String> {
    let mut report = Report::default();
    schema::check(mpd, &mut report);
    report.0
}

/// Sentences about what is wrong.
#[derive(Debug, Default)]
struct Report(Vec<String>);

impl Report {
    fn require(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.0.push(otherwise());
        }
    }
}

/// The manifest names exactly the files that are there. Returns whether all it names can be read.
fn files(package: &Package, report: &mut Report) -> bool {
    let named = package
        .representations
        .iter()
        .flat_map(|own| own.segments.iter().map(|segment| &segment.path).chain([&own.init]));
    let mut named: BTreeSet<_> =
        named.map(|path| path.strip_prefix(&package.directory).expect("a path below the package").to_owned()).collect();
    named.extend(["stream.mpd", "stream.m3u8"].map(PathBuf::from));
    for own in &package.representations {
        let playlists = if own.content_type == "video" { &["media.m3u8", "iframes.m3u8"][..] } else { &["media.m3u8"] };
        if own.codecs == "wvtt" {
            let number = |segment: &Segment| Path::new(&own.id).join(format!("{}.vtt", segment.number));
            named.extend(own.segments.iter().map(number));
        }
        named.extend(playlists.iter().map(|playlist| Path::new(&own.id).join(playlist)));
    }
    let there: BTreeSet<_> = package.files().into_iter().collect();
    report.require(!package.representations.is_empty(), || "the manifest has no representation".into());
    for own in &package.representations {
        report.require(!own.segments.is_empty(), || format!("{} has no segment", own.id));
    }
    for file in named.difference(&there) {
        report.0.push(format!("{} is named but missing", file.display()));
    }
    for file in there.difference(&named) {
        report.0.push(format!("{} is there but not named", file.display()));
    }
    named.is_subset(&there)
}

/// The timeline has no gap, and says of each segment what its samples say.
fn timeline(own: &Representation, samples: &[Vec<Sample>], report: &mut Report) {
    let mut expected = own.segments.first().map(|first| first.start);
    for (segment, samples) in own.segments.iter().zip(samples) {
        let name = || format!("{}/{}", own.id, segment.number);
        report.require(expected == Some(segment.start), || format!("{}: a gap or an overlap before it", name()));
        expected = Some(segment.start + segment.duration);
        let earliest = samples.iter().map(|sample| sample.composition_time).min();
        report.require(earliest == i64::try_from(segment.start).ok(), || {
            format!("{}: starts at {earliest:?}, the manifest says {}", name(), segment.start)
        });
        report.require(samples.first().is_some_and(|first| first.sync), || format!("{}: no sync sample first", name()));
    }
    let latest = samples.iter().flatten().map(|sample| sample.composition_time + i64::from(sample.duration)).max();
    report.require(latest == expected.and_then(|end| i64::try_from(end).ok()), || {
        format!("{}: ends at {latest:?}, the manifest says {expected:?}", own.id)
    });
}

/// Every segment is one fragment of the init segment's track, and they follow one another without a break.
fn fragments(own: &Representation, samples: &[Vec<Sample>], report: &mut Report) {
    let init = own.init_bytes();
    let track_id = u32::from_be_bytes(boxes::one(&init, "moov/trak/tkhd")[12..16].try_into().unwrap());
    let timescale = u32::from_be_bytes(boxes::one(&init, "moov/trak/mdia/mdhd")[12..16].try_into().unwrap());
    report.require(own.timescale == u64::from(timescale), || format!("{}: @timescale is not the track's", own.id));
    let mut decode_time = None;
    for (segment, samples) in own.segments.iter().zip(samples) {
        let name = || format!("{}/{}", own.id, segment.number);
        let bytes = segment.bytes();
        let kinds: Vec<_> = boxes::children(&bytes).map(|(kind, _)| kind.to_vec()).collect();
        let expected: &[&[u8]] = if own.index.is_some() { &[b"moof", b"mdat"] } else { &[b"styp", b"moof", b"mdat"] };
        report.require(kinds == expected, || format!("{}: boxes {kinds:?}", name()));
        let (moof, traf) = (segment.moof(), &segment.moof().traf[0]);
        report
            .require(u64::from(moof.mfhd.sequence_number) == segment.number, || format!("{}: sequence number", name()));
        report.require(traf.tfhd.track_id == track_id, || format!("{}: of another track", name()));
        report.require(traf.tfhd.default_base_is_moof, || format!("{}: no default-base-is-moof", name()));
        report.require(decode_time.is_none_or(|time| time == samples[0].decode_time), || {
            format!("{}: decode times do not go on", name())
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

/// Every segment boundary is one of the video's, to within a sample of the track, while there is video.
fn alignment(package: &Package, own: &Representation, samples: &[Vec<Sample>], report: &mut Report) {
    let Some(clock) = package.representations.iter().find(|other| other.content_type == "video") else { return };
    let presented =
        |of: &Representation, segment: &Segment| i128::from(segment.start) - i128::from(of.presentation_time_offset);
    let longest = samples.iter().flatten().map(|sample| i128::from(sample.duration)).max().unwrap_or(0);
    let scales = (i128::from(own.timescale), i128::from(clock.timescale));
    for segment in own.segments.iter().skip(1) {
        // In units of both timescales: the boundary lies at or up to one sample behind a boundary of the video.
        let near = clock.segments.iter().any(|cut| {
            let behind = presented(own, segment) * scales.1 - presented(clock, cut) * scales.0;
            (0..=(longest + 1) * scales.1).contains(&behind)
        });
        let at = presented(own, segment) * scales.1;
        let (begin, end) = (clock.segments.first(), clock.segments.last());
        let begin = begin.map_or(0, |first| presented(clock, first) * scales.0);
        let end = end.map_or(0, |last| (presented(clock, last) + i128::from(last.duration)) * scales.0);
        report.require(near || at < begin || at >= end, || {
            format!("{}/{}: begins where no picture segment does", own.id, segment.number)
        });
    }
}
