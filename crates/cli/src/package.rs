//! `vpp package`: runs the packager on local files.
//!
//! The index is planned twice: first to get the presentation, and then work unit by work unit. Each work unit is read,
//! encrypted in place and written before the next. The media is therefore read once, and nothing is written for a movie that
//! cannot be planned. In the single-file layout, each segment is written at its offset after the head of the file, and the head
//! is written once the sizes of all segments are known. The package replaces an earlier one in the output folder when it is
//! complete; if the command fails or is interrupted, the output folder is as before.
//!
//! One thread does all the work, in work units that stay in the processor's cache from the read to the write. A second thread for
//! writing would have to fetch the media from the cache of the first, which takes a tenth more processor time.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Serialize;
use vpp_media::chapters::chapter_files;
use vpp_media::cmaf::{
    PlanOptions, Planner, Presentation, Representation, RepresentationId, SegmentSizes, SidecarSource, SourceBuffers,
    SourceRange, TextFile, WorkUnit, package_work_unit,
};
use vpp_media::dash::{self, MpdOptions};
use vpp_media::hls::{self, HlsOptions};
use vpp_media::isobmff::Index;
use vpp_media::preflight::{WarningView, movie_warnings, trim_warnings};
use vpp_media::sidecar::{SidecarFile, SubtitleFormat};
use vpp_media::text::MAX_SIDECAR_BYTES;
use vpp_media::track::{Movie, Track, TrackKind};

use crate::failure::Failure;
use crate::input::Input;
use crate::interruption::Interruption;
use crate::job::{Encryption, Job};
use crate::output::Output;
use crate::replacement::Replacement;

/// Target source bytes of a work unit: few enough to stay in the cache of a processor core from the read to the write.
const WORK_UNIT_BYTES: u64 = 512 * 1024;

/// The result of `vpp package`.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    manifest: String,
    source_bytes: u64,
    bytes_read: u64,
    bytes_written: u64,
    work_units: u32,
    representations: Vec<RepresentationSummary>,
    skipped_tracks: Vec<SkippedTrackSummary>,
    /// What edit lists hide, and what of the file is not packaged. `vpp inspect` reports all warnings.
    warnings: Vec<InputWarning>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subtitles: Vec<SubtitleSummary>,
}

/// A subtitle file, and what its WebVTT file in the package has not, or has differently.
#[derive(Debug, Serialize)]
struct SubtitleSummary {
    file: String,
    format: SubtitleFormat,
    warnings: Vec<WarningView>,
}

#[derive(Debug, Serialize)]
struct RepresentationSummary {
    name: String,
    track_id: u32,
    codecs: String,
    segments: usize,
    encrypted: bool,
    /// The number of samples of which bytes are encrypted; absent for a clear track.
    #[serde(skip_serializing_if = "Option::is_none")]
    encrypted_samples: Option<u64>,
    /// Whether it is video of other content than the main video (the warning `alternative_video` of `vpp inspect`).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    alternative: bool,
}

#[derive(Debug, Serialize)]
struct SkippedTrackSummary {
    track_id: u32,
    handler: String,
    reason: String,
}

/// A warning about an input.
#[derive(Debug, Serialize)]
struct InputWarning {
    input: String,
    #[serde(flatten)]
    warning: WarningView,
}

