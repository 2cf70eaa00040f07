//! `vpp package`: drives the engine over local files.
//!
//! The index is walked twice: once to know the presentation, and then slice by slice, each of which is read, encrypted in place
//! and written. So the media is read once, and nothing is written of a movie that cannot be planned. Where a track is a single file, every segment is written where it belongs behind a head that is written when all sizes are known. The
//! manifest is written last, so that a package that has one is whole.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Serialize;
use vpp_media::cmaf::{PlanOptions, Planner, Presentation, SegmentSizes};
use vpp_media::dash::{self, MpdOptions};
use vpp_media::hls::{self, HlsOptions};
use vpp_media::isobmff::Index;
use vpp_media::text::{MAX_SIDECAR_BYTES, WebVttFile};
use vpp_media::track::Movie;

use crate::args::{Encryption, Job};
use crate::failure::Failure;
use crate::input::Input;
use crate::media;
use crate::output::Output;

/// What was done.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    manifest: String,
    source_bytes: u64,
    bytes_read: u64,
    bytes_written: u64,
    slices: u32,
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
    let movies = indexes.iter().map(Index::movie).collect::<Result<Vec<_>, _>>()?;
    let sidecars: Vec<_> =
        job.subtitles.iter().map(|own| Ok((own, read_subtitles(&own.path)?))).collect::<Result<_, Failure>>()?;
    let protection = job.encryption.as_ref().map(|encryption| encryption.protection(&indexes));
    let keys = job.encryption.as_ref().map(Encryption::keys).unwrap_or_default();
    let options = PlanOptions { protection, slice_bytes: media::SLICE_BYTES, ..job.options };
    let mut presentation = presentation(&movies, &options)?;
    let mut sizes = SegmentSizes::new(&presentation);
    let mut output = Output::new(&job.output, &presentation)?;
    media::package(Planner::of_movies(&movies, &options)?, &mut inputs, &keys, &mut output, |segment| {
        sizes.set(&presentation, &segment.representation, segment.number, segment.size())
    })?;
    output.write_heads(&presentation, &sizes)?;
    for (own, file) in sidecars {
        for (path, text) in presentation.add_sidecar(&file, Some(own.language.clone()), own.descriptors.clone()) {
            output.write(&path, text.as_bytes())?;
        }
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
    output.write("stream.mpd", mpd.as_bytes())?;
    let skipped = movies.iter().flat_map(|movie| &movie.skipped);
    Ok(Summary {
        manifest: job.output.join("stream.mpd").display().to_string(),
        source_bytes: indexes.iter().map(Index::file_size).sum(),
        bytes_read: inputs.iter().map(|input| input.bytes_read).sum(),
        bytes_written: output.bytes_written,
        slices: presentation.slices,
        representations: presentation
            .representations
            .into_iter()
            .map(|own| RepresentationSummary {
                encrypted: own.encryption.is_some(),
                segments: own.segments.len(),
                name: own.name,
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

/// What planning the movies comes to.
fn presentation(movies: &[Movie<'_>], options: &PlanOptions) -> Result<Presentation, vpp_media::Error> {
    let mut planner = Planner::of_movies(movies, options)?;
    planner.by_ref().try_for_each(|slice| slice.map(drop))?;
    planner.finish()
}
