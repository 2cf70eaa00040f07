//! Renditions (RFC 8216bis 4.4.6.1): the audio and text tracks that a variant can be played with.

use std::collections::BTreeMap;

use super::audio_groups::{AudioGroup, Member};
use super::media_playlist::path;
use super::subtitles::{GROUP_ID, SubtitleGroup};
use super::tags::push_line;
use crate::cmaf::{Presentation, Representation};
use crate::codec::AudioInfo;
use crate::manifest::SelectionMetadata;
use crate::track::Role;

/// The media characteristics that roles imply.
const CHARACTERISTICS: [(Role, &str); 4] = [
    (Role::Description, "public.accessibility.describes-video"),
    (Role::EnhancedAudioIntelligibility, "public.accessibility.enhances-speech-intelligibility"),
    (Role::Caption, "public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound"),
    (Role::EasyReader, "public.easy-to-read"),
];

/// Writes the audio groups. Tracks that are the same member of several groups have one name.
pub(super) fn write_audio(text: &mut String, presentation: &Presentation, groups: &[&AudioGroup<'_>]) {
    // The first track of each member.
    let mut firsts: BTreeMap<usize, &Representation> = BTreeMap::new();
    for group in groups {
        for member in &group.members {
            firsts.entry(member.number).or_insert(member.track);
        }
    }
    let metadata = firsts.values().map(|track| SelectionMetadata::of_track(presentation, track)).collect::<Vec<_>>();
    let names: BTreeMap<usize, String> = firsts.keys().copied().zip(names(&metadata)).collect();
    for group in groups {
        let default = group.default_track.map(|track| track.id);
        for Member { number, track } in &group.members {
            let channels = track.audio.as_ref().and_then(channels).map(|channels| format!(",CHANNELS=\"{channels}\""));
            let kind = format!("AUDIO,GROUP-ID=\"{}\"", group.id);
            let metadata = SelectionMetadata::of_track(presentation, track);
            let name = names.get(number).map(String::as_str).unwrap_or_default();
            write_rendition(text, &kind, &metadata, name, default == Some(track.id), &channels.unwrap_or_default());
        }
    }
}

/// Writes the group of subtitles. By default, players show only forced subtitles.
pub(super) fn write_subtitles(text: &mut String, presentation: &Presentation, group: &SubtitleGroup<'_>) {
    let tracks = group.tracks.iter().map(|track| SelectionMetadata::of_track(presentation, track));
    let metadata: Vec<_> = tracks.chain(presentation.sidecars.iter().map(SelectionMetadata::of_sidecar)).collect();
    for (metadata, name) in metadata.iter().zip(names(&metadata)) {
        let forced = if metadata.roles.contains(&Role::ForcedSubtitle) { ",FORCED=YES" } else { "" };
        write_rendition(text, &format!("SUBTITLES,GROUP-ID=\"{GROUP_ID}\""), metadata, &name, false, forced);
    }
}

/// Writes an `EXT-X-MEDIA`.
fn write_rendition(
    text: &mut String,
    kind: &str,
    metadata: &SelectionMetadata<'_>,
    name: &str,
    is_default: bool,
    more: &str,
) {
    let is_secondary = metadata.roles.iter().any(|role| matches!(role, Role::Commentary | Role::Supplementary));
    let yes_or_no = |holds: bool| if holds { "YES" } else { "NO" };
    let language = metadata.language.map(|language| format!(",LANGUAGE=\"{language}\"")).unwrap_or_default();
    let values = CHARACTERISTICS.iter().filter(|(role, _)| metadata.roles.contains(role)).map(|(_, value)| *value);
    let values = values.collect::<Vec<_>>().join(",");
    let characteristics = if values.is_empty() { values } else { format!(",CHARACTERISTICS=\"{values}\"") };
    push_line(
        text,
        format_args!(
            "#EXT-X-MEDIA:TYPE={kind},NAME=\"{name}\"{language},DEFAULT={},AUTOSELECT={}{characteristics}{more},URI=\"{}\"",
            yes_or_no(is_default),
            yes_or_no(is_default || !is_secondary),
            path(metadata.id)
        ),
    );
}

/// Returns a text that can be quoted in an attribute: without quotation marks, and without `{$`, which begins a variable reference
/// (RFC 8216bis 4.2).
fn quotable(text: &str) -> String {
    text.replace('"', "'").replace("{$", "{ $")
}

/// Returns the names that viewers see: the label of each track, or else its language, or else its id. Names must be unique in a
/// group, so the id is added to names that are equal.
fn names(metadata: &[SelectionMetadata<'_>]) -> Vec<String> {
    let name = |metadata: &SelectionMetadata<'_>| {
        let name = metadata.label.or(metadata.language);
        name.map_or_else(|| metadata.id.to_string(), quotable)
    };
    let names: Vec<String> = metadata.iter().map(name).collect();
    let unique = |(metadata, name): (&SelectionMetadata<'_>, &String)| {
        let equal = names.iter().filter(|other| other.eq_ignore_ascii_case(name)).count();
        if equal > 1 { format!("{name} ({})", metadata.id) } else { name.clone() }
    };
    metadata.iter().zip(&names).map(unique).collect()
}

/// Returns `CHANNELS` (RFC 8216bis 4.4.6.1): the number of channels; for Dolby Atmos, the number of objects and the identifier
/// of joint object coding; for AC-4 immersive stereo, its identifier as well. `None` if the number depends on the player.
fn channels(audio: &AudioInfo) -> Option<String> {
    match audio {
        AudioInfo { joc_complexity: Some(complexity), .. } => Some(format!("{complexity}/JOC")),
        AudioInfo { channels: 0, .. } => None,
        AudioInfo { channels, is_virtualized: true, .. } => Some(format!("{channels}/IMSA")),
        AudioInfo { channels, .. } => Some(channels.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_stated_with_the_identifiers_of_dolby_atmos_and_immersive_stereo() {
        let stereo = AudioInfo::new(48_000, 2);
        let all = [
            AudioInfo { is_virtualized: true, ..stereo.clone() },
            AudioInfo { joc_complexity: Some(16), ..stereo.clone() },
            AudioInfo { channels: 0, ..stereo.clone() },
            stereo,
        ];
        let channels = all.each_ref().map(channels);
        assert_eq!(channels.each_ref().map(Option::as_deref), [Some("2/IMSA"), Some("16/JOC"), None, Some("2")]);
    }
}
