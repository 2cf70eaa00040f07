//! What players and viewers choose a track by, beside its language: its name, and what it is for.
//!
//! Files say what a track is for in two vocabularies: `kind` boxes (ISO/IEC 14496-12 8.10.4) name roles of DASH or of HTML,
//! `tagc` boxes (QuickTime File Format, "Track characteristics") media characteristics of Apple's. Both are read as roles of
//! DASH (ISO/IEC 23009-1 5.8.5.5), from which HLS's characteristics follow.
//!
//! A track's name is what its maker typed: `name` or `titl` of its user data. Handlers have names as well, but most are those
//! of the program that wrote the file; one that looks like that is no name.

use serde::{Deserialize, Serialize};

use crate::isobmff::BoxView;

/// Characters a name may have.
const MAX_NAME: usize = 100;

/// What a track is for (ISO/IEC 23009-1 5.8.5.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Role {
    /// What is presented unless something else is chosen.
    Main,
    /// In place of the main one.
    Alternate,
    /// Beside the main one.
    Supplementary,
    /// Said about the main one.
    Commentary,
    /// Spoken in another language than the original.
    Dub,
    /// Tells who cannot see what is to be seen.
    Description,
    /// Speech that is clear to who hears little.
    EnhancedAudioIntelligibility,
    /// Text of what is said, in another language or the same.
    Subtitle,
    /// Text of all that is to be heard, for who cannot hear.
    Caption,
    /// Text that is shown to all: of what is said in a foreign language.
    ForcedSubtitle,
    /// Text in simple words.
    EasyReader,
    /// Sign language.
    Sign,
}

impl Role {
    const ALL: [Self; 12] = [
        Self::Main,
        Self::Alternate,
        Self::Supplementary,
        Self::Commentary,
        Self::Dub,
        Self::Description,
        Self::EnhancedAudioIntelligibility,
        Self::Subtitle,
        Self::Caption,
        Self::ForcedSubtitle,
        Self::EasyReader,
        Self::Sign,
    ];

    /// Its value in the scheme `urn:mpeg:dash:role:2011`.
    #[must_use]
    pub fn value(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Alternate => "alternate",
            Self::Supplementary => "supplementary",
            Self::Commentary => "commentary",
            Self::Dub => "dub",
            Self::Description => "description",
            Self::EnhancedAudioIntelligibility => "enhanced-audio-intelligibility",
            Self::Subtitle => "subtitle",
            Self::Caption => "caption",
            Self::ForcedSubtitle => "forced-subtitle",
            Self::EasyReader => "easyreader",
            Self::Sign => "sign",
        }
    }

    /// The roles that a value of a `kind` box stands for.
    fn of_kind(scheme: &[u8], value: &[u8]) -> &'static [Self] {
        match (scheme, value) {
            (b"urn:mpeg:dash:role:2011", value) => {
                let position = Self::ALL.iter().position(|role| role.value().as_bytes() == value);
                position.and_then(|position| Self::ALL.get(position..=position)).unwrap_or_default()
            }
            (b"about:html-kind", b"main") => &[Self::Main],
            (b"about:html-kind", b"main-desc") => &[Self::Main, Self::Description],
            (b"about:html-kind", b"alternative") => &[Self::Alternate],
            (b"about:html-kind", b"descriptions") => &[Self::Description],
            (b"about:html-kind", b"translation") => &[Self::Dub],
            (b"about:html-kind", b"commentary") => &[Self::Commentary],
            (b"about:html-kind", b"captions") => &[Self::Caption],
            (b"about:html-kind", b"subtitles") => &[Self::Subtitle],
            (b"about:html-kind", b"sign") => &[Self::Sign],
            _ => &[],
        }
    }

    /// The role that a media characteristic stands for.
    fn of_characteristic(characteristic: &[u8]) -> Option<Self> {
        match characteristic {
            b"public.main-program-content" => Some(Self::Main),
            b"public.auxiliary-content" => Some(Self::Supplementary),
            b"public.translation" | b"public.translation.dubbed" | b"public.translation.voice-over" => Some(Self::Dub),
            b"public.accessibility.describes-video" => Some(Self::Description),
            b"public.accessibility.enhances-speech-intelligibility" => Some(Self::EnhancedAudioIntelligibility),
            b"public.accessibility.transcribes-spoken-dialog" | b"public.accessibility.describes-music-and-sound" => {
                Some(Self::Caption)
            }
            b"public.subtitles.forced-only" => Some(Self::ForcedSubtitle),
            b"public.easy-to-read" => Some(Self::EasyReader),
            _ => None,
        }
    }
}

/// What players and viewers choose a track by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackLabels {
    /// Its name, for people.
    pub label: Option<String>,
    /// What it is for, each once, in order; empty where nothing is said.
    pub roles: Vec<Role>,
}

