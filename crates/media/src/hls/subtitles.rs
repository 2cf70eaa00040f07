//! Playlists of subtitles, and their part in every variant.

use super::media_playlist::{seconds, write_playlist};
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
    /// The highest rate of a subtitle track. The rate of text files is at most that of the fragments with the same text.
    pub(super) rate: Rate,
    /// The codecs that variants must state: those of tracks that are listed as segments, not as text files.
    pub(super) codecs: Vec<&'p str>,
}

impl<'p> SubtitleGroup<'p> {
    pub(super) fn of(tracks: &[SizedRepresentation<'p>], sidecars: &[Sidecar]) -> Result<Self> {
        let mut group =
            Self { tracks: Vec::new(), exists: !sidecars.is_empty(), rate: Rate::default(), codecs: Vec::new() };
        for track in tracks.iter().filter(|track| track.representation.kind == TrackKind::Text) {
            let representation = track.representation;
            group.tracks.push(representation);
            group.exists = true;
            group.rate = group.rate.max(Rate::of(track)?);
            let codecs = representation.codecs.as_str();
            if !is_listed_as_text(representation) && !group.codecs.contains(&codecs) {
                group.codecs.push(codecs);
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
///
/// A playlist starts when the presentation starts, and contains only durations. If text starts later than the media, its first
/// segment is listed as longer by the difference.
pub(super) fn track_playlist(presentation: &Presentation, track: &SizedRepresentation<'_>) -> String {
    let representation = track.representation;
    let mut segments = representation.segments.clone();
    if let Some(first) = segments.first_mut() {
        let start = start_of_media(presentation, representation).unwrap_or(first.start).min(first.start);
        // `start` is not later than the end.
        first.duration = first.end().saturating_sub(start);
        first.start = start;
    }
    // Text is never encrypted, so no key is signalled.
    let options = HlsOptions::default();
    if is_listed_as_text(representation) {
        let files = resource::webvtt_files(representation);
        return write_playlist(representation, &segments, "", None, files, &options);
    }
    let init = resource::init(representation, presentation.layout);
    let resources = resource::segments(track, presentation.layout);
    write_playlist(representation, &segments, "", Some(&init), resources, &options)
}

/// Returns the start of the first segment of the first video track, or of the first audio track, on the timeline of `text`.
fn start_of_media(presentation: &Presentation, text: &Representation) -> Option<u64> {
    let first_of = |kind| presentation.representations.iter().find(|other| other.kind == kind);
    let media = first_of(TrackKind::Video).or_else(|| first_of(TrackKind::Audio))?;
    let start = text.timescale.rescale(media.segments.first()?.start, media.timescale)?;
    let origin = text.timescale.rescale(media.presentation_time_offset, media.timescale)?;
    // Media that starts before the origin of the text starts at zero on its timeline.
    start.checked_add(text.presentation_time_offset).map(|start| start.saturating_sub(origin))
}

/// Writes the playlist of a subtitle file: one segment that is as long as the presentation.
pub(super) fn sidecar_playlist(presentation: &Presentation, sidecar: &Sidecar) -> String {
    let duration = |representation: &Representation| {
        let start = representation.segments.first().map_or(0, |first| first.start);
        let end = representation.segments.last().map_or(0, SegmentTime::end);
        // Segments are in order, so the end is not before the start.
        seconds(end.saturating_sub(start), representation)
    };
    let duration = presentation.representations.iter().map(duration).fold(0.0, f64::max);
    let target = duration.ceil();
    let file = if sidecar.is_mapped { MAPPED_SIDECAR } else { SIDECAR };
    format!(
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{target:.0}\n#EXT-X-PLAYLIST-TYPE:VOD\n\
         #EXTINF:{duration:.6},\n{file}\n#EXT-X-ENDLIST\n"
    )
}
