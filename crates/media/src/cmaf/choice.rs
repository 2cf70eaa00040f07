//! What every manifest says of a track for players and viewers to choose it by.

use super::plan::{Presentation, Representation, Sidecar};
use crate::text::WebVttFile;
use crate::track::{Role, TrackKind, TrackLabels, autonym};

/// What a track is chosen by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice<'p> {
    /// Its id.
    pub(crate) name: &'p str,
    /// BCP 47 language, where known.
    pub(crate) language: Option<&'p str>,
    /// Its own name, or what its language is called by those who speak it; a picture has none to choose by.
    pub(crate) label: Option<&'p str>,
    /// Its roles: those that are told, and those that follow.
    pub(crate) roles: Vec<Role>,
}

impl Presentation {
    /// What `own` is chosen by. Of video and audio one track is the main one, and what is told nothing of is an alternative to
    /// it; text is subtitles unless it is said what else.
    pub(crate) fn choice<'p>(&self, own: &'p Representation) -> Choice<'p> {
        if own.kind == TrackKind::Text {
            return text_choice(&own.name, own.language.as_deref(), &own.labels);
        }
        let mut roles = own.labels.roles.clone();
        if !roles.contains(&Role::Main) && self.main(own.kind).is_some_and(|main| main.name == own.name) {
            roles.insert(0, Role::Main);
        }
        if roles.is_empty() {
            roles.push(Role::Alternate);
        }
        let language = own.language.as_deref();
        let spoken = language.filter(|_| own.kind == TrackKind::Audio);
        let label = own.labels.label.as_deref().or_else(|| spoken.and_then(autonym));
        Choice { name: &own.name, language, label, roles }
    }

    /// The track of a kind that is presented unless another is chosen: the one that says so, or the first that says nothing, or
    /// the first.
    fn main(&self, kind: TrackKind) -> Option<&Representation> {
        let all = || self.representations.iter().filter(|own| own.kind == kind);
        let says_so = all().find(|own| own.labels.roles.contains(&Role::Main));
        says_so.or_else(|| all().find(|own| own.labels.roles.is_empty())).or_else(|| all().next())
    }

    /// Adds subtitles that were given as a file, and returns what is to be written for them: paths below the package, and texts.
    pub fn add_sidecar(
        &mut self,
        file: &WebVttFile,
        language: Option<String>,
        labels: TrackLabels,
    ) -> Vec<(String, String)> {
        let tracks = self.representations.iter().filter(|own| own.kind == TrackKind::Text).count();
        let number = tracks.saturating_add(self.sidecars.len()).saturating_add(1);
        // All tracks of video and audio have one origin.
        let origin = self.representations.iter().find(|own| own.kind != TrackKind::Text);
        let mapped = origin.and_then(|own| file.mapped(own.presentation_time_offset, own.timescale));
        let sidecar = Sidecar {
            name: format!("t{number}"),
            language,
            labels,
            bytes: u64::try_from(file.text().len()).unwrap_or(u64::MAX),
            is_mapped: mapped.is_some(),
        };
        let mut files = vec![(sidecar.path(), file.text().to_owned())];
        files.extend(mapped.map(|text| (format!("{}/{}", sidecar.name, sidecar.hls_name()), text)));
        self.sidecars.push(sidecar);
        files
    }
}

impl Sidecar {
    /// What it is chosen by.
    pub(crate) fn choice(&self) -> Choice<'_> {
        text_choice(&self.name, self.language.as_deref(), &self.labels)
    }
}

fn text_choice<'p>(name: &'p str, language: Option<&'p str>, labels: &'p TrackLabels) -> Choice<'p> {
    let mut roles = labels.roles.clone();
    if !roles.iter().any(|role| matches!(role, Role::Subtitle | Role::Caption | Role::ForcedSubtitle)) {
        roles.push(Role::Subtitle);
    }
    let label = labels.label.as_deref().or_else(|| language.and_then(autonym));
    Choice { name, language, label, roles }
}
