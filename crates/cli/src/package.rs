//! `vpp package`: drives the engine over local files.
//!
//! One pass: a slice is planned, read, encrypted in place and written before the next is planned. The manifest is written
//! last, so that a package that has one is whole.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{IoSlice, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use serde::Serialize;
use vpp_media::cmaf::{PlanOptions, Planner, Presentation, SegmentSize, SegmentSizes, SliceSource, package_slice};
use vpp_media::dash::{self, MpdOptions};
use vpp_media::hls::{self, HlsOptions};
use vpp_media::isobmff::{Index, IndexReader};
use vpp_media::text::{MAX_SIDECAR_BYTES, WebVttFile};

use crate::args::{Encryption, Job};
use crate::failure::Failure;

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

/// Packages the movie of `job`.
pub(crate) fn run(job: &Job) -> Result<Summary, Failure> {
    let mut input = Input::open(&job.input)?;
    let index = input.index()?;
    let movie = index.movie()?;
    let sidecars: Vec<_> =
        job.subtitles.iter().map(|own| Ok((own, read_subtitles(&own.path)?))).collect::<Result<_, Failure>>()?;
    let mut output = Output::new(&job.output);
    let protection = job.encryption.as_ref().map(|encryption| encryption.protection(&index));
    let keys = job.encryption.as_ref().map(Encryption::keys).unwrap_or_default();
    let mut planner = Planner::new(&movie, &PlanOptions { protection, ..job.options })?;
    let mut sizes: BTreeMap<(String, u32), SegmentSize> = BTreeMap::new();
    for slice in planner.by_ref() {
        let slice = slice?;
        let parts = slice.ranges.iter().map(|range| input.read(range.start, range.end)).collect::<Result<_, _>>()?;
        let mut source = SliceSource::new(&slice, parts)?;
        for segment in package_slice(&slice, &mut source, &keys)? {
            output.write(&segment.path(), segment.pieces(&source))?;
            if let Some((path, text)) = segment.text_file() {
                output.write(&path, [text].into_iter())?;
            }
            sizes.insert((segment.representation.clone(), segment.number), segment.size());
        }
    }
    let mut presentation = planner.finish()?;
    for (own, file) in sidecars {
        for (path, text) in presentation.add_sidecar(&file, Some(own.language.clone()), own.descriptors.clone()) {
            output.write(&path, [text.as_bytes()].into_iter())?;
        }
    }
    for (path, init) in presentation.init_segments() {
        output.write(&path, [init].into_iter())?;
    }
    let sizes = segment_sizes(&presentation, &sizes)?;
    for playlist in
        hls::playlists(&presentation, &sizes, &HlsOptions { drm: job.drm.clone(), ..HlsOptions::default() })?
    {
        output.write(&playlist.path, [playlist.text.as_bytes()].into_iter())?;
    }
    let mpd = dash::mpd(&presentation, &sizes, &MpdOptions { drm: job.drm.clone(), ..MpdOptions::default() })?;
    output.write("stream.mpd", [mpd.as_bytes()].into_iter())?;
    let skipped = movie.skipped.iter();
    Ok(Summary {
        manifest: job.output.join("stream.mpd").display().to_string(),
        source_bytes: index.file_size(),
        bytes_read: input.bytes_read,
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

fn segment_sizes(
    presentation: &Presentation,
    sizes: &BTreeMap<(String, u32), SegmentSize>,
) -> Result<SegmentSizes, vpp_media::Error> {
    let mut known = SegmentSizes::new(presentation);
    sizes.iter().try_for_each(|((name, number), size)| known.set(presentation, name, *number, *size))?;
    Ok(known)
}

/// The movie, read by ranges.
struct Input<'p> {
    path: &'p Path,
    file: File,
    bytes_read: u64,
}

impl<'p> Input<'p> {
    fn open(path: &'p Path) -> Result<Self, Failure> {
        let file = File::open(path).map_err(Failure::io(path))?;
        Ok(Self { path, file, bytes_read: 0 })
    }

    fn index(&mut self) -> Result<Index, Failure> {
        let file_size = self.file.metadata().map_err(Failure::io(self.path))?.len();
        let mut reader = IndexReader::new(file_size)?;
        while let Some(range) = reader.want() {
            reader.supply(&self.read(range.start, range.end)?)?;
        }
        Ok(reader.finish()?)
    }

    fn read(&mut self, start: u64, end: u64) -> Result<Vec<u8>, Failure> {
        // Ranges lie inside the file, and are bounded by the size of a slice or of an index.
        let length = end.saturating_sub(start);
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        self.file.read_exact_at(&mut bytes, start).map_err(Failure::io(self.path))?;
        self.bytes_read += length;
        Ok(bytes)
    }
}

/// The folder of the package.
struct Output<'p> {
    folder: &'p Path,
    bytes_written: u64,
}

impl<'p> Output<'p> {
    fn new(folder: &'p Path) -> Self {
        Self { folder, bytes_written: 0 }
    }

    fn write<'b>(&mut self, path: &str, pieces: impl Iterator<Item = &'b [u8]>) -> Result<(), Failure> {
        let path = self.folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(Failure::io(parent))?;
        }
        let mut file = File::create(&path).map_err(Failure::io(&path))?;
        let mut slices: Vec<IoSlice<'_>> = pieces.filter(|piece| !piece.is_empty()).map(IoSlice::new).collect();
        self.bytes_written += slices.iter().map(|slice| slice.len() as u64).sum::<u64>();
        let mut rest = slices.as_mut_slice();
        while !rest.is_empty() {
            let written = file.write_vectored(rest).map_err(Failure::io(&path))?;
            IoSlice::advance_slices(&mut rest, written);
        }
        Ok(())
    }
}