impl TrackLabels {
    /// Reads what a track says of itself. What does not parse says nothing: it is no reason to refuse a movie.
    pub(super) fn parse(trak: &BoxView<'_>, mdia: &BoxView<'_>, is_forced: bool) -> Self {
        let mut roles = Vec::new();
        let mut label = None;
        let user_data = trak.child(b"udta").ok().flatten();
        for own in user_data.iter().flat_map(BoxView::children).map_while(Result::ok).take(256) {
            match &own.kind.0 {
                b"kind" => {
                    let mut strings = own.payload.get(4..).unwrap_or_default().split(|byte| *byte == 0);
                    let (scheme, value) = (strings.next().unwrap_or_default(), strings.next().unwrap_or_default());
                    roles.extend_from_slice(Role::of_kind(scheme, value));
                }
                b"tagc" => roles.extend(Role::of_characteristic(own.payload)),
                b"name" => label = name(own.payload).or(label),
                // Version and flags, language; then the title (3GPP TS 26.244 8.3).
                b"titl" => label = label.or_else(|| name(own.payload.get(6..)?)),
                _ => {}
            }
        }
        if is_forced {
            roles.push(Role::ForcedSubtitle);
        }
        roles.sort_unstable();
        roles.dedup();
        Self { label: label.or_else(|| handler_name(mdia)), roles }
    }
}

/// A name as it is stored: UTF-8, with or without a zero byte behind it.
fn name(bytes: &[u8]) -> Option<String> {
    let text = bytes.split(|byte| *byte == 0).find(|text| !text.is_empty())?;
    let text = std::str::from_utf8(text).ok()?.trim();
    let proper = !text.is_empty() && text.chars().count() <= MAX_NAME && !text.chars().any(char::is_control);
    proper.then(|| text.to_owned())
}

/// What handlers are called by the programs that write files, in small letters.
const PROGRAMS: [&str; 14] = [
    "handler",
    "handle",
    "media",
    "gpac",
    "bento4",
    "l-smash",
    "lavf",
    "mainconcept",
    "google",
    "video",
    "audio",
    "sound",
    "subtitle",
    "track",
];

/// Loudspeakers, which is what HandBrake calls sound.
const LOUDSPEAKERS: [&str; 3] = ["mono", "stereo", "surround"];

/// The name of a track's handler (ISO/IEC 14496-12 8.4.3), unless it is that of a program or of a kind of media.
fn handler_name(mdia: &BoxView<'_>) -> Option<String> {
    // Version and flags, pre_defined, handler_type, reserved.
    let bytes = mdia.child(b"hdlr").ok()??.payload.get(24..)?;
    // QuickTime writes its length before it.
    let counted = bytes.split_first().filter(|(length, rest)| usize::from(**length) == rest.len() && !rest.is_empty());
    let own = name(counted.map_or(bytes, |(_, rest)| rest))?;
    let small = own.to_lowercase();
    let is_telling = own.chars().count() > 1
        && !PROGRAMS.iter().any(|word| small.contains(word))
        && !LOUDSPEAKERS.contains(&small.as_str());
    is_telling.then_some(own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isobmff::BoxWriter;

    fn parsed(user_data: &[(&[u8; 4], &[u8])], handler: &[u8]) -> TrackLabels {
        let mut w = BoxWriter::new();
        w.plain(b"trak", |w| {
            w.plain(b"udta", |w| user_data.iter().for_each(|(kind, payload)| w.plain(kind, |w| w.raw(payload))));
            w.plain(b"mdia", |w| w.plain(b"hdlr", |w| w.raw(&[&[0; 24], handler].concat())));
        });
        let bytes = w.finish().unwrap();
        let trak = BoxView::parse(&bytes, 0).unwrap();
        TrackLabels::parse(&trak, &trak.child(b"mdia").unwrap().unwrap(), false)
    }

    fn roles(user_data: &[(&[u8; 4], &[u8])]) -> Vec<&'static str> {
        parsed(user_data, b"").roles.into_iter().map(Role::value).collect()
    }

    #[test]
    fn roles_are_read_in_the_words_of_dash_html_and_apple() {
        assert_eq!(roles(&[(b"kind", b"\0\0\0\0urn:mpeg:dash:role:2011\0dub\0")]), ["dub"]);
        assert_eq!(roles(&[(b"kind", b"\0\0\0\0about:html-kind\0main-desc\0")]), ["main", "description"]);
        assert_eq!(roles(&[(b"tagc", b"public.accessibility.describes-video")]), ["description"]);
        assert_eq!(roles(&[(b"tagc", b"public.easy-to-read"), (b"tagc", b"public.easy-to-read")]), ["easyreader"]);
        assert!(roles(&[(b"kind", b"\0\0\0\0urn:mine\0main"), (b"kind", b"\0"), (b"tagc", b"mine")]).is_empty());
    }

    #[test]
    fn a_name_is_what_a_person_gave() {
        let label = |user_data: &[(&[u8; 4], &[u8])], handler: &[u8]| parsed(user_data, handler).label;
        assert_eq!(label(&[(b"name", b"Director")], b"SoundHandler\0").as_deref(), Some("Director"));
        assert_eq!(label(&[(b"titl", b"\0\0\0\0\x15\xc7Title\0")], b"").as_deref(), Some("Title"));
        assert_eq!(label(&[], b"Deutsch\0").as_deref(), Some("Deutsch"));
        assert_eq!(label(&[], b"\x07Deutsch").as_deref(), Some("Deutsch"), "QuickTime");
        for program in
            ["SoundHandler", "Core Media Audio", "ISO Media file produced by Google Inc.", "Stereo", "\x1fGPAC"]
        {
            assert_eq!(label(&[], program.as_bytes()), None, "{program}");
        }
        assert_eq!(label(&[(b"name", b"\x1b[2J")], b""), None, "control characters are no name");
    }
}
