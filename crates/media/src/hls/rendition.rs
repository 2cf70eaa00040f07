//! Renditions (RFC 8216bis 4.4.6.1): the tracks of audio and text that a variant can be played with.

use super::media::{line, path};
use crate::cmaf::{Choice, Presentation, Representation, Sidecar};
use crate::codec::AudioInfo;
use crate::track::Role;

/// What a rendition is for, of which the file says so, in Apple's words.
const CHARACTERISTICS: [(Role, &str); 4] = [
    (Role::Description, "public.accessibility.describes-video"),
    (Role::EnhancedAudioIntelligibility, "public.accessibility.enhances-speech-intelligibility"),
    (Role::Caption, "public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound"),
    (Role::EasyReader, "public.easy-to-read"),
];

/// Writes a group of sound: the main track is played unless another is chosen.
pub(super) fn sound(text: &mut String, presentation: &Presentation, id: &str, tracks: &[&Representation]) {
    let choices: Vec<_> = tracks.iter().map(|own| presentation.choice(own)).collect();
    let main = choices.iter().position(|own| own.roles.contains(&Role::Main)).unwrap_or(0);
    // What is the same at another rate is called the same in every group.
    let first = |own: &Representation| presentation.representations.iter().find(|other| other.set == own.set);
    let called = tracks.iter().zip(&choices).map(|(own, choice)| {
        let name = first(own).map_or(choice.name, |first| first.name.as_str());
        Choice { name, ..choice.clone() }
    });
    let called = names(&called.collect::<Vec<_>>());
    for (position, ((own, choice), name)) in tracks.iter().zip(&choices).zip(called).enumerate() {
        let channels = own.audio.as_ref().map(|audio| format!(",CHANNELS=\"{}\"", channels(audio))).unwrap_or_default();
        media(text, &format!("AUDIO,GROUP-ID=\"{id}\""), choice, &name, position == main, &channels);
    }
}

/// Writes the group of subtitles: none is shown unless it is chosen, but for what is forced on everyone.
pub(super) fn subtitles(
    text: &mut String,
    presentation: &Presentation,
    id: &str,
    tracks: &[&Representation],
    sidecars: &[Sidecar],
) {
    let choices = tracks.iter().map(|own| presentation.choice(own)).chain(sidecars.iter().map(Sidecar::choice));
    let choices: Vec<_> = choices.collect();
    for (choice, name) in choices.iter().zip(names(&choices)) {
        let forced = if choice.roles.contains(&Role::ForcedSubtitle) { ",FORCED=YES" } else { "" };
        media(text, &format!("SUBTITLES,GROUP-ID=\"{id}\""), choice, &name, false, forced);
    }
}

/// Writes an `EXT-X-MEDIA`.
fn media(text: &mut String, kind: &str, choice: &Choice<'_>, name: &str, is_default: bool, more: &str) {
    let is_aside = choice.roles.iter().any(|role| matches!(role, Role::Commentary | Role::Supplementary));
    let yes = |holds: bool| if holds { "YES" } else { "NO" };
    let language = choice.language.map(|language| format!(",LANGUAGE=\"{language}\"")).unwrap_or_default();
    let told = CHARACTERISTICS.iter().filter(|(role, _)| choice.roles.contains(role)).map(|(_, words)| *words);
    let told = told.collect::<Vec<_>>().join(",");
    let characteristics = if told.is_empty() { told } else { format!(",CHARACTERISTICS=\"{told}\"") };
    line(
        text,
        format_args!(
            "#EXT-X-MEDIA:TYPE={kind},NAME=\"{name}\"{language},DEFAULT={},AUTOSELECT={}{characteristics}{more},URI=\"{}\"",
            yes(is_default),
            yes(is_default || !is_aside),
            path(choice.name)
        ),
    );
}

/// What people are shown: the track's name, or that of its language, or failing both its own; with its own behind it where
/// several would be called the same, for each must be told apart in its group.
fn names(choices: &[Choice<'_>]) -> Vec<String> {
    let plain = |own: &Choice<'_>| own.label.or(own.language).unwrap_or(own.name).replace('"', "'");
    let names: Vec<String> = choices.iter().map(plain).collect();
    let tell_apart = |(own, name): (&Choice<'_>, &String)| {
        let same = names.iter().filter(|other| other.eq_ignore_ascii_case(name)).count();
        if same > 1 { format!("{name} ({})", own.name) } else { name.clone() }
    };
    choices.iter().zip(&names).map(tell_apart).collect()
}

/// `CHANNELS` (RFC 8216bis 4.4.6.1): how many, or for Dolby Atmos how many objects at once, and that they are coded jointly.
fn channels(audio: &AudioInfo) -> String {
    audio.joc_complexity.map_or_else(|| audio.channels.to_string(), |complexity| format!("{complexity}/JOC"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn atmos_counts_objects_not_channels() {
        let stereo = AudioInfo { sample_rate: 48_000, channels: 2, channel_configuration: None, joc_complexity: None };
        assert_eq!(channels(&stereo), "2");
        assert_eq!(channels(&AudioInfo { joc_complexity: Some(16), ..stereo }), "16/JOC");
    }
}
