//! Trick mode (DASH-IF IOP 4.3, 3.2.9): adaptation sets from which players show a video fast.

use super::finding::{Attribute, Findings};
use super::manifests::Representation;
use super::pair::Pair;
use super::timing::Shared;
use super::track::Kind;
use super::video::{self, Video};
use super::{codecs, rates, segments};

const TRICK_MODE: &str = "http://dashif.org/guidelines/trickmode";

/// Requires that every adaptation set for trick mode names a video set for normal playback.
pub(super) fn check(representations: &[Representation<'_>], findings: &mut Findings) {
    for found in representations.iter().filter(|found| found.is_special()) {
        let main = main_set(found);
        let is_main = |other: &Representation<'_>| {
            !other.is_special()
                && main.is_some()
                && other.set.get("id") == main
                && other.get("contentType") == Some("video")
        };
        let named = main.unwrap_or("no scheme of trick mode");
        let place = place(found);
        findings.require(
            representations.iter().any(is_main),
            &place,
            Attribute::TrickMode,
            "the id of a video set",
            named,
        );
        for segment in found.segments.iter().filter(|segment| !segment.file.is_file()) {
            findings.require(false, &place, Attribute::TrickMode, "a segment that exists", segment.file.display());
        }
    }
}

/// Requires that a video set of several segments, all of which can be decoded from their key frame, has a set for trick mode, with
/// the segments of the representation with the lowest bit rate; and that no other set has one.
pub(super) fn check_set(
    set: &[&Pair<'_>],
    representations: &[Representation<'_>],
    shared: Shared,
    findings: &mut Findings,
) {
    let videos = set.iter().filter(|pair| pair.track.kind == Kind::Video);
    let bandwidth = |pair: &&&Pair<'_>| pair.representation.get("bandwidth").and_then(|rate| rate.parse::<u64>().ok());
    let Some(lowest) = videos.min_by_key(bandwidth) else { return };
    let id = lowest.representation.set.get("id");
    let of_set: Vec<_> = representations.iter().filter(|found| found.is_special() && main_set(found) == id).collect();
    let place = format!("stream.mpd set {}", id.unwrap_or_default());
    let is_closed = lowest.segments.len() > 1 && lowest.segments.iter().all(|segment| starts_closed(lowest, segment));
    let expected = usize::from(is_closed);
    findings.compare(&place, Attribute::TrickMode, Some(expected), Some(of_set.len()));
    for found in of_set {
        check_representation(lowest, found, shared, findings);
    }
}

/// Returns whether no packet after the first of a segment is presented before it.
fn starts_closed(pair: &Pair<'_>, segment: &segments::Segment) -> bool {
    pair.track.packets.get(segment.packets.start).is_some_and(|packet| packet.pts == segment.start)
}

fn check_representation(lowest: &Pair<'_>, found: &Representation<'_>, shared: Shared, findings: &mut Findings) {
    let place = place(found);
    // Bytes that the package has for normal playback: no second copy of the key frames.
    let bytes = |of: &Representation<'_>| -> Vec<_> {
        of.segments.iter().map(|segment| (segment.file.clone(), segment.range.clone())).collect()
    };
    let is_same = bytes(found) == bytes(lowest.representation);
    findings.require(is_same, &place, Attribute::TrickMode, "the segments of the lowest bit rate", "others");
    if !is_same {
        return;
    }
    let pair = Pair { track: lowest.track, representation: found, segments: lowest.segments.clone() };
    rates::check_bandwidth(&pair, shared, findings);
    codecs::check(&pair, findings);
    video::check(&pair, &[], findings);
    for (number, (segment, found)) in pair.segments.iter().zip(&found.segments).enumerate() {
        let place = format!("{place} segment {}", number + 1);
        findings.compare(&place, Attribute::SegmentDuration, Some(segment.duration), Some(found.duration));
    }
    check_key_frames(&pair, &place, findings);
}

/// Requires that the key frames are described as a part (ISO/IEC 23009-1 5.3.6), and that nothing that holds for them alone is
/// stated of all frames.
fn check_key_frames(pair: &Pair<'_>, place: &str, findings: &mut Findings) {
    for name in ["codingDependency", "maxPlayoutRate"] {
        findings.compare(place, Attribute::TrickMode, None::<&str>, pair.representation.get(name));
    }
    let key_frames = pair.representation.element.child("SubRepresentation");
    let dependency = key_frames.and_then(|part| part.get("codingDependency"));
    findings.compare(place, Attribute::TrickMode, Some("false"), dependency);
    // At the highest rate, a player decodes one frame of each segment in the time of one frame.
    let rate = key_frames.and_then(|part| part.number("maxPlayoutRate"));
    let (_last, segments) = pair.segments.split_last().expect("several segments");
    let frames =
        segments.iter().map(|segment| segment.packets.len()).min().and_then(|frames| i64::try_from(frames).ok());
    let is_stated = Video::of(pair).frame_rate.is_some() && frames > Some(1);
    let expected = frames.filter(|_| is_stated);
    // Durations that jitter around the frame rate can lack a part of a frame.
    let holds = rate == expected || rate.is_some_and(|rate| expected == Some(rate + 1));
    let [expected, rate] = [expected, rate].map(|rate| rate.map_or("no rate".to_owned(), |rate| rate.to_string()));
    findings.require(holds, place, Attribute::TrickMode, &expected, rate);
}

/// Returns the id of the adaptation set that one for trick mode names.
fn main_set<'m>(found: &Representation<'m>) -> Option<&'m str> {
    found.set.descriptors("EssentialProperty", TRICK_MODE).next()
}

fn place(found: &Representation<'_>) -> String {
    format!("stream.mpd {}", found.id)
}
