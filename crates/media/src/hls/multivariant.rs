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
use crate::cmaf::{Presentation, Representation, SizedRepresentation};
use crate::track::TrackKind;

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
    let videos: Vec<_> = of_kind(TrackKind::Video).collect();
    let mut text = String::from("#EXTM3U\n#EXT-X-VERSION:7\n");
    if presentation.representations.iter().all(Representation::has_independent_segments) {
        text.push_str(INDEPENDENT_SEGMENTS);
    }
    write_session_keys(&mut text, presentation, options);
    if !videos.is_empty() {
        audio.iter().for_each(|group| renditions::write_audio(&mut text, presentation, group));
    }
    renditions::write_subtitles(&mut text, presentation, &subtitles);
    captions.write(&mut text);
    if videos.is_empty() {
        for track in of_kind(TrackKind::Audio) {
            write_variant(
                &mut text,
                track.representation,
                Rate::of_track(track, target)?,
                None,
                &subtitles,
                &captions,
            )?;
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

/// Writes a variant (4.4.6.2): one track, with an audio group if it is video, and with all subtitles. `rate` is that of the
/// track and the audio.
fn write_variant(
    text: &mut String,
    track: &Representation,
    rate: Rate,
    group: Option<&AudioGroup<'_>>,
    subtitles: &SubtitleGroup<'_>,
    captions: &CaptionGroup,
) -> Result<()> {
    let audio_codecs = group.and_then(|group| group.tracks.first()).map(|first| first.codecs.as_str());
    let codecs = std::iter::once(track.codecs.as_str()).chain(audio_codecs).chain(subtitles.codecs.iter().copied());
    let codecs = codecs.collect::<Vec<_>>().join(",");
    let duration = track.sample_duration.filter(|_| track.kind == TrackKind::Video);
    let frames = duration.map(|duration| f64::from(track.timescale.hz()) / f64::from(duration));
    let frame_rate = frames.map(|rate| format!(",FRAME-RATE={rate:.3}")).unwrap_or_default();
    let range = video_range(track);
    let audio = group.map(|group| format!(",AUDIO=\"{}\"", group.id)).unwrap_or_default();
    let subtitle_group = if subtitles.exists { format!(",SUBTITLES=\"{GROUP_ID}\"") } else { String::new() };
    let captions = if track.kind == TrackKind::Video { captions.attribute() } else { String::new() };
    let (Rate { peak, average }, resolution) = (rate.with(subtitles.rate)?, resolution(track));
    let rates = format!("BANDWIDTH={peak},AVERAGE-BANDWIDTH={average}");
    push_line(
        text,
        format_args!(
            "#EXT-X-STREAM-INF:{rates},CODECS=\"{codecs}\"{resolution}{frame_rate}{range}{audio}{subtitle_group}{captions}"
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
            "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH={},AVERAGE-BANDWIDTH={},CODECS=\"{}\"{}{},URI=\"{}\"",
            rate.peak,
            rate.average,
            track.codecs,
            resolution(track),
            video_range(track),
            key_frames::path(track.id)
        ),
    );
}

/// Returns `VIDEO-RANGE`, if the colours are known.
fn video_range(track: &Representation) -> String {
    let colour = track.video.as_ref().and_then(|video| video.colour);
    colour.map(|colour| format!(",VIDEO-RANGE={}", colour.video_range())).unwrap_or_default()
}

fn resolution(track: &Representation) -> String {
    track.video.as_ref().map(|video| format!(",RESOLUTION={}x{}", video.width, video.height)).unwrap_or_default()
}

#[cfg(test)]
#[path = "multivariant_tests.rs"]
mod tests;
