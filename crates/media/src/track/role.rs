//! Roles: the purpose of a track (ISO/IEC 23009-1 5.8.5.5).

use serde::{Deserialize, Serialize};

/// A role of a track, in the scheme `urn:mpeg:dash:role:2011` (ISO/IEC 23009-1 5.8.5.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Role {
    /// The default choice.
    Main,
    /// An alternative to the main track.
    Alternate,
    /// Supplements the main track.
    Supplementary,
    /// Commentary, for example by the director.
    Commentary,
    /// Speech in another language than the original.
    Dub,
    /// Audio description for blind and partially sighted viewers.
    Description,
    /// Speech with enhanced intelligibility, for viewers who are hard of hearing.
    EnhancedAudioIntelligibility,
    /// Text of the dialogue, in the same or another language.
    Subtitle,
    /// Text of dialogue and sound effects, for deaf and hard-of-hearing viewers.
    Caption,
    /// Text that is shown to every viewer: of dialogue in a foreign language.
    ForcedSubtitle,
    /// Text in easy language.
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

    /// Returns its value in the scheme `urn:mpeg:dash:role:2011`.
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

    /// Returns the role with this value in the scheme `urn:mpeg:dash:role:2011`.
    #[must_use]
    pub fn of_value(value: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.value() == value)
    }

    /// Returns the roles for the scheme and value of a `kind` box (ISO/IEC 14496-12 8.10.4).
    pub(super) fn of_kind(scheme: &[u8], value: &[u8]) -> &'static [Self] {
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

    /// Returns the role for a media characteristic (QuickTime File Format, `tagc`).
    pub(super) fn of_characteristic(characteristic: &[u8]) -> Option<Self> {
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
