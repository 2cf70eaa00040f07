//! Edits of a package that change its manifests and no media: languages, labels and roles of tracks, the default audio, subtitle
//! files, chapters, and whether manifests name the licence server.
//!
//! None of these is in a segment. So [`Edits`] is a value beside the plan, which states everything that differs from the plan's
//! [`Presentation`], and [`Edits::apply`] is a pure function of both: the manifests are those of the edited presentation. An edit
//! changes the languages of manifests only. Init segments, which state the languages of the source, are media.
//!
//! An added subtitle file has an id of its own, which no other file of the package ever has: a manifest that a player has loaded
//! names files that stay as they are.

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::cmaf::{Presentation, RepresentationId, SidecarSource, TextFile, package_sidecar};
use crate::manifest::SelectionMetadata;
use crate::number::Checked;
use crate::text::{SIGNATURE, WebVttFile};
use crate::track::{ChapterList, Role, TrackKind, TrackLabels, shortest_tag};

/// Everything that differs from the presentation of the plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Edits {
    /// The edited tracks and subtitle files, each once.
    pub tracks: Vec<TrackEdit>,
    /// The audio track that players select unless the viewer selects another; `None` for the one of the plan.
    pub default_audio: Option<RepresentationId>,
    /// The added subtitle files, in the order of their ids.
    pub subtitles: Vec<AddedSubtitles>,
    /// The text tracks and subtitle files of the plan that manifests do not list.
    pub removed: Vec<RepresentationId>,
    /// The chapters, in order, and none if the list is empty; `None` for those of the plan.
    pub chapters: Option<ChapterList>,
    /// Whether manifests do not name the licence server.
    pub without_licence: bool,
}

/// How manifests describe a track, where it differs from the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackEdit {
    /// The track, or the subtitle file.
    pub id: RepresentationId,
    /// BCP 47 language.
    pub language: Option<String>,
    /// A name for viewers.
    pub label: Option<String>,
    /// Its roles.
    pub roles: Option<Vec<Role>>,
}

/// An added subtitle file, and how manifests describe it unless a [`TrackEdit`] differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddedSubtitles {
    /// Its identity.
    pub id: RepresentationId,
    /// BCP 47 language.
    pub language: String,
    /// Name and roles.
    pub labels: TrackLabels,
}

/// A track of an edit that the package does not have, or that is of another kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The package has no such track.
    #[error("the package has no track {0}: expected the id of one of its tracks, such as a1")]
    UnknownTrack(RepresentationId),
    /// The default track is not audio.
    #[error(
        "{0} is not an audio track: only audio has a default track, and players show subtitles when the viewer selects them"
    )]
    NotAudio(RepresentationId),
    /// The removed track is not text.
    #[error("{0} is neither a text track nor a subtitle file: an edit removes nothing else")]
    NotText(RepresentationId),
}

impl Edits {
    /// Checks that every track that the edits name is one of the presentation or of an added file, and of the right kind.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check(&self, presentation: &Presentation) -> Result<(), EditError> {
        let known = self.all_ids(presentation);
        let named =
            self.tracks.iter().map(|track| track.id).chain(self.default_audio).chain(self.removed.iter().copied());
        if let Some(unknown) = named.into_iter().find(|id| !known.contains(id)) {
            return Err(EditError::UnknownTrack(unknown));
        }
        if let Some(id) = self.default_audio.filter(|id| id.kind() != TrackKind::Audio) {
            return Err(EditError::NotAudio(id));
        }
        match self.removed.iter().find(|id| id.kind() != TrackKind::Text) {
            Some(id) => Err(EditError::NotText(*id)),
            None => Ok(()),
        }
    }

    /// Returns the edited track with this id, which is added if it is not edited yet.
    pub fn track_mut(&mut self, id: RepresentationId) -> &mut TrackEdit {
        let position = self.tracks.iter().position(|track| track.id == id).unwrap_or_else(|| {
            self.tracks.push(TrackEdit { id, language: None, label: None, roles: None });
            self.tracks.len().saturating_sub(1)
        });
        #[expect(clippy::indexing_slicing, reason = "the position of an element of the list")]
        &mut self.tracks[position]
    }

    /// Returns the edited presentation, and the files of the added subtitles. `files` has the text of each, in order.
    ///
    /// # Errors
    /// [`Error::BadPlan`](crate::Error::BadPlan) if there is not one text for each added file.
    pub fn apply(&self, mut presentation: Presentation, files: &[WebVttFile]) -> Result<(Presentation, Vec<TextFile>)> {
        if files.len() != self.subtitles.len() {
            return Err(crate::Error::BadPlan { reason: "an added subtitle file has no text" });
        }
        let mut texts = Vec::new();
        for (AddedSubtitles { id, language, labels }, file) in self.subtitles.iter().zip(files) {
            let source = SidecarSource { file, language: Some(language.clone()), labels: labels.clone() };
            let (sidecar, files) = package_sidecar(*id, &source, &presentation.representations);
            presentation.sidecars.push(sidecar);
            texts.extend(files);
        }
        presentation.representations.retain(|track| !self.removed.contains(&track.id));
        presentation.sidecars.retain(|sidecar| !self.removed.contains(&sidecar.id));
        for edit in &self.tracks {
            edit.apply(&mut presentation);
        }
        if let Some(default) = self.default_audio {
            select_audio(&mut presentation, default);
        }
        if let Some(chapters) = &self.chapters {
            presentation.chapters = Some(chapters.clone());
        }
        Ok((presentation, texts))
    }

    /// Returns the ids of the tracks of a presentation and of the added files.
    fn all_ids(&self, presentation: &Presentation) -> Vec<RepresentationId> {
        let tracks = presentation.representations.iter().map(|track| track.id);
        let sidecars = presentation.sidecars.iter().map(|sidecar| sidecar.id);
        tracks.chain(sidecars).chain(self.subtitles.iter().map(|added| added.id)).collect()
    }
}