impl RepresentationSummary {
    /// Describes a representation, with the numbers of samples of which bytes are encrypted.
    fn new(representation: Representation, encrypted_samples: &HashMap<RepresentationId, u64>) -> Self {
        let samples = encrypted_samples.get(&representation.id).copied().unwrap_or(0);
        Self {
            encrypted: representation.encryption.is_some(),
            encrypted_samples: representation.encryption.map(|_| samples),
            segments: representation.segments.len(),
            name: representation.id.to_string(),
            track_id: representation.track_id,
            alternative: representation.is_alternative,
            codecs: representation.codecs,
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for RepresentationSummary { name, codecs, segments, encrypted_samples, alternative, .. } in
            &self.representations
        {
            let protection = match encrypted_samples {
                None => "clear",
                Some(0) => "signalled as encrypted, but no sample is large enough to encrypt",
                Some(_) => "encrypted",
            };
            let other = if *alternative {
                ", other content than the main video: an alternative in DASH, not in HLS"
            } else {
                ""
            };
            writeln!(f, "{name:<4} {codecs:<14} {protection}, {segments} segments{other}")?;
        }
        for SkippedTrackSummary { track_id, handler, reason } in &self.skipped_tracks {
            writeln!(f, "track {track_id} ({handler}) skipped: {reason}")?;
        }
        for InputWarning { input, warning } in &self.warnings {
            writeln!(f, "{input}: {warning}")?;
        }
        for SubtitleSummary { file, warnings, .. } in &self.subtitles {
            for warning in warnings {
                writeln!(f, "{file}: {warning}")?;
            }
        }
        writeln!(f, "{} bytes read, {} written: {}", self.bytes_read, self.bytes_written, self.manifest)
    }
}

/// Packages the movies of a job.
pub(crate) fn run(job: &Job) -> Result<Summary, Failure> {
    let interruption = Interruption::on_signals()?;
    let mut inputs = job.inputs.iter().map(|path| Input::open(path)).collect::<Result<Vec<_>, _>>()?;
    let indexes =
        (0..).zip(&mut inputs).map(|(position, input)| input.index().map_err(|failure| job.name(position, failure)));
    let indexes = indexes.collect::<Result<Vec<_>, _>>()?;
    let movies = (0..)
        .zip(&indexes)
        .map(|(position, index)| Movie::parse(index).map_err(|error| job.name(position, error.into())));
    let movies = movies.collect::<Result<Vec<_>, _>>()?;
    let refusal = |error| refusal(job, error);
    let subtitle_files = job.subtitles.iter().map(|subtitles| read_subtitles(&subtitles.path));
    let subtitle_files = subtitle_files.collect::<Result<Vec<SidecarFile>, Failure>>()?;
    let sidecars = job.subtitles.iter().zip(&subtitle_files).map(|(subtitles, file)| SidecarSource {
        file: &file.webvtt,
        language: Some(subtitles.language.clone()),
        labels: subtitles.labels.clone(),
    });
    let sidecars: Vec<SidecarSource<'_>> = sidecars.collect();
    let protection = job.encryption.as_ref().map(|encryption| encryption.protection(&indexes));
    let keys = job.encryption.as_ref().map(Encryption::keys).unwrap_or_default();
    let options = PlanOptions { protection, work_unit_bytes: WORK_UNIT_BYTES, ..job.options };
    let planner = Planner::of_movies(&movies, &options).map_err(refusal)?;
    let (mut presentation, text_files) = plan_presentation(planner.clone(), &sidecars).map_err(refusal)?;
    let mut sizes = SegmentSizes::new(&presentation);
    let mut encrypted_samples: HashMap<RepresentationId, u64> = HashMap::new();
    let replacement = Replacement::begin(&job.output)?;
    let mut output = Output::new(replacement.staging(), &presentation)?;
    let mut buffers = Vec::new();
    for work_unit in planner {
        interruption.check()?;
        let work_unit = work_unit?;
        let mut source = read_work_unit(&work_unit, &mut inputs, buffers)?;
        for segment in package_work_unit(&work_unit, &mut source, &keys).map_err(refusal)? {
            output.write_segment(&segment, &source)?;
            sizes.set(segment.id, segment.size())?;
            *encrypted_samples.entry(segment.id.representation).or_default() += u64::from(segment.encrypted_samples);
        }
        buffers = source.into_buffers();
    }
    output.write_heads(&presentation, &sizes)?;
    for file in text_files {
        output.write(&file.path, file.text.as_bytes())?;
    }
    for (path, init_segment) in presentation.init_segments() {
        output.write(&path, init_segment)?;
    }
    let stated = sizes.stated(&mut presentation);
    write_manifests(job, &presentation, &stated, &mut output)?;
    let bytes_written = output.bytes_written;
    // Closes the files of the package before they are moved.
    drop(output);
    interruption.check()?;
    replacement.publish()?;
    let skipped = movies.iter().flat_map(|movie| movie.left_out(options.audio_only)).map(|track| SkippedTrackSummary {
        track_id: track.id,
        handler: track.handler.to_string(),
        reason: track.reason.into_owned(),
    });
    let subtitles = job.subtitles.iter().zip(&subtitle_files).map(|(subtitles, file)| SubtitleSummary {
        file: subtitles.path.display().to_string(),
        format: file.format,
        warnings: file.warnings.iter().map(WarningView::from).collect(),
    });
    let packaged = |track: &&Track<'_>| track.kind != TrackKind::Video || !job.options.audio_only;
    let warnings = job.inputs.iter().zip(indexes.iter().zip(&movies)).flat_map(|(input, (index, movie))| {
        let trims = movie.tracks.iter().filter(packaged).flat_map(trim_warnings);
        let warnings = movie_warnings(index, movie).into_iter().chain(trims);
        let input = input.display().to_string();
        warnings.map(move |warning| InputWarning { input: input.clone(), warning: WarningView::from(&warning) })
    });
    Ok(Summary {
        warnings: warnings.collect(),
        subtitles: subtitles.collect(),
        manifest: job.output.join(dash::MANIFEST).display().to_string(),
        source_bytes: indexes.iter().map(Index::file_size).sum(),
        bytes_read: inputs.iter().map(|input| input.bytes_read).sum(),
        bytes_written,
        work_units: presentation.work_units,
        representations: presentation
            .representations
            .into_iter()
            .map(|representation| RepresentationSummary::new(representation, &encrypted_samples))
            .collect(),
        skipped_tracks: skipped.collect(),
    })
}

/// Converts a refusal, and names the file that it is about if there are several.
fn refusal(job: &Job, error: vpp_media::Error) -> Failure {
    let (position, error) = error.into_movie();
    position.map_or_else(|| error.clone().into(), |position| job.name(position, error.clone().into()))
}

/// Reads and parses a subtitle file.
fn read_subtitles(path: &Path) -> Result<SidecarFile, Failure> {
    let file = File::open(path).map_err(Failure::io(path))?;
    let mut bytes = Vec::new();
    // One byte more than the maximum, so that the parser refuses a file that is too large.
    file.take(MAX_SIDECAR_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(Failure::io(path))?;
    SidecarFile::read(&bytes).map_err(|error| Failure::from(error).in_file(path))
}

/// Plans all work units and returns the presentation and the subtitle files. Every planning error occurs here, before anything is
/// written.
fn plan_presentation(
    mut planner: Planner<'_, '_>,
    sidecars: &[SidecarSource<'_>],
) -> Result<(Presentation, Vec<TextFile>), vpp_media::Error> {
    planner.by_ref().try_for_each(|work_unit| work_unit.map(drop))?;
    planner.finish_with_sidecars(sidecars)
}

/// Reads the source bytes of a work unit into the buffers of the previous one. New memory is filled with zeros by the system, which
/// takes a tenth of the packaging time.
fn read_work_unit(
    work_unit: &WorkUnit,
    inputs: &mut [Input<'_>],
    mut buffers: Vec<Vec<u8>>,
) -> Result<SourceBuffers, Failure> {
    buffers.resize_with(work_unit.ranges.len(), Vec::new);
    for (SourceRange { input, bytes }, buffer) in work_unit.ranges.iter().zip(&mut buffers) {
        let input = inputs.get_mut(usize::from(*input));
        let input = input.ok_or(vpp_media::Error::BadPlan { reason: "a source range names an unknown movie" })?;
        input.read(bytes, buffer)?;
    }
    Ok(SourceBuffers::new(work_unit, buffers)?)
}

/// Writes the HLS playlists, and the MPD last.
fn write_manifests(
    job: &Job,
    presentation: &Presentation,
    sizes: &SegmentSizes,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let options = HlsOptions { drm: job.drm.clone(), key_url: job.key_url.clone() };
    for playlist in hls::playlists(presentation, sizes, &options)? {
        output.write(&playlist.path, playlist.text.as_bytes())?;
    }
    for file in chapter_files(presentation) {
        output.write(&file.path, file.text.as_bytes())?;
    }
    let options = MpdOptions { drm: job.drm.clone(), licence_url: job.licence_url.clone() };
    output.write(dash::MANIFEST, dash::mpd(presentation, sizes, &options)?.as_bytes())
}
