//! Plans a package: the samples of each segment, and the segments of each work unit.
//!
//! Only the indexes of the sources are read, at their known ranges, and the headers of a few samples. The plan, the init segments
//! and the sidecar subtitle files are written, and in the segments layout the manifests; no media is copied. Then the package is
//! Fragmented, which makes a package of segments playable: see [`crate::origin`]. One message per work unit is sent. The uploads of
//! single files with several parts are begun here, and stored in the catalog before any message refers to a part. When two
//! functions begin them concurrently, one aborts its uploads.
//!
//! No message is sent for a package that is made on demand: the origin makes its segments. When a user requests that it is made
//! ahead, this stage runs again and sends the messages.
//!
//! The plan is a function of the indexes and the options. A repeated message gives the same plan, finds every object written,
//! and sends the same work unit messages; it needs no further state.

use vpp_media::cmaf::{
    Layout, PlanFile, PlanOptions, PlanWriter, Planner, Presentation, SegmentSizes, SidecarSource, TextFile,
};
use vpp_media::isobmff::{Index, IndexReader, MAX_MOOV_BYTES};
use vpp_media::sidecar::SidecarFile;
use vpp_media::track::Movie;

use crate::domain::layout;
use crate::domain::message::{FragmentMessage, Section, WorkUnitMessage};
use crate::domain::multipart::OutputUpload;
use crate::domain::object::Location;
use crate::domain::outcome::Outcome;
use crate::domain::package::Package;
use crate::domain::part_plan::{PartPlanner, PartSpan, UnitSizes};
use crate::domain::state::{Stage, StageWork, State, Step, Transition};
use crate::domain::subtitles::SubtitleFile;
use crate::domain::when::When;
use crate::error::Error;
use crate::ports::{Body, Catalog, Clock, CreateOutcome, Meter, NewObject, ObjectStore, Queue};
use crate::stages::manifests::{Existing, ManifestWriter};
use crate::stages::read_index::read_index;
use crate::stages::read_subtitles::read_subtitles;
use crate::stages::stage::{package, settle};
use crate::stages::write_output::write_output;

/// Maximum number of manifests that are written in parallel.
const MANIFESTS: usize = 4;

/// The buckets, and the sizes of work units and parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Bucket of plans and staged parts.
    pub work_bucket: String,
    /// Bucket of streams.
    pub output_bucket: String,
    /// Start of the URL of every stream and of licences, without a trailing slash.
    pub delivery_url: String,
    /// Approximate size of a work unit in source bytes: a work unit consists of whole segments. The work units of a very large
    /// source are larger.
    pub work_unit_bytes: u64,
    /// Maximum size of a work unit in source bytes.
    pub max_work_unit_bytes: u64,
    /// Minimum size of every part of a multipart upload except the last, in bytes.
    pub part_bytes: u64,
}

/// The use case and its ports.
#[derive(Debug)]
pub struct Fragment<S, C, Q, K, M> {
    /// Reads the source, writes the plan and the init segments.
    pub store: S,
    /// Stores the package.
    pub catalog: C,
    /// The encrypt stage's queue.
    pub queue: Q,
    /// The clock.
    pub clock: K,
    /// Measures resource usage.
    pub meter: M,
    /// Settings.
    pub settings: Settings,
}

