//! `vpp package`: runs the packager on local files.
//!
//! The index is planned twice: first to get the presentation, and then work unit by work unit, which [`crate::workers`] package.
//! The media is therefore read once, and nothing is written for a movie that cannot be planned. In the single-file layout, each
//! segment is written at its offset after the head of the file, and the head is written once the sizes of all segments are known.
//! The package replaces an earlier one in the output folder when it is complete; if the command fails or is interrupted, the
//! output folder is as before.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use vpp_media::chapters::chapter_files;
use vpp_media::cmaf::{PlanOptions, Planner, Presentation, SegmentSizes, SidecarSource, TextFile};
use vpp_media::dash::{self, MpdOptions};
use vpp_media::hls::{self, HlsOptions};
use vpp_media::isobmff::Index;
use vpp_media::preflight::{WarningView, movie_warnings, trim_warnings};
use vpp_media::sidecar::SidecarFile;
use vpp_media::text::MAX_SIDECAR_BYTES;
use vpp_media::track::{Movie, Track, TrackKind};

use crate::failure::Failure;
use crate::input::Input;
use crate::interruption::Interruption;
use crate::job::{Encryption, Job};
use crate::output::Output;
use crate::replacement::Replacement;
use crate::summary::{InputWarning, RepresentationSummary, SkippedTrackSummary, SubtitleSummary, Summary};
use crate::workers::{Packaged, Workers};

/// Target source bytes of a work unit: few enough to stay in the cache of a processor core from the read to the write.
const WORK_UNIT_BYTES: u64 = 512 * 1024;

/// Packages the movies of a job.
pub(crate) fn run(job: &Job) -> Result<Summary, Failure> {
    let interruption = Interruption::on_signals()?;
    let inputs = job.inputs.iter().map(|path| Input::open(path)).collect::<Result<Vec<_>, _>>()?;
    let indexes =
        (0..).zip(&inputs).map(|(position, input)| input.index().map_err(|failure| job.name(position, failure)));
    let indexes = indexes.collect::<Result<Vec<_>, _>>()?;
    let movies = (0..)
        .zip(&indexes)
        .map(|(position, index)| Movie::parse(index).map_err(|error| job.name(position, error.into())));
    let movies = movies.collect::<Result<Vec<_>, _>>()?;
    let refusal = |error| job.refusal(error);
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
    let replacement = Replacement::begin(&job.output)?;
    let output = Output::new(replacement.staging(), &presentation)?;
    let workers = Workers { job, inputs: &inputs, keys: &keys, output: &output, interruption: &interruption };
    let Packaged { sizes, encrypted_samples } = workers.run(planner, &presentation)?;
    output.write_heads(&presentation, &sizes)?;
    for file in text_files {
        output.write(&file.path, file.text.as_bytes())?;
    }
    for (path, init_segment) in presentation.init_segments() {
        output.write(&path, init_segment)?;
    }
    let stated = sizes.stated(&mut presentation);
    write_manifests(job, &presentation, &stated, &output)?;
    let bytes_written = output.bytes_written();
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
        bytes_read: inputs.iter().map(Input::bytes_read).sum(),
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

/// Writes the HLS playlists, and the MPD last.
fn write_manifests(
    job: &Job,
    presentation: &Presentation,
    sizes: &SegmentSizes,
    output: &Output<'_>,
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
