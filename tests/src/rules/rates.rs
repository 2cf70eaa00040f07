//! Apple's rules of bit rates for on-demand streams (HLS Authoring Specification for Apple devices, chapter 9 "Multivariant
//! playlist"): the measured peak and average of a variant are within 10 % of `BANDWIDTH` and `AVERAGE-BANDWIDTH`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::report::Report;
use super::tags::{Attributes, attributes};

/// What a client downloads of a playlist, in bits per second.
#[derive(Debug, Clone, Copy, Default)]
struct Measured {
    peak: f64,
    average: f64,
}

impl Measured {
    fn plus(self, other: Self) -> Self {
        Self { peak: self.peak + other.peak, average: self.average + other.average }
    }

    fn max(self, other: Self) -> Self {
        Self { peak: self.peak.max(other.peak), average: self.average.max(other.average) }
    }
}

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
            members
                .filter(|member| *member != uri)
                .fold(Measured::default(), |most, uri| most.max(measure(directory, uri)))
        };
        let least = measure(directory, uri).plus(group("AUDIO"));
        let most = least.plus(group("SUBTITLES"));
        for (name, least, most) in
            [("BANDWIDTH", least.peak, most.peak), ("AVERAGE-BANDWIDTH", least.average, most.average)]
        {
            let stated: f64 = variant.get(name).and_then(|rate| rate.parse().ok()).unwrap_or(0.0);
            report.require((least / 1.1..=most * 1.1).contains(&stated), || {
                format!(
                    "{uri}: {name} is {stated}, and {least:.0} bits per second are measured (Apple, 9: multivariant)"
                )
            });
        }
    }
}

/// Measures the segments of a playlist. The peak is the highest of contiguous segments that last between 0.5 and 1.5 target
/// durations together (RFC 8216bis 4.4.6.2).
fn measure(directory: &Path, uri: &str) -> Measured {
    let path = directory.join(uri);
    let Ok(text) = fs::read_to_string(&path) else { return Measured::default() };
    let target = text.lines().find_map(|line| line.strip_prefix("#EXT-X-TARGETDURATION:")?.parse::<f64>().ok());
    let (mut segments, mut duration, mut length) = (Vec::new(), 0.0, None);
    let mut sizes: BTreeMap<&str, u64> = BTreeMap::new();
    for line in text.lines() {
        if let Some(seconds) = line.strip_prefix("#EXTINF:") {
            duration = seconds.split(',').next().and_then(|seconds| seconds.parse().ok()).unwrap_or(0.0);
        } else if let Some(range) = line.strip_prefix("#EXT-X-BYTERANGE:") {
            length = range.split('@').next().and_then(|length| length.parse::<u64>().ok());
        } else if !line.is_empty() && !line.starts_with('#') {
            let size = || fs::metadata(path.with_file_name(line)).map_or(0, |file| file.len());
            let bytes = length.take().unwrap_or_else(|| *sizes.entry(line).or_insert_with(size));
            segments.push((duration, bytes));
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "rates are compared to 10 %")]
    let rate = |segments: &[(f64, u64)]| {
        let bytes: u64 = segments.iter().map(|(_, bytes)| bytes).sum();
        let seconds: f64 = segments.iter().map(|(seconds, _)| seconds).sum();
        bytes as f64 * 8.0 / seconds.max(f64::MIN_POSITIVE)
    };
    let average = rate(&segments);
    let target = target.unwrap_or(0.0);
    let mut peak: Option<f64> = None;
    for from in 0..segments.len() {
        for to in from + 1..=segments.len() {
            let seconds: f64 = segments[from..to].iter().map(|(seconds, _)| seconds).sum();
            if seconds > 1.5 * target {
                break;
            }
            if seconds >= 0.5 * target {
                peak = Some(peak.unwrap_or(0.0).max(rate(&segments[from..to])));
            }
        }
    }
    Measured { peak: peak.unwrap_or(average), average }
}