impl<S, C, Q, K, M> Fragment<S, C, Q, K, M>
where
    S: ObjectStore,
    C: Catalog,
    Q: Queue<WorkUnitMessage>,
    K: Clock,
    M: Meter,
{
    /// Handles one message.
    ///
    /// # Errors
    /// Transient errors, and a record that cannot be read; any other permanent error makes the package Failed.
    pub async fn handle(&self, message: &FragmentMessage) -> Result<Outcome, Error> {
        let result = self.work(message).await;
        settle(result, Stage::Fragment, message.package(), message.attempt(), &self.catalog, &self.clock).await
    }

    async fn work(&self, message: &FragmentMessage) -> Result<Outcome, Error> {
        let before = self.meter.reading();
        let Some(package) = package(&self.catalog, message.package(), message.attempt()).await? else {
            return Ok(Outcome::Nothing);
        };
        match package.state {
            State::Queued | State::Fragmented(_) => {}
            _ => return Ok(Outcome::Nothing),
        }
        let (indexes, bytes_read) = self.read_indexes(&package).await?;
        let sizes = self.sizes(&package)?;
        let subtitles = self.read_subtitles(&package).await?;
        let bytes_read = bytes_read + package.options.subtitles.iter().map(|subtitles| subtitles.bytes).sum::<u64>();
        let planned = plan(&package, &indexes, sizes, &subtitles)?;
        let Plan { file: plan, presentation, spans, parts, texts } = planned;

        let mut bytes_written = self.write_files(&package, &presentation, &texts).await?;
        self.begin_uploads(&package, &presentation, &parts).await?;
        let plan_at = Location::new(&self.settings.work_bucket, layout::plan_key(&package.id));
        let object = NewObject::new(Body::from_iter(plan.chunks), layout::work_headers());
        self.store.put_if_absent(&plan_at, object).await.map_err(|error| error.into_error("writing the plan"))?;
        bytes_written += self.write_manifests(&package, &presentation).await?;

        let is_dense = is_dense(&package, &presentation);
        let work_units = presentation.work_units;
        let usage = vec![(Stage::Fragment, self.meter.reading().since(&before))];
        let output = Some(plan_at.to_string());
        let work = StageWork { output, bytes_read, bytes_written, usage, ..StageWork::default() };
        let transition = Transition {
            attempt: Some(package.attempt),
            at: self.clock.now(),
            step: Step::Fragmented { work_units },
            work,
        };
        // A package that is past this step keeps its state, but its work unit messages are sent again.
        self.catalog.advance(&package.id, &transition).await.map_err(Error::unavailable("writing Fragmented"))?;
        if package.when == When::OnDemand {
            return Ok(Outcome::Done);
        }
        let messages = (0..).zip(plan.sections.into_iter().zip(spans)).map(|(work_unit, (section, spans))| {
            let message = WorkUnitMessage::new(package.id.clone(), work_unit, Section::of(&section)?);
            Ok(message.with_spans(spans).of_dense_package(is_dense).for_attempt(package.attempt))
        });
        let messages = messages.collect::<Result<Vec<_>, Error>>()?;
        self.queue.send_all(&messages).await.map_err(Error::unavailable("sending the work units"))?;
        Ok(Outcome::Done)
    }

    /// Returns the sizes of work units and parts.
    fn sizes(&self, package: &Package) -> Result<UnitSizes, Error> {
        let smallest = UnitSizes { part: self.settings.part_bytes, work_unit: self.settings.work_unit_bytes };
        let (bytes, largest) = (package.source_bytes(), self.settings.max_work_unit_bytes);
        let sizes = match package.options.layout {
            Layout::Segments => Some(UnitSizes::of_segments(bytes, smallest, largest)),
            Layout::SingleFile => UnitSizes::of_single_files(bytes, smallest, largest),
        };
        let too_large = "the file is too large for the single-file layout: request layout segments";
        sizes.ok_or_else(|| Error::permanent("limit_exceeded", too_large))
    }

    /// Begins the upload of each file with several parts, unless the uploads are stored already.
    async fn begin_uploads(&self, package: &Package, presentation: &Presentation, parts: &[u16]) -> Result<(), Error> {
        let files = presentation.representations.iter().zip(parts).filter(|(_, parts)| **parts > 1);
        let files: Vec<_> =
            files.map(|(representation, _)| (representation.id, representation.id.single_file_path())).collect();
        let known = self.catalog.uploads(&package.id).await.map_err(Error::unavailable("reading the uploads"))?;
        if files.is_empty() || known.is_some() {
            return Ok(());
        }
        let at = |path: &str| Location::new(&self.settings.output_bucket, layout::output_key(&package.id, path));
        let mut begun = Vec::new();
        for (representation, path) in &files {
            let id = self.store.begin_upload(&at(path), layout::output_headers(path)).await;
            let id = id.map_err(|error| error.into_error("beginning an upload"))?;
            begun.push(OutputUpload { representation: *representation, id });
        }
        let put = self.catalog.put_uploads(&package.id, &begun).await;
        if let CreateOutcome::Existing(_) = put.map_err(Error::unavailable("writing the uploads"))? {
            for ((_, path), upload) in files.iter().zip(&begun) {
                let aborted = self.store.abort_upload(&at(path), &upload.id).await;
                aborted.map_err(|error| error.into_error("aborting an upload"))?;
            }
        }
        Ok(())
    }

    /// Reads the indexes of all sources. Returns them with the number of bytes read. All of them are in memory at once, so the
    /// size limit of a single index applies to their total size.
    async fn read_indexes(&self, package: &Package) -> Result<(Vec<Index>, u64), Error> {
        let (mut indexes, mut bytes_read, mut held) = (Vec::new(), 0, 0);
        for source in package.sources() {
            let reader = IndexReader::at(source.bytes, source.index.clone());
            let read = read_index(&self.store, &source.location, &source.etag, reader).await;
            let index = read.index?;
            bytes_read += read.bytes_read;
            held += index.spans().map(|(_, bytes)| bytes.len() as u64).sum::<u64>();
            indexes.push(index);
            if indexes.len() > 1 && held > MAX_MOOV_BYTES {
                let (what, limit) = ("the number of bytes in the indexes of all movies", MAX_MOOV_BYTES);
                let action = "request fewer movies in one package, or split them";
                return Err(Error::of_media(vpp_media::Error::LimitExceeded { what, found: held, limit, action }));
            }
        }
        Ok((indexes, bytes_read))
    }

    /// Reads the package's subtitle files.
    async fn read_subtitles<'p>(&self, package: &'p Package) -> Result<Vec<(&'p SubtitleFile, SidecarFile)>, Error> {
        let mut files = Vec::new();
        for subtitles in &package.options.subtitles {
            let file = read_subtitles(&self.store, &subtitles.location, &subtitles.etag, subtitles.bytes).await?;
            let changed = || Error::permanent("source_changed", "a subtitle file is not the one that was ingested");
            files.push((subtitles, file.ok_or_else(changed)?));
        }
        Ok(files)
    }

    /// Writes every representation's init segment and the subtitle files. Returns the number of bytes written.
    async fn write_files(
        &self,
        package: &Package,
        presentation: &Presentation,
        texts: &[TextFile],
    ) -> Result<u64, Error> {
        let mut written = 0;
        let texts = texts.iter().map(|file| (file.path.clone(), file.text.as_bytes()));
        for (path, bytes) in presentation.init_segments().chain(texts) {
            written += bytes.len() as u64;
            let (bucket, operation) = (&self.settings.output_bucket, "writing an init segment or subtitles");
            write_output(&self.store, bucket, &package.id, &path, bytes.to_vec(), operation).await?;
        }
        Ok(written)
    }

    /// Writes the manifests, if they do not depend on the segments. Returns the number of bytes written.
    async fn write_manifests(&self, package: &Package, presentation: &Presentation) -> Result<u64, Error> {
        if package.options.layout == Layout::SingleFile {
            return Ok(0);
        }
        let Settings { output_bucket, delivery_url, .. } = &self.settings;
        let (store, existing, parallel) = (&self.store, Existing::Stays, MANIFESTS);
        let names_licence = true;
        let manifests =
            ManifestWriter { store, package, delivery_url, output_bucket, existing, parallel, names_licence };
        manifests.write(presentation, &SegmentSizes::planned(presentation)).await
    }
}

