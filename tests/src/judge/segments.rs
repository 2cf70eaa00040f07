//! The segments of a track: where the source's samples allow them to start, and how long they last.

use std::ops::Range;

use super::ffprobe::Packet;
use super::finding::{Attribute, Findings};
use super::manifests::Representation;
use super::track::{Kind, Track};

/// A segment of a track.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    /// The earliest presentation time of its packets.
    pub(super) start: i64,
    pub(super) duration: i64,
    pub(super) packets: Range<usize>,
    /// The bytes that a client downloads.
    pub(super) bytes: u64,
}

/// Returns where a segment of a track may start: the index of a key frame, and the earliest presentation time from there on.
pub(super) fn starts(packets: &[Packet]) -> Vec<(usize, i64)> {
    let mut earliest = i64::MAX;
    let mut starts = Vec::new();
    for (index, packet) in packets.iter().enumerate().rev() {
        earliest = earliest.min(packet.pts);
        if packet.is_key {
            starts.push((index, earliest));
        }
    }
    starts.reverse();
    starts
}

/// Derives the segments from the packets and the starts that the MPD states. Reports starts and durations that the packets do not
/// have. `earliest` is the presentation time from which audio is published at the latest, in units of the track.
pub(super) fn of_track(
    track: &Track<'_>,
    found: &Representation<'_>,
    earliest: i64,
    findings: &mut Findings,
) -> Option<Vec<Segment>> {
    let place = format!("stream.mpd {}", track.id);
    let scale = (track.stream.timescale == found.timescale).then_some(());
    findings.require(
        scale.is_some(),
        &place,
        Attribute::SegmentStart,
        &track.stream.timescale.to_string(),
        found.timescale,
    );
    scale?;
    let (mut starts, end) = (starts(&track.packets), track.end()?);
    if track.kind == Kind::Audio {
        starts.drain(..front(&starts, found.segments.first()?.start, earliest));
    }
    // The edit list's timescale may be coarser than the track's: then the whole track is rounded by up to one unit.
    let shift = found.segments.first()?.start - starts.first()?.1;
    let first = starts[0].1.to_string();
    findings.require(shift.abs() <= 1, &place, Attribute::SegmentStart, &first, found.segments[0].start);
    let mut indexes = vec![(starts[0], true)];
    for segment in found.segments.iter().skip(1) {
        let nearest = starts.iter().min_by_key(|(_, start)| (start + shift - segment.start).abs())?;
        let is_start = nearest.1 + shift == segment.start;
        findings.require(is_start, &place, Attribute::SegmentStart, &nearest.1.to_string(), segment.start - shift);
        indexes.push((*nearest, is_start));
    }
    let next = indexes.iter().skip(1).copied().chain([((track.packets.len(), end), true)]);
    let mut segments = Vec::new();
    for (number, ((from, to), found)) in indexes.iter().zip(next).zip(&found.segments).enumerate() {
        let (((index, start), starts_right), ((next, end), ends_right)) = (*from, to);
        let segment = Segment { start, duration: end - start, packets: index..next, bytes: found.bytes() };
        if starts_right && ends_right {
            let place = format!("{place} segment {}", number + 1);
            findings.compare(&place, Attribute::SegmentDuration, Some(segment.duration), Some(found.duration));
        }
        segments.push(segment);
    }
    Some(segments)
}

/// Returns how many audio samples the package leaves out before the one that it starts with: none of those that are needed from
/// `earliest` on.
fn front(starts: &[(usize, i64)], first: i64, earliest: i64) -> usize {
    let left_out = starts.iter().take_while(|(_, start)| *start + 1 < first && *start < earliest);
    left_out.count()
}

/// Requires that the boundaries of the reference track, the first video or else the first audio, are the key frames nearest to the
/// target duration.
pub(super) fn check_reference(track: &Track<'_>, segments: &[Segment], target_seconds: i64, findings: &mut Findings) {
    let target = target_seconds * track.stream.timescale;
    let starts = starts(&track.packets);
    for pair in segments.windows(2) {
        let distance = |start: i64| (start - pair[0].start - target).abs();
        let later = starts.iter().map(|(_, start)| *start).filter(|start| *start > pair[0].start);
        let nearest = later.min_by_key(|start| distance(*start)).unwrap();
        let is_nearest = distance(pair[1].start) == distance(nearest);
        let place = format!("stream.mpd {}", track.id);
        findings.require(is_nearest, &place, Attribute::SegmentStart, &nearest.to_string(), pair[1].start);
    }
}

/// Requires that a track starts its segments with the first sample that is not before a segment of the reference track.
pub(super) fn check_other(
    track: &Track<'_>,
    segments: &[Segment],
    reference: (&Track<'_>, &[Segment]),
    findings: &mut Findings,
) {
    if track.kind == Kind::Video {
        return;
    }
    let scale = (i128::from(track.stream.timescale), i128::from(reference.0.stream.timescale));
    let times: Vec<i64> = starts(&track.packets).iter().map(|(_, start)| *start).collect();
    for boundary in reference.1.iter().skip(1) {
        // The rounding of an edit list is up to one unit.
        let boundary = i128::from(boundary.start) * scale.0 - scale.1;
        let Some(first) = times.iter().find(|time| i128::from(**time) * scale.1 >= boundary) else { continue };
        let is_start = segments.iter().any(|segment| segment.start == *first);
        let place = format!("stream.mpd {}", track.id);
        findings.require(is_start, &place, Attribute::SegmentStart, &first.to_string(), "no start");
    }
}
