//! Selection metadata: the language, name and roles by which players and viewers select a track.

use crate::cmaf::{Presentation, Representation, RepresentationId, Sidecar};
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
    /// One video track and one audio track have the role `main`. Other video and audio tracks without roles are `alternate`.
    /// Text without a role is a subtitle.
    pub(crate) fn of_track(presentation: &Presentation, track: &'p Representation) -> Self {
        let (id, language) = (track.id, track.language.as_deref());
        if track.kind == TrackKind::Text {
            return Self::of_text(id, language, &track.labels);
        }
        let mut roles = track.labels.roles.clone();
        if !roles.contains(&Role::Main) && main_track(presentation, track.kind).is_some_and(|main| main.id == id) {
            roles.insert(0, Role::Main);
        }
        if roles.is_empty() {
            roles.push(Role::Alternate);
        }
        let spoken = language.filter(|_| track.kind == TrackKind::Audio);
        let label = track.labels.label.as_deref().or_else(|| spoken.and_then(autonym));
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
        let label = labels.label.as_deref().or_else(|| language.and_then(autonym));
        Self { id, language, label, roles }
    }
}

/// Returns the track of a kind that is presented by default: the first one with the role `main`, or else the first one without
/// roles, or else the first one.
fn main_track(presentation: &Presentation, kind: TrackKind) -> Option<&Representation> {
    let of_kind = || presentation.representations.iter().filter(|track| track.kind == kind);
    let stated = of_kind().find(|track| track.labels.roles.contains(&Role::Main));
    stated.or_else(|| of_kind().find(|track| track.labels.roles.is_empty())).or_else(|| of_kind().next())
}