impl TrackEdit {
    /// Edits the track in every rung of its switching set: a player switches among them without asking the viewer.
    fn apply(&self, presentation: &mut Presentation) {
        let edit = |language: &mut Option<String>, labels: &mut TrackLabels| {
            if let Some(edited) = &self.language {
                *language = Some(shortest_tag(edited));
            }
            if let Some(label) = &self.label {
                labels.label = Some(label.clone());
            }
            if let Some(roles) = &self.roles {
                labels.roles.clone_from(roles);
            }
        };
        let switching_set = set_of(presentation, self.id);
        for track in &mut presentation.representations {
            if Some(track.switching_set) == switching_set {
                edit(&mut track.language, &mut track.labels);
            }
        }
        for sidecar in presentation.sidecars.iter_mut().filter(|sidecar| sidecar.id == self.id) {
            edit(&mut sidecar.language, &mut sidecar.labels);
        }
    }
}

/// Makes an audio track the one that players select.
fn select_audio(presentation: &mut Presentation, default: RepresentationId) {
    let switching_set = set_of(presentation, default);
    let audio = presentation.representations.iter_mut().filter(|track| track.kind == TrackKind::Audio);
    for track in audio {
        track.is_enabled = Some(track.switching_set) == switching_set;
        // The default track is the main one (ISO/IEC 23009-1 5.8.5.5), and there is one.
        track.labels.roles.retain(|role| *role != Role::Main);
    }
}

fn set_of(presentation: &Presentation, id: RepresentationId) -> Option<u16> {
    presentation.representations.iter().find(|track| track.id == id).map(|track| track.switching_set)
}

/// Returns the id of the next subtitle file that is added to a presentation of which the files up to number `added` have been
/// added at some time: that of no file and no track.
///
/// # Errors
/// [`Error::OutOfRange`](crate::Error::OutOfRange) after 65,535 files.
pub fn next_subtitles(presentation: &Presentation, added: u16) -> Result<RepresentationId> {
    let tracks = presentation.representations.iter().map(|track| track.id);
    let text =
        tracks.chain(presentation.sidecars.iter().map(|sidecar| sidecar.id)).filter(|id| id.kind() == TrackKind::Text);
    let last = text.map(RepresentationId::number).max().unwrap_or(0).max(added);
    let number = last.checked_add(1).or_out_of_range("The number of subtitle files")?;
    Ok(RepresentationId::new(TrackKind::Text, number))
}

/// A track or subtitle file as manifests describe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendition {
    /// Its identity.
    pub id: RepresentationId,
    /// BCP 47 language, if known.
    pub language: Option<String>,
    /// The name that viewers see, if it has one.
    pub label: Option<String>,
    /// Its roles: those that are stated, and those that follow.
    pub roles: Vec<Role>,
}

impl Edits {
    /// Returns what viewers can select in the edited presentation.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub fn renditions(&self, presentation: Presentation) -> Result<Vec<Rendition>> {
        // Descriptions do not depend on the texts.
        let empty = WebVttFile::parse(SIGNATURE.as_bytes())?;
        let (edited, _) = self.apply(presentation, &vec![empty; self.subtitles.len()])?;
        let tracks = edited.representations.iter().map(|track| SelectionMetadata::of_track(&edited, track));
        let metadata = tracks.chain(edited.sidecars.iter().map(SelectionMetadata::of_sidecar));
        let rendition = |SelectionMetadata { id, language, label, roles }: SelectionMetadata<'_>| {
            let [language, label] = [language, label].map(|text| text.map(str::to_owned));
            Rendition { id, language, label, roles }
        };
        Ok(metadata.map(rendition).collect())
    }
}
