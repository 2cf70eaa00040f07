//! Rules of single files: the segment index says what the bytes say, and playlists name the same ranges.

use std::fs;
use std::ops::Range;

use super::Report;
use super::manifest::sap_type;
use crate::boxes;
use crate::package::{Package, Representation, Sample};

pub(super) fn check(package: &Package, own: &Representation, samples: &[Vec<Sample>], report: &mut Report) {
    let Some((range, index)) = &own.index else { return };
    let id = &own.id;
    let init = own.init_range.clone().unwrap_or_default();
    report.require(init.start == 0 && init.end == range.start, || format!("{id}: the index does not follow the init"));
    let end = own.segments.last().and_then(|last| last.range.clone()).map_or(range.end, |last| last.end);
    let length = fs::metadata(&own.init).expect("the file is there").len();
    report.require(end == length, || format!("{id}: the index ends at byte {end} of {length}"));

    let track_id = u32::from_be_bytes(boxes::one(&own.init_bytes(), "moov/trak/tkhd")[12..16].try_into().unwrap());
    report.require(index.reference_id == track_id, || format!("{id}: the index is of another track"));
    report.require(u64::from(index.timescale) == own.timescale, || format!("{id}: the index ticks otherwise"));
    report.require(index.first_offset == 0, || format!("{id}: bytes between index and segments"));
    for ((segment, samples), reference) in own.segments.iter().zip(samples).zip(&index.references) {
        let kind = sap_type(segment);
        let earliest = samples.iter().map(|sample| sample.composition_time).min().unwrap();
        let delay = u64::try_from(samples[0].composition_time - earliest).unwrap();
        let expected = if kind < 4 { (true, kind, delay) } else { (false, 0, 0) };
        let said = (reference.starts_with_sap, reference.sap_type, reference.sap_delta_time);
        report.require(said == expected, || format!("{id}/{}: index {said:?} for {expected:?}", segment.number));
    }
    // Players of HLS read WebVTT as the text files that go with the segments.
    if own.codecs != "wvtt" {
        playlists(package, own, samples, report);
    }
}

/// Both playlists name the init segment and, of each segment, all of it or what reaches to the end of its first sample.
fn playlists(package: &Package, own: &Representation, samples: &[Vec<Sample>], report: &mut Report) {
    let init = own.init_range.clone().unwrap_or_default();
    let map = format!("#EXT-X-MAP:URI=\"media.mp4\",BYTERANGE=\"{}@{}\"", init.end - init.start, init.start);
    let whole: Vec<Range<u64>> = own.segments.iter().filter_map(|segment| segment.range.clone()).collect();
    let entry = |(range, samples): (&Range<u64>, &Vec<Sample>)| {
        let segment = &own.segments[whole.iter().position(|other| other == range).unwrap()].bytes();
        let payload = segment.len() - boxes::one(segment, "mdat").len();
        range.start..range.start + payload as u64 + u64::from(samples[0].size)
    };
    let entries = whole.iter().zip(samples).map(entry).collect();
    let key_pictures = (own.content_type == "video").then_some(("iframes.m3u8", entries));
    for (name, expected) in [("media.m3u8", whole.clone())].into_iter().chain(key_pictures) {
        let text = fs::read_to_string(package.directory.join(&own.id).join(name)).expect("the playlist is there");
        report.require(text.lines().any(|line| line == map), || format!("{}/{name}: no {map}", own.id));
        let named: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("#EXT-X-BYTERANGE:")).map(range).collect();
        report.require(named == expected, || format!("{}/{name}: ranges {named:?} for {expected:?}", own.id));
        let files = text.lines().filter(|line| !line.starts_with('#')).all(|line| line == "media.mp4");
        report.require(files, || format!("{}/{name}: another file", own.id));
    }
}

/// A byte range as playlists state it: length and start.
fn range(text: &str) -> Range<u64> {
    let (length, start) = text.split_once('@').expect("a byte range");
    let start: u64 = start.parse().expect("a number");
    start..start + length.parse::<u64>().expect("a number")
}
