//! What every manifest says of a track for players and viewers to choose it by.

use super::plan::{Presentation, Representation};
use crate::track::{Role, TrackKind, autonym};

impl Representation {
    /// The track's own name, or what its language is called by those who speak it; a picture has none to choose by.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        let language = self.language.as_deref().filter(|_| self.kind != TrackKind::Video);
        self.descriptors.label.as_deref().or_else(|| language.and_then(autonym))
    }
}

impl Presentation {
    /// The roles of `own`: those that the file tells, and those that follow. Of video and audio one track is the main one, and
    /// what is told nothing of is an alternative to it; text is subtitles unless it is said what else.
    #[must_use]
    pub fn roles(&self, own: &Representation) -> Vec<Role> {
        let mut roles = own.descriptors.roles.clone();
        if own.kind == TrackKind::Text {
            let is_told = |role: &Role| matches!(role, Role::Subtitle | Role::Caption | Role::ForcedSubtitle);
            if !roles.iter().any(is_told) {
                roles.push(Role::Subtitle);
            }
        } else if !roles.contains(&Role::Main) && self.main(own.kind).is_some_and(|main| main.name == own.name) {
            roles.insert(0, Role::Main);
        }
        if roles.is_empty() {
            roles.push(Role::Alternate);
        }
        roles
    }

    /// The track of a kind that is presented unless another is chosen: the one that says so, or the first that says nothing, or
    /// the first.
    fn main(&self, kind: TrackKind) -> Option<&Representation> {
        let all = || self.representations.iter().filter(|own| own.kind == kind);
        let says_so = all().find(|own| own.descriptors.roles.contains(&Role::Main));
        says_so.or_else(|| all().find(|own| own.descriptors.roles.is_empty())).or_else(|| all().next())
    }
}
