//! Subtitle files that are packaged whole, next to the tracks of the movies.

use super::identity::RepresentationId;
use super::presentation::{Representation, Sidecar};
use crate::Result;
use crate::number::{Checked, u64_of};
use crate::text::WebVttFile;
use crate::track::{TrackKind, TrackLabels, shortest_tag};

/// A subtitle file to package.
#[derive(Debug, Clone)]
pub struct SidecarSource<'f> {
    /// The file.
    pub file: &'f WebVttFile,
    /// BCP 47 language, if known.
    pub language: Option<String>,
    /// Name and roles.
    pub labels: TrackLabels,
}

/// A text file of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFile {
    /// Path in the package.
    pub path: String,
    /// The text.
    pub text: String,
}

/// Adds subtitle files to a package with these representations; returns their descriptions and the files to write.
///
/// A package contains each file unchanged, for DASH. If presentation time zero is not media time zero, it also contains a copy
/// with a timestamp map, for HLS.
pub(super) fn package(
    sources: &[SidecarSource<'_>],
    representations: &[Representation],
) -> Result<(Vec<Sidecar>, Vec<TextFile>)> {
    let text_tracks = representations.iter().filter(|representation| representation.kind == TrackKind::Text).count();
    let (mut sidecars, mut files) = (Vec::new(), Vec::new());
    for (position, source) in (1..).zip(sources) {
        let number = text_tracks.checked_add(position).and_then(|number| u16::try_from(number).ok());
        let number = number.or_out_of_range("The number of text tracks")?;
        let id = RepresentationId::new(TrackKind::Text, number);
        let (sidecar, texts) = package_sidecar(id, source, representations);
        sidecars.push(sidecar);
        files.extend(texts);
    }
    Ok((sidecars, files))
}

/// Adds a subtitle file to a package with these representations; returns its description and the files to write: itself, and the
/// copy for HLS if there is one.
pub(crate) fn package_sidecar(
    id: RepresentationId,
    source: &SidecarSource<'_>,
    representations: &[Representation],
) -> (Sidecar, Vec<TextFile>) {
    let SidecarSource { file, language, labels } = source;
    // All video and audio tracks have the same origin.
    let media = representations.iter().find(|representation| representation.kind != TrackKind::Text);
    let mapped = media.and_then(|media| file.mapped(media.presentation_time_offset, media.timescale));
    let sidecar = Sidecar {
        id,
        // Tracks have the shortest tags too, so that players match the languages of audio and subtitles.
        language: language.as_deref().map(shortest_tag),
        labels: labels.clone(),
        bytes: u64_of(file.text().len()),
        is_mapped: mapped.is_some(),
    };
    let mut files = vec![TextFile { path: sidecar.path(), text: file.text().to_owned() }];
    files.extend(sidecar.mapped_path().zip(mapped).map(|(path, text)| TextFile { path, text }));
    (sidecar, files)
}
