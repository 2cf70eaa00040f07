//! Playlists of subtitles, and their part in every variant.

use super::media_playlist::{longest_seconds, seconds, write_playlist};
use super::options::HlsOptions;
use super::rate::Rate;
use super::resource;
use crate::Result;
use crate::cmaf::{MAPPED_SIDECAR, Presentation, Representation, SIDECAR, SegmentTime, Sidecar, SizedRepresentation};
use crate::track::TrackKind;

/// Id of the group of subtitles. There is one group, because any subtitles may be shown with any variant.
pub(super) const GROUP_ID: &str = "subtitles";

/// The subtitles of a presentation, as the variants refer to them.
pub(super) struct SubtitleGroup<'p> {
    pub(super) tracks: Vec<&'p Representation>,
    /// Whether there are any subtitles: tracks or files.
    pub(super) exists: bool,
    /// The highest rate of a subtitle track or file. The rate of text files is at most that of the fragments with the same text.
    pub(super) rate: Rate,
    /// The codecs that variants must state: those of tracks that are listed as segments, not as text files.
    pub(super) codecs: Vec<&'p str>,
}

impl<'p> SubtitleGroup<'p> {
    /// Collects the subtitles of a presentation with these `tracks`. `target` is the target duration, in seconds.
    pub(super) fn of(presentation: &'p Presentation, tracks: &[SizedRepresentation<'p>], target: u64) -> Result<Self> {
        let exists = !presentation.sidecars.is_empty();
        let mut group = Self { tracks: Vec::new(), exists, rate: Rate::default(), codecs: Vec::new() };
        for SizedRepresentation { representation, sizes } in tracks {
            if representation.kind != TrackKind::Text {
                continue;
            }
            group.tracks.push(representation);
            group.exists = true;
            // By the target duration of the media: a segment that lasts until a late first cue would hide every peak.
            let segments = listed_segments(presentation, representation);
            let sizes = sizes.iter().map(|size| size.bytes);
            group.rate = group.rate.max(Rate::of(representation, &segments, sizes, target)?);
            let codecs = representation.codecs.as_str();
            if !is_listed_as_text(representation) && !group.codecs.contains(&codecs) {
                group.codecs.push(codecs);
            }
        }
        if let Some(longest) = longest_media(presentation) {
            for sidecar in &presentation.sidecars {
                let rate = Rate::constant(sidecar.bytes, duration(longest), longest.timescale)?;
                group.rate = group.rate.max(rate);
            }
        }
        Ok(group)
    }
}

/// Returns whether playlists list the segments of a text track as WebVTT text files.
fn is_listed_as_text(representation: &Representation) -> bool {
    representation.kind == TrackKind::Text && representation.codecs == "wvtt"
}

/// Writes the playlist of a text track.
pub(super) fn track_playlist(presentation: &Presentation, track: &SizedRepresentation<'_>) -> String {
    let representation = track.representation;
    let segments = listed_segments(presentation, representation);
    let target = longest_seconds(representation, &segments);
    // Text is never encrypted, so no key is signalled.
    let options = HlsOptions::default();
    if is_listed_as_text(representation) {
        let files = resource::webvtt_files(representation);
        return write_playlist(representation, &segments, target, "", None, files, &options);
    }
    let init = resource::init(representation, presentation.layout);
    let resources = resource::segments(track, presentation.layout);
    write_playlist(representation, &segments, target, "", Some(&init), resources, &options)
}

/// Returns the segments of a text track as its playlist lists them: from the start of the media to its end.
///
/// A playlist starts when the presentation starts, and contains only durations. If text starts later than the media, its first
/// segment is listed as longer by the difference. A segment that starts after the end of the media is not listed, and the last
/// one ends when the media does: no cue makes the presentation longer.
fn listed_segments(presentation: &Presentation, text: &Representation) -> Vec<SegmentTime> {
    let mut segments = text.segments.clone();
    if let Some(first) = segments.first_mut() {
        let start = start_of_media(presentation, text).unwrap_or(first.start).min(first.start);
        // `start` is not later than the end.
        first.duration = first.end().saturating_sub(start);
        first.start = start;
    }
    let Some(end) = end_of_media(presentation, text) else { return segments };
    let listed = segments.partition_point(|segment| segment.start < end).max(1);
    segments.truncate(listed);
    if let Some(last) = segments.last_mut().filter(|last| last.start < end) {
        last.duration = last.duration.min(end.saturating_sub(last.start));
    }
    segments
}

/// Returns the start of the first segment of the first video track, or of the first audio track, on the timeline of `text`.
fn start_of_media(presentation: &Presentation, text: &Representation) -> Option<u64> {
    let first_of = |kind| presentation.main_media().find(|other| other.kind == kind);
    let media = first_of(TrackKind::Video).or_else(|| first_of(TrackKind::Audio))?;
    let start = text.timescale.rescale(media.segments.first()?.start, media.timescale)?;
    let origin = text.timescale.rescale(media.presentation_time_offset, media.timescale)?;
    // Media that starts before the origin of the text starts at zero on its timeline.
    start.checked_add(text.presentation_time_offset).map(|start| start.saturating_sub(origin))
}

/// Returns the end of the last segment of any video or audio track, on the timeline of `text`.
fn end_of_media(presentation: &Presentation, text: &Representation) -> Option<u64> {
    let end = |media: &Representation| {
        let end = media.segments.last()?.end().checked_sub(media.presentation_time_offset)?;
        text.timescale.rescale(end, media.timescale)
    };
    presentation.main_media().filter_map(end).max()?.checked_add(text.presentation_time_offset)
}

/// Writes the playlist of a subtitle file: one segment that is as long as the presentation.
pub(super) fn sidecar_playlist(presentation: &Presentation, sidecar: &Sidecar) -> String {
    let longest = longest_media(presentation);
    let duration = longest.map_or(0.0, |representation| seconds(duration(representation), representation));
    let target = duration.ceil();
    let file = if sidecar.is_mapped { MAPPED_SIDECAR } else { SIDECAR };
    format!(
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{target:.0}\n#EXT-X-PLAYLIST-TYPE:VOD\n\
         #EXTINF:{duration:.6},\n{file}\n#EXT-X-ENDLIST\n"
    )
}

/// Returns the video or audio track that lasts longest.
fn longest_media(presentation: &Presentation) -> Option<&Representation> {
    let nanos = |representation: &&Representation| {
        // At most 94 bits, divided by a timescale, which is not zero.
        let nanos = u128::from(duration(representation)).saturating_mul(1_000_000_000);
        nanos.checked_div(representation.timescale.hz().into())
    };
    presentation.main_media().max_by_key(nanos)
}

/// Returns the duration of a track, in units of its timescale.
fn duration(representation: &Representation) -> u64 {
    let start = representation.segments.first().map_or(0, |first| first.start);
    // Segments are in order, so the end is not before the start.
    representation.segments.last().map_or(0, SegmentTime::end).saturating_sub(start)
}
