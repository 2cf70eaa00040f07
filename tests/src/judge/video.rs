//! Video: codecs, sizes, aspect ratios, frame rate, scan type and dynamic range.

use super::finding::{Attribute, Findings};
use super::pair::Pair;
use super::track::as_float;

/// The parameters of a video that the manifests must state.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Video {
    pub(super) width: i64,
    pub(super) height: i64,
    /// Width and height of a pixel.
    sar: (i64, i64),
    /// Whether the track's matrix turns it by a quarter.
    is_turned: bool,
    /// Frames in a number of seconds; `None` if the rate varies.
    pub(super) frame_rate: Option<(i64, i64)>,
    is_interlaced: Option<bool>,
    pub(super) range: &'static str,
    /// Whether there is a view for each eye.
    pub(super) is_stereoscopic: bool,
}

impl Video {
    pub(super) fn of(pair: &Pair<'_>) -> Self {
        let stream = pair.track.stream;
        let ratio = stream.text("sample_aspect_ratio").and_then(|ratio| ratio.split_once(':'));
        let sar = ratio.map_or((1, 1), |(w, h)| reduced(w.parse().unwrap(), h.parse().unwrap()));
        Self {
            width: stream.number("width").expect("a width"),
            height: stream.number("height").expect("a height"),
            sar: if sar.0 > 0 && sar.1 > 0 { sar } else { (1, 1) },
            is_turned: stream.side_data("Display Matrix", "rotation").is_some_and(|angle| angle.rem_euclid(180) == 90),
            frame_rate: frame_rate(pair),
            // ffprobe states `progressive` for all H.265.
            is_interlaced: stream
                .text("field_order")
                .filter(|_| stream.text("codec_name") != Some("hevc"))
                .map(|order| order != "progressive"),
            range: match stream.text("color_transfer") {
                Some("smpte2084") => "PQ",
                Some("arib-std-b67") => "HLG",
                _ => "SDR",
            },
            is_stereoscopic: stream.text("view_ids_available").is_some_and(|ids| ids.contains(',')),
        }
    }

    /// `RESOLUTION`: the size at which all of the video is displayed, in square pixels of its height, and turned as the track's matrix
    /// says (RFC 8216bis 4.4.6.2).
    pub(super) fn resolution(&self) -> String {
        let width = (self.width * self.sar.0 * 2 + self.sar.1) / (self.sar.1 * 2);
        if self.is_turned { format!("{}x{width}", self.height) } else { format!("{width}x{}", self.height) }
    }

    fn picture_aspect_ratio(&self) -> String {
        let (w, h) = reduced(self.width * self.sar.0, self.height * self.sar.1);
        format!("{w}:{h}")
    }

    /// `FRAME-RATE`: with three decimals.
    pub(super) fn decimal_frame_rate(&self) -> Option<String> {
        self.frame_rate.map(|(frames, seconds)| format!("{:.3}", as_float(frames) / as_float(seconds)))
    }
}

fn reduced(a: i64, b: i64) -> (i64, i64) {
    let (mut divisor, mut rest) = (a, b);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    (a / divisor.max(1), b / divisor.max(1))
}

/// `@frameRate`: a whole number, or a fraction.
fn fraction((frames, seconds): (i64, i64)) -> String {
    if seconds == 1 { frames.to_string() } else { format!("{frames}/{seconds}") }
}

/// Returns the frame rate: the one by which all frames are decoded one duration apart, or else a rate in use that every frame is
/// within a tick of.
fn frame_rate(pair: &Pair<'_>) -> Option<(i64, i64)> {
    let timescale = pair.track.stream.timescale;
    let times: Vec<i64> = pair.track.packets.iter().map(|packet| packet.dts).collect();
    let distances: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let Some(first) = distances.first() else {
        let only = pair.track.packets.first().filter(|packet| packet.duration > 0)?;
        return Some(reduced(timescale, only.duration));
    };
    if distances.iter().all(|distance| distance == first) && *first > 0 {
        return Some(reduced(timescale, *first));
    }
    let span = as_float(times.last()? - times.first()?);
    let mean = as_float(i64::try_from(distances.len()).ok()?) * as_float(timescale) / span;
    let rates = (1..=240).flat_map(|rate| [(rate, 1), (rate * 1000, 1001)]);
    let value = |(frames, seconds): &(i64, i64)| as_float(*frames) / as_float(*seconds);
    let fits = |rate: &(i64, i64)| {
        let period = as_float(timescale) / value(rate);
        let mut errors = (0_i64..).zip(&times).map(|(n, time)| as_float(*time - times[0]) - as_float(n) * period);
        errors.all(|error| error.abs() <= 1.0)
    };
    let nearest = rates.filter(fits).min_by(|a, b| (value(a) - mean).abs().total_cmp(&(value(b) - mean).abs()));
    nearest.map(|(frames, seconds)| reduced(frames, seconds))
}

/// Checks the attributes of a representation and of its adaptation set.
pub(super) fn check(pair: &Pair<'_>, set: &[&Pair<'_>], findings: &mut Findings) {
    let video = Video::of(pair);
    let (place, found) = (pair.place(), pair.representation);
    let rate = video.frame_rate.map(fraction);
    findings.compare(
        &place,
        Attribute::CodedSize,
        Some(format!("{}x{}", video.width, video.height)),
        size(pair).as_deref(),
    );
    let sar = format!("{}:{}", video.sar.0, video.sar.1);
    findings.compare(&place, Attribute::SampleAspectRatio, Some(sar), found.get("sar"));
    findings.compare(&place, Attribute::FrameRate, rate, found.get("frameRate"));
    let scan = match video.is_interlaced {
        Some(true) => Some("interlaced"),
        None => found.get("scanType"),
        Some(false) => found.get("scanType").filter(|scan| *scan == "progressive"),
    };
    findings.compare(&place, Attribute::ScanType, scan, found.get("scanType"));

    if set.first().is_some_and(|first| first.track.id == pair.track.id) {
        check_set(pair, &set.iter().map(|pair| Video::of(pair)).collect::<Vec<_>>(), findings);
    }
}

fn size(pair: &Pair<'_>) -> Option<String> {
    let (width, height) = pair.representation.get("width").zip(pair.representation.get("height"))?;
    Some(format!("{width}x{height}"))
}

/// Checks the attributes of an adaptation set: the greatest of its members, and the aspect ratio that all have.
fn check_set(pair: &Pair<'_>, videos: &[Video], findings: &mut Findings) {
    let set = pair.representation.set;
    let place = format!("stream.mpd AdaptationSet {}", set.get("id").unwrap_or_default());
    findings.compare(&place, Attribute::MaxWidth, videos.iter().map(|video| video.width).max(), set.get("maxWidth"));
    findings.compare(&place, Attribute::MaxHeight, videos.iter().map(|video| video.height).max(), set.get("maxHeight"));
    let rates: Option<Vec<_>> = videos.iter().map(|video| video.frame_rate).collect();
    let greatest =
        rates.and_then(|rates| rates.into_iter().max_by_key(|(frames, seconds)| frames * 1_000_000 / seconds));
    findings.compare(&place, Attribute::MaxFrameRate, greatest.map(fraction), set.get("maxFrameRate"));
    let ratio = videos[0].picture_aspect_ratio();
    let is_shared = videos.iter().all(|video| video.picture_aspect_ratio() == ratio);
    findings.compare(&place, Attribute::PictureAspectRatio, is_shared.then_some(ratio), set.get("par"));
}
