//! Selection metadata: the language, name and roles by which players and viewers select a track.

use crate::cmaf::{Presentation, Representation, RepresentationId, Sidecar};
use crate::plain_text::is_plain_text;
use crate::track::{Role, TrackKind, TrackLabels, autonym};

/// The selection metadata of a track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SelectionMetadata<'p> {
    /// The identity of the track.
    pub(crate) id: RepresentationId,
    /// BCP 47 language, if known.
    pub(crate) language: Option<&'p str>,
    /// The name of the track or, for audio and text, the name of its language in that language.
    pub(crate) label: Option<&'p str>,
    /// The roles: those that the source states, and those that are derived from them.
    pub(crate) roles: Vec<Role>,
}

impl<'p> SelectionMetadata<'p> {
    /// Returns the selection metadata of a packaged track.
    ///
    /// Video has the role `main` unless it is alternative content, and one audio track has it. Other video and audio tracks
    /// without roles are `alternate`. Text without a role is a subtitle.
    pub(crate) fn of_track(presentation: &Presentation, track: &'p Representation) -> Self {
        let (id, language) = (track.id, track.language.as_deref());
        let is_main = match track.kind {
            TrackKind::Text => return Self::of_text(id, language, &track.labels),
            TrackKind::Video => !track.is_alternative,
            TrackKind::Audio => default_audio(&presentation.representations).is_some_and(|main| main.id == id),
        };
        let mut roles = track.labels.roles.clone();
        if is_main && !roles.contains(&Role::Main) {
            roles.insert(0, Role::Main);
        }
        if roles.is_empty() {
            roles.push(Role::Alternate);
        }
        let spoken = language.filter(|_| track.kind == TrackKind::Audio);
        let label = label(&track.labels).or_else(|| spoken.and_then(autonym));
        Self { id, language, label, roles }
    }

    /// Returns the selection metadata of a subtitle file.
    pub(crate) fn of_sidecar(sidecar: &'p Sidecar) -> Self {
        Self::of_text(sidecar.id, sidecar.language.as_deref(), &sidecar.labels)
    }

    fn of_text(id: RepresentationId, language: Option<&'p str>, labels: &'p TrackLabels) -> Self {
        let mut roles = labels.roles.clone();
        if !roles.iter().any(|role| matches!(role, Role::Subtitle | Role::Caption | Role::ForcedSubtitle)) {
            roles.push(Role::Subtitle);
        }
        let label = label(labels).or_else(|| language.and_then(autonym));
        Self { id, language, label, roles }
    }
}

/// Returns the label of a track, unless it has characters that no manifest may have. A request that an older version stored may
/// have such a label.
fn label(labels: &TrackLabels) -> Option<&str> {
    labels.label.as_deref().filter(|label| is_plain_text(label))
}

/// Returns the audio track that is presented by default.
///
/// Of several audio tracks, a file enables those that it presents by default (ISO/IEC 14496-12 8.3.2.3). Among them, or among all
/// if none is enabled, it is the first one with the role `main`, or else the first one without roles, or else the first one.
pub(crate) fn default_audio<'p>(tracks: impl IntoIterator<Item = &'p Representation>) -> Option<&'p Representation> {
    let rank = |track: &Representation| {
        let roles = &track.labels.roles;
        (track.is_enabled, roles.contains(&Role::Main), roles.is_empty())
    };
    let audio = tracks.into_iter().filter(|track| track.kind == TrackKind::Audio);
    // Of equal tracks, the first one.
    audio.reduce(|best, track| if rank(track) > rank(best) { track } else { best })
}
