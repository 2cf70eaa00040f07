//! The multivariant playlist (RFC 8216bis 4.4.6).

use super::audio_groups::{AudioGroup, audio_groups};
use super::captions::CaptionGroup;
use super::keys::keys;
use super::options::HlsOptions;
use super::rate::Rate;
use super::subtitles::{GROUP_ID, SubtitleGroup};
use super::tags::{INDEPENDENT_SEGMENTS, push_line};
use super::{key_frames, media_playlist, renditions};
use crate::Result;
use crate::chapters::{CHAPTERS_JSON, chapter_files};
use crate::cmaf::{Presentation, Representation, SizedRepresentation};
use crate::codec::{SupplementalCodecs, VideoInfo};
use crate::track::TrackKind;

/// The session data (4.4.6.4) that names the chapters (Apple, "Providing JSON Chapters").
const CHAPTERS_ID: &str = "com.apple.hls.chapters";

/// Writes the multivariant playlist of a presentation with these `tracks`. `target` is the target duration, in seconds.
pub(super) fn write(
    presentation: &Presentation,
    tracks: &[SizedRepresentation<'_>],
    target: u64,
    options: &HlsOptions,
) -> Result<String> {
    let of_kind = |kind| tracks.iter().filter(move |track| track.representation.kind == kind);
    let audio = audio_groups(tracks, target)?;
    let subtitles = SubtitleGroup::of(presentation, tracks, target)?;
    let captions = CaptionGroup::of(presentation);
    // Variants present the same content (6.2.4), so alternative videos are not among them.
    let videos: Vec<_> = of_kind(TrackKind::Video).filter(|track| !track.representation.is_alternative).collect();
    // Attributes whose names start with REQ- need version 12 (8).
    let version = if videos.iter().any(|track| is_stereoscopic(track.representation)) { 12 } else { 7 };
    let mut text = format!("#EXTM3U\n#EXT-X-VERSION:{version}\n");
    if presentation.representations.iter().all(Representation::has_independent_segments) {
        text.push_str(INDEPENDENT_SEGMENTS);
    }
    if !chapter_files(presentation).is_empty() {
        push_line(&mut text, format_args!("#EXT-X-SESSION-DATA:DATA-ID=\"{CHAPTERS_ID}\",URI=\"{CHAPTERS_JSON}\""));
    }
    write_session_keys(&mut text, presentation, options);
    // A single audio track without video, and without anything to select it by, is the whole variant.
    let is_alone = videos.is_empty() && of_kind(TrackKind::Audio).count() == 1;
    let is_listed = |group: &&AudioGroup<'_>| !is_alone || group.is_described();
    renditions::write_audio(&mut text, presentation, &audio.iter().filter(is_listed).collect::<Vec<_>>());
    renditions::write_subtitles(&mut text, presentation, &subtitles);
    captions.write(&mut text);
    if videos.is_empty() {
        for group in &audio {
            let Some(track) = group.default_track else { continue };
            write_variant(&mut text, track, group.rate, Some(group).filter(is_listed), &subtitles, &captions)?;
        }
    }
    for track in &videos {
        let rate = Rate::of_track(track, target)?;
        if audio.is_empty() {
            write_variant(&mut text, track.representation, rate, None, &subtitles, &captions)?;
        }
        for group in &audio {
            write_variant(&mut text, track.representation, rate.with(group.rate)?, Some(group), &subtitles, &captions)?;
        }
    }
    for track in &videos {
        write_key_frame_variant(&mut text, track.representation, key_frames::rate(track)?);
    }
    Ok(text)
}

/// Writes each key of the package once, so that a player can request keys before it reads a media playlist (4.4.6.5).
fn write_session_keys(text: &mut String, presentation: &Presentation, options: &HlsOptions) {
    let mut written: Vec<String> = Vec::new();
    for encryption in presentation.representations.iter().filter_map(|track| track.encryption.as_ref()) {
        for attributes in keys(encryption, options) {
            if !written.contains(&attributes) {
                push_line(text, format_args!("#EXT-X-SESSION-KEY:{attributes}"));
                written.push(attributes);
            }
        }
    }
}

/// Writes a variant (4.4.6.2): one track, with an audio group, and with all subtitles. `rate` is that of the track and the audio.
/// The track of a variant without video is the default track of its group.
fn write_variant(
    text: &mut String,
    track: &Representation,
    rate: Rate,
    group: Option<&AudioGroup<'_>>,
    subtitles: &SubtitleGroup<'_>,
    captions: &CaptionGroup,
) -> Result<()> {
    let with_video = group.filter(|_| track.kind == TrackKind::Video);
    let audio_codecs = with_video.and_then(|group| group.tracks().next()).map(|first| first.codecs.as_str());
    let codecs = std::iter::once(track.codecs.as_str()).chain(audio_codecs).chain(subtitles.codecs.iter().copied());
    let codecs = codecs.collect::<Vec<_>>().join(",");
    let frame_rate = track.frame_rate.map(|rate| format!(",FRAME-RATE={:.3}", rate.hz())).unwrap_or_default();
    let (supplemental_codecs, layout) = (supplemental_codecs(track), video_layout(track));
    let range = video_range(track);
    let audio = group.map(|group| format!(",AUDIO=\"{}\"", group.id)).unwrap_or_default();
    let subtitle_group = if subtitles.exists { format!(",SUBTITLES=\"{GROUP_ID}\"") } else { String::new() };
    let captions = if track.kind == TrackKind::Video { captions.attribute() } else { String::new() };
    let (Rate { peak, average }, resolution) = (rate.with(subtitles.rate)?, resolution(track));
    let rates = format!("BANDWIDTH={peak},AVERAGE-BANDWIDTH={average}");
    push_line(
        text,
        format_args!(
            "#EXT-X-STREAM-INF:{rates},CODECS=\"{codecs}\"{supplemental_codecs}{resolution}{frame_rate}{range}{layout}{audio}{subtitle_group}{captions}"
        ),
    );
    push_line(text, format_args!("{}", media_playlist::path(track.id)));
    Ok(())
}

/// Writes a variant of key frames (4.4.6.3), which has no `FRAME-RATE`.
fn write_key_frame_variant(text: &mut String, track: &Representation, rate: Rate) {
    push_line(
        text,
        format_args!(
            "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH={},AVERAGE-BANDWIDTH={},CODECS=\"{}\"{}{}{}{},URI=\"{}\"",
            rate.peak,
            rate.average,
            track.codecs,
            supplemental_codecs(track),
            resolution(track),
            video_range(track),
            video_layout(track),
            key_frames::path(track.id)
        ),
    );
}

/// Returns `SUPPLEMENTAL-CODECS`, if the video has an enhancement.
fn supplemental_codecs(track: &Representation) -> String {
    let supplemental = track.video.as_ref().and_then(|video| video.supplemental_codecs.as_ref());
    let attribute = |SupplementalCodecs { codecs, brand }: &_| format!(",SUPPLEMENTAL-CODECS=\"{codecs}/{brand}\"");
    supplemental.map(attribute).unwrap_or_default()
}

fn is_stereoscopic(track: &Representation) -> bool {
    track.video.as_ref().is_some_and(|video| video.is_stereoscopic)
}

/// Returns `REQ-VIDEO-LAYOUT`, for video that players have to show as two views.
fn video_layout(track: &Representation) -> &'static str {
    if is_stereoscopic(track) { ",REQ-VIDEO-LAYOUT=\"CH-STEREO\"" } else { "" }
}

/// Returns `VIDEO-RANGE`, if the colours are known.
fn video_range(track: &Representation) -> String {
    let colour = track.video.as_ref().and_then(|video| video.colour);
    colour.map(|colour| format!(",VIDEO-RANGE={}", colour.video_range())).unwrap_or_default()
}

/// Returns `RESOLUTION`, if the size is known: the size at which the video is displayed (4.4.6.2), with square pixels and as its
/// matrix turns it. Players compare it with the size of their screen. Shaka Packager scales to square pixels too; it, Bento4 and
/// ffmpeg ignore the matrix, so that an upright video of a phone is announced lying on its side.
fn resolution(track: &Representation) -> String {
    let size = track.video.as_ref().map(VideoInfo::display_size).filter(|(width, height)| *width > 0 && *height > 0);
    let size = size.map(|(width, height)| if track.is_quarter_turned { (height, width) } else { (width, height) });
    size.map(|(width, height)| format!(",RESOLUTION={width}x{height}")).unwrap_or_default()
}

#[cfg(test)]
#[path = "multivariant_tests.rs"]
mod tests;
