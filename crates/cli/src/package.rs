//! `vpp package`: drives the engine over local files.
//!
//! The index is walked twice: once to know the presentation, and then work unit by work unit, each of which is read, encrypted in place
//! and written before the next. So the media is read once, and nothing is written of a movie that cannot be planned. Where a
//! track is a single file, every segment is written where it belongs behind a head that is written when all sizes are known. The
//! manifest is written last, so that a package that has one is whole.
//!
//! One thread does it all, in work units that the processor's cache holds from the reading to the writing. A second thread that
//! writes while this one reads would have to fetch the media from the first one's cache: a tenth more of the processor's time.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Serialize;
use vpp_media::cmaf::{
    PlanOptions, Planner, Presentation, SegmentSizes, SidecarSource, SourceBuffers, SourceRange, TextFile, WorkUnit,
    package_work_unit,
};
use vpp_media::dash::{self, MpdOptions};
use vpp_media::hls::{self, HlsOptions};
use vpp_media::isobmff::Index;
use vpp_media::text::{MAX_SIDECAR_BYTES, WebVttFile};
use vpp_media::track::Movie;

use crate::failure::Failure;
use crate::input::Input;
use crate::job::{Encryption, Job};
use crate::output::Output;

/// Source bytes of a work unit, where segments allow: few enough to stay in a processor's own cache from the reading to the writing.
const WORK_UNIT_BYTES: u64 = 512 * 1024;

/// What was done.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    manifest: String,
    source_bytes: u64,
    bytes_read: u64,
    bytes_written: u64,
    work_units: u32,
    representations: Vec<RepresentationSummary>,
    skipped_tracks: Vec<SkippedSummary>,
}

#[derive(Debug, Serialize)]
struct RepresentationSummary {
    name: String,
    track_id: u32,
    codecs: String,
    segments: usize,
    encrypted: bool,
}

#[derive(Debug, Serialize)]
struct SkippedSummary {
    track_id: u32,
    handler: String,
    reason: &'static str,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for own in &self.representations {
            let protection = if own.encrypted { "encrypted" } else { "clear" };
            writeln!(f, "{:<4} {:<14} {protection}, {} segments", own.name, own.codecs, own.segments)?;
        }
        for skipped in &self.skipped_tracks {
            writeln!(f, "track {} ({}) is left out: {}", skipped.track_id, skipped.handler, skipped.reason)?;
        }
        writeln!(f, "{} bytes read, {} written: {}", self.bytes_read, self.bytes_written, self.manifest)
    }
}

/// Packages the movies of `job`.
pub(crate) fn run(job: &Job) -> Result<Summary, Failure> {
    let mut inputs = job.inputs.iter().map(|path| Input::open(path)).collect::<Result<Vec<_>, _>>()?;
    let indexes = inputs.iter_mut().map(Input::index).collect::<Result<Vec<_>, _>>()?;
    let movies = indexes.iter().map(Movie::parse).collect::<Result<Vec<_>, _>>()?;
    let subtitles = job.subtitles.iter().map(|subtitles| read_subtitles(&subtitles.path));
    let subtitles = subtitles.collect::<Result<Vec<WebVttFile>, Failure>>()?;
    let sidecars = job.subtitles.iter().zip(&subtitles).map(|(subtitles, file)| SidecarSource {
        file,
        language: Some(subtitles.language.clone()),
        labels: subtitles.labels.clone(),
    });
    let sidecars: Vec<SidecarSource<'_>> = sidecars.collect();
    let protection = job.encryption.as_ref().map(|encryption| encryption.protection(&indexes));
    let keys = job.encryption.as_ref().map(Encryption::keys).unwrap_or_default();
    let options = PlanOptions { protection, work_unit_bytes: WORK_UNIT_BYTES, ..job.options };
    let planner = Planner::of_movies(&movies, &options)?;
    let (presentation, text_files) = presentation(planner.clone(), &sidecars)?;
    let mut sizes = SegmentSizes::new(&presentation);
    let mut output = Output::new(&job.output, &presentation)?;
    let mut buffers = Vec::new();
    for work_unit in planner {
        let work_unit = work_unit?;
        let mut source = read(&work_unit, &mut inputs, buffers)?;
        for segment in package_work_unit(&work_unit, &mut source, &keys)? {
            output.write_segment(&segment, &source)?;
            sizes.set(segment.id, segment.size())?;
        }
        buffers = source.into_buffers();
    }
    output.write_heads(&presentation, &sizes)?;
    for file in text_files {
        output.write(&file.path, file.text.as_bytes())?;
    }
    for (path, init) in presentation.init_segments() {
        output.write(&path, init)?;
    }
    for playlist in
        hls::playlists(&presentation, &sizes, &HlsOptions { drm: job.drm.clone(), key_url: job.key_url.clone() })?
    {
        output.write(&playlist.path, playlist.text.as_bytes())?;
    }
    let mpd =
        dash::mpd(&presentation, &sizes, &MpdOptions { drm: job.drm.clone(), licence_url: job.licence_url.clone() })?;
    output.write(dash::MANIFEST, mpd.as_bytes())?;
    let skipped = movies.iter().flat_map(|movie| &movie.skipped);
    Ok(Summary {
        manifest: job.output.join(dash::MANIFEST).display().to_string(),
        source_bytes: indexes.iter().map(Index::file_size).sum(),
        bytes_read: inputs.iter().map(|input| input.bytes_read).sum(),
        bytes_written: output.bytes_written,
        work_units: presentation.work_units,
        representations: presentation
            .representations
            .into_iter()
            .map(|own| RepresentationSummary {
                encrypted: own.encryption.is_some(),
                segments: own.segments.len(),
                name: own.id.to_string(),
                track_id: own.track_id,
                codecs: own.codecs,
            })
            .collect(),
        skipped_tracks: skipped
            .map(|own| SkippedSummary { track_id: own.id, handler: own.handler.to_string(), reason: own.reason })
            .collect(),
    })
}

/// Reads a subtitle file, of which no more is read than one may have.
fn read_subtitles(path: &Path) -> Result<WebVttFile, Failure> {
    let file = File::open(path).map_err(Failure::io(path))?;
    let mut bytes = Vec::new();
    file.take(MAX_SIDECAR_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(Failure::io(path))?;
    Ok(WebVttFile::parse(&bytes)?)
}

/// What planning comes to, with all that may be wrong.
fn presentation(
    mut planner: Planner<'_, '_>,
    sidecars: &[SidecarSource<'_>],
) -> Result<(Presentation, Vec<TextFile>), vpp_media::Error> {
    planner.by_ref().try_for_each(|work_unit| work_unit.map(drop))?;
    planner.finish_with_sidecars(sidecars)
}

/// Reads the bytes of a work unit into the buffers of another: memory of the system's comes filled with zeros, which costs a tenth
/// of packaging.
fn read(work_unit: &WorkUnit, inputs: &mut [Input<'_>], mut buffers: Vec<Vec<u8>>) -> Result<SourceBuffers, Failure> {
    buffers.resize_with(work_unit.ranges.len(), Vec::new);
    for (SourceRange { input, bytes }, buffer) in work_unit.ranges.iter().zip(&mut buffers) {
        let input = inputs.get_mut(usize::from(*input));
        let input = input.ok_or(vpp_media::Error::BadPlan { reason: "a range is of no movie" })?;
        input.read(bytes, buffer)?;
    }
    Ok(SourceBuffers::new(work_unit, buffers)?)
}
