//! Renditions (RFC 8216bis 4.4.6.1): the tracks of audio and text that a variant can be played with.

use super::media::{self, line};
use crate::cmaf::{Presentation, Representation};
use crate::codec::AudioFacts;
use crate::track::{Role, TrackKind};

/// What a rendition is for, of which the file says so, in Apple's words.
const CHARACTERISTICS: [(Role, &str); 4] = [
    (Role::Description, "public.accessibility.describes-video"),
    (Role::EnhancedAudioIntelligibility, "public.accessibility.enhances-speech-intelligibility"),
    (Role::Caption, "public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound"),
    (Role::EasyReader, "public.easy-to-read"),
];

/// Writes an `EXT-X-MEDIA` for each of the `tracks` of a group.
///
/// Of audio the main track is played unless another is chosen; of text none is, but for what is forced on everyone.
pub(super) fn group(text: &mut String, presentation: &Presentation, id: &str, tracks: &[&Representation]) {
    let main = tracks.iter().position(|own| presentation.roles(own).contains(&Role::Main)).unwrap_or(0);
    for ((position, own), name) in tracks.iter().enumerate().zip(names(tracks)) {
        let is_text = own.kind == TrackKind::Text;
        let roles = presentation.roles(own);
        let is_default = !is_text && position == main;
        let is_aside = roles.iter().any(|role| matches!(role, Role::Commentary | Role::Supplementary));
        let yes = |holds: bool| if holds { "YES" } else { "NO" };
        let kind = if is_text { "SUBTITLES" } else { "AUDIO" };
        let language = own.language.as_ref().map(|language| format!(",LANGUAGE=\"{language}\"")).unwrap_or_default();
        let forced = if is_text && roles.contains(&Role::ForcedSubtitle) { ",FORCED=YES" } else { "" };
        let told: Vec<_> =
            CHARACTERISTICS.iter().filter(|(role, _)| roles.contains(role)).map(|(_, words)| *words).collect();
        let characteristics =
            if told.is_empty() { String::new() } else { format!(",CHARACTERISTICS=\"{}\"", told.join(",")) };
        let channels = own.audio.as_ref().map(|audio| format!(",CHANNELS=\"{}\"", channels(audio))).unwrap_or_default();
        line(
            text,
            format_args!(
                "#EXT-X-MEDIA:TYPE={kind},GROUP-ID=\"{id}\",NAME=\"{name}\"{language},DEFAULT={},AUTOSELECT={}{forced}\
                 {characteristics}{channels},URI=\"{}\"",
                yes(is_default),
                yes(is_default || !is_aside),
                media::path(&own.name)
            ),
        );
    }
}

/// What people are shown: the track's name, or that of its language, or failing both its own; with its own behind it where
/// several would be called the same, for each must be told apart in its group.
fn names(tracks: &[&Representation]) -> Vec<String> {
    let plain = |own: &Representation| {
        let name = own.label().or(own.language.as_deref()).unwrap_or(&own.name);
        name.replace('"', "'")
    };
    let names: Vec<String> = tracks.iter().map(|own| plain(own)).collect();
    let tell_apart = |(own, name): (&&Representation, &String)| {
        let same = names.iter().filter(|other| other.eq_ignore_ascii_case(name)).count();
        if same > 1 { format!("{name} ({})", own.name) } else { name.clone() }
    };
    tracks.iter().zip(&names).map(tell_apart).collect()
}

/// `CHANNELS` (RFC 8216bis 4.4.6.1): how many, or for Dolby Atmos how many objects at once, and that they are coded jointly.
fn channels(audio: &AudioFacts) -> String {
    audio.joc.map_or_else(|| audio.channels.to_string(), |complexity| format!("{complexity}/JOC"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn atmos_counts_objects_not_channels() {
        let stereo = AudioFacts { sample_rate: 48_000, channels: 2, layout: None, joc: None };
        assert_eq!(channels(&stereo), "2");
        assert_eq!(channels(&AudioFacts { joc: Some(16), ..stereo }), "16/JOC");
    }
}
