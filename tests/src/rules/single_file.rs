//! Rules of single files: the segment index matches the fragments, and the playlists name the same byte ranges.

use std::fs;
use std::ops::Range;

use super::manifest::sap_type;
use super::report::Report;
use crate::boxes;
use crate::package::{Package, Representation, Sample};

pub(super) fn check(package: &Package, representation: &Representation, samples: &[Vec<Sample>], report: &mut Report) {
    let Some((range, index)) = &representation.index else { return };
    let id = &representation.id;
    let init = representation.init_range.clone().unwrap_or_default();
    report.require(init.start == 0 && init.end == range.start, || format!("{id}: the index does not follow the init"));
    let last = representation.segments.last().and_then(|last| last.range.clone());
    let end = last.map_or(range.end, |last| last.end);
    let length = fs::metadata(&representation.init).expect("the file exists").len();
    report.require(end == length, || format!("{id}: the index ends at byte {end} of {length}"));

    let track_id =
        u32::from_be_bytes(boxes::one(&representation.init_bytes(), "moov/trak/tkhd")[12..16].try_into().unwrap());
    report.require(index.reference_id == track_id, || format!("{id}: the index is of another track"));
    report.require(u64::from(index.timescale) == representation.timescale, || {
        format!("{id}: the index has another timescale")
    });
    report.require(index.first_offset == 0, || format!("{id}: bytes between index and segments"));
    for ((segment, samples), reference) in representation.segments.iter().zip(samples).zip(&index.references) {
        let kind = sap_type(segment);
        let earliest = samples.iter().map(|sample| sample.composition_time).min().unwrap();
        let delay = u64::try_from(samples[0].composition_time - earliest).unwrap();
        let expected = if kind < 4 { (true, kind, delay) } else { (false, 0, 0) };
        let found = (reference.starts_with_sap, reference.sap_type, reference.sap_delta_time);
        report.require(found == expected, || format!("{id}/{}: index {found:?} for {expected:?}", segment.number));
    }
    // HLS players read WebVTT from the text files of the segments instead.
    if representation.codecs != "wvtt" {
        playlists(package, representation, samples, report);
    }
}

/// Requires that both playlists name the init segment and, for each segment, its range (media playlist) or the range up to the
/// end of its first sample (I-frame playlist).
fn playlists(package: &Package, representation: &Representation, samples: &[Vec<Sample>], report: &mut Report) {
    let id = &representation.id;
    let init = representation.init_range.clone().unwrap_or_default();
    let map = format!("#EXT-X-MAP:URI=\"media.mp4\",BYTERANGE=\"{}@{}\"", init.end - init.start, init.start);
    let segments: Vec<Range<u64>> =
        representation.segments.iter().filter_map(|segment| segment.range.clone()).collect();
    let key_frame = |(range, samples): (&Range<u64>, &Vec<Sample>)| {
        let position = segments.iter().position(|other| other == range).unwrap();
        let segment = &representation.segments[position].bytes();
        let payload = segment.len() - boxes::one(segment, "mdat").len();
        range.start..range.start + payload as u64 + u64::from(samples[0].size)
    };
    let key_frames = segments.iter().zip(samples).map(key_frame).collect();
    let i_frame_playlist = (representation.content_type == "video").then_some(("iframes.m3u8", key_frames));
    for (name, expected) in [("media.m3u8", segments.clone())].into_iter().chain(i_frame_playlist) {
        let text = fs::read_to_string(package.directory.join(id).join(name)).expect("the playlist exists");
        report.require(text.lines().any(|line| line == map), || format!("{id}/{name}: no {map}"));
        let named: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("#EXT-X-BYTERANGE:")).map(range).collect();
        report.require(named == expected, || format!("{id}/{name}: ranges {named:?} for {expected:?}"));
        let files = text.lines().filter(|line| !line.starts_with('#')).all(|line| line == "media.mp4");
        report.require(files, || format!("{id}/{name}: another file"));
    }
}

/// Parses a byte range of a playlist: length and start.
fn range(text: &str) -> Range<u64> {
    let (length, start) = text.split_once('@').expect("a byte range");
    let start: u64 = start.parse().expect("a number");
    start..start + length.parse::<u64>().expect("a number")
}
