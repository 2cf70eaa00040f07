//! Apple's rules of bit rates for on-demand streams (HLS Authoring Specification for Apple devices, chapter 9 "Multivariant
//! playlist"): the measured peak and average of a variant are within 10 % of `BANDWIDTH` and `AVERAGE-BANDWIDTH`.

use std::fs;
use std::path::Path;

use super::report::Report;
use super::tags::{Attributes, attributes};
use crate::judge::rates::Rate;

/// The timescale of durations: playlists state microseconds.
const MICROSECONDS: i64 = 1_000_000;

/// Checks the variants of the multivariant playlist `text` in a directory.
pub(super) fn check(directory: &Path, text: &str, renditions: &[Attributes], report: &mut Report) {
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(list) = line.strip_prefix("#EXT-X-STREAM-INF:") else { continue };
        let (variant, uri) = (attributes(list), lines.next().unwrap_or_default());
        let group = |kind: &str| {
            let id = variant.get(kind);
            let is_member = |rendition: &&Attributes| rendition["TYPE"] == kind && rendition.get("GROUP-ID") == id;
            let members = renditions.iter().filter(is_member).filter_map(|rendition| rendition.get("URI"));
            members.filter(|member| *member != uri).fold(Rate::default(), |most, uri| most.max(measure(directory, uri)))
        };
        let least = measure(directory, uri).plus(group("AUDIO"));
        let most = least.plus(group("SUBTITLES"));
        for (name, least, most) in
            [("BANDWIDTH", least.peak, most.peak), ("AVERAGE-BANDWIDTH", least.average, most.average)]
        {
            let stated: u64 = variant.get(name).and_then(|rate| rate.parse().ok()).unwrap_or(0);
            // Ten percent less than the one, to ten percent more than the other.
            report.require(least * 10 <= stated * 11 && stated * 10 <= most * 11, || {
                format!("{uri}: {name} is {stated}, and {least} bits per second are measured (Apple, 9: multivariant)")
            });
        }
    }
}

/// Measures the segments of a playlist on disk.
fn measure(directory: &Path, uri: &str) -> Rate {
    let path = directory.join(uri);
    let Ok(text) = fs::read_to_string(&path) else { return Rate::default() };
    let target = text.lines().find_map(|line| line.strip_prefix("#EXT-X-TARGETDURATION:")?.parse().ok());
    let (mut segments, mut duration, mut length) = (Vec::new(), 0, None);
    for line in text.lines() {
        if let Some(seconds) = line.strip_prefix("#EXTINF:") {
            duration = seconds.split(',').next().and_then(microseconds).unwrap_or(0);
        } else if let Some(range) = line.strip_prefix("#EXT-X-BYTERANGE:") {
            length = range.split('@').next().and_then(|length| length.parse::<u64>().ok());
        } else if !line.is_empty() && !line.starts_with('#') {
            let size = || fs::metadata(path.with_file_name(line)).map_or(0, |file| file.len());
            segments.push((duration, length.take().unwrap_or_else(size)));
        }
    }
    Rate::of(&segments, MICROSECONDS, target.unwrap_or(0))
}

/// Parses a number of seconds.
fn microseconds(seconds: &str) -> Option<i64> {
    let seconds: f64 = seconds.parse().ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "the microseconds of a segment")]
    Some((seconds * 1e6).round() as i64)
}