/// Returns whether a package has many segments for the size of its sources: more than any file of some minutes, and each of
/// fewer bytes than audio of 64 kb/s has in six seconds.
fn is_dense(package: &Package, presentation: &Presentation) -> bool {
    const MANY: u64 = 200;
    const SMALL: u64 = 48 * 1024;
    let segments: u64 = presentation.representations.iter().map(|track| track.segments.len() as u64).sum();
    segments > MANY && package.source_bytes() / segments < SMALL
}

/// Returns the engine's options for a package.
fn options(package: &Package, work_unit_bytes: u64) -> PlanOptions {
    PlanOptions {
        segment_duration: package.options.segment_duration,
        work_unit_bytes,
        protection: package.encryption.as_ref().map(|encryption| encryption.protection),
        audio_only: package.options.audio_only,
        unsupported: package.options.unsupported,
        layout: package.options.layout,
    }
}

/// Converts a refusal, and names the file that it is about if the package has several.
fn refusal(package: &Package, position: Option<usize>, error: &vpp_media::Error) -> Error {
    let source = position.and_then(|position| package.sources().nth(position));
    match source.filter(|_| !package.further_inputs.is_empty()) {
        Some(source) => Error::permanent(error.code(), format!("{}: {error}", source.location)),
        None => Error::permanent(error.code(), error.to_string()),
    }
}

/// A plan, and the part spans of its work units.
struct Plan {
    file: PlanFile,
    presentation: Presentation,
    /// The part spans of each work unit.
    spans: Vec<Vec<PartSpan>>,
    /// The number of parts of each representation; empty unless the layout is single files with several work units.
    parts: Vec<u16>,
    /// The subtitle files to write.
    texts: Vec<TextFile>,
}

/// Plans work unit by work unit, so that only the encoded plan stays in memory.
fn plan(
    package: &Package,
    indexes: &[Index],
    sizes: UnitSizes,
    subtitles: &[(&SubtitleFile, SidecarFile)],
) -> Result<Plan, Error> {
    let options = &options(package, sizes.work_unit);
    let movies = (0..)
        .zip(indexes)
        .map(|(position, index)| Movie::parse(index).map_err(|error| refusal(package, Some(position), &error)));
    let movies = movies.collect::<Result<Vec<_>, _>>()?;
    let of_media = |error: vpp_media::Error| {
        let (position, error) = error.into_movie();
        refusal(package, position, &error)
    };
    let mut planner = Planner::of_movies(&movies, options).map_err(of_media)?;
    let mut writer = PlanWriter::new();
    let mut parts = PartPlanner::new(sizes.part);
    let mut spans = Vec::new();
    for work_unit in &mut planner {
        let work_unit = work_unit.map_err(of_media)?;
        writer.push(&work_unit).map_err(Error::of_media)?;
        spans.push(if options.layout == Layout::SingleFile { parts.plan_work_unit(&work_unit)? } else { Vec::new() });
    }
    let sidecars = subtitles.iter().map(|(subtitles, file)| SidecarSource {
        file: &file.webvtt,
        language: Some(subtitles.description.language.clone()),
        labels: subtitles.labels(),
    });
    let sidecars: Vec<SidecarSource<'_>> = sidecars.collect();
    let (presentation, texts) = planner.finish_with_sidecars(&sidecars).map_err(of_media)?;
    let file = writer.finish(&presentation).map_err(Error::of_media)?;
    // The function that encrypts the only work unit knows all sizes, and writes the files itself.
    if let [only] = spans.as_mut_slice() {
        only.clear();
        return Ok(Plan { file, presentation, spans, parts: Vec::new(), texts });
    }
    Ok(Plan { file, presentation, spans, parts: parts.part_counts().collect(), texts })
}
