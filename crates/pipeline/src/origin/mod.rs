//! The just-in-time origin: makes a segment that a viewer requests before the encrypt stage has written it.
//!
//! Once a package of segments is planned, any of its segments is a function of the plan, the source and the keys. The CDN asks
//! the output bucket first, and the origin for what is not there. The origin packages that segment alone and writes it under its
//! name, with the same bytes as the encrypt stage: of the two, the later one finds the object and compares it. So a stream plays
//! as soon as its plan is written, whatever its size; the stages continue behind it, and nothing changes for the viewer.
//!
//! A segment costs two reads of the plan (one while its index is in memory), one read of the source, and one write. A path that
//! the plan does not name costs a read of the package and of the plan's index, and nothing is written.
//!
//! A package that is made on demand has no stages behind it: it stays Fragmented, and has the segments that viewers requested.
//! Those may expire, and are made again. The origin does for it what the encrypt stage does for others: it counts the segments
//! that it has made, one write for each that is new, and makes the package Failed if a segment can never be made.
//!
//! Only a package that is Fragmented or Encrypted is written to. A Ready package has all of its objects: one that became Ready
//! after the origin looked for a segment has it now, so the origin looks once more. Where segments expire, one of a Ready package is
//! made again. A Failed package, and one that is being deleted, has no playable segment: the origin answers as the bucket does. An origin that runs when its package
//! is deleted may write after the deletion; `stages::delete` deletes the objects again when every function that ran has ended.

mod plans;
mod requested_file;

use futures_util::{TryStreamExt, future};
use vpp_media::cmaf::{StreamingPackager, one_segment};

use crate::domain::layout::Headers;
use crate::domain::object::Location;
use crate::domain::package::Package;
use crate::domain::receipt::MadeSegment;
use crate::domain::state::{Failure, Stage, State};
use crate::domain::when::When;
use crate::error::{Error, chain};
use crate::ports::{Body, Catalog, Clock, KeyVault, ObjectStore, PutOutcome, StoreError};
use crate::stages::read_plan::work_unit;
use crate::stages::segments::{packaged_segments, write_segment};
use crate::stages::stage::fail;

use plans::Plans;
use requested_file::{FileKind, RequestedFile};

/// The buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Bucket of plans.
    pub work_bucket: String,
    /// Bucket of streams.
    pub output_bucket: String,
}

/// The use case and its ports.
#[derive(Debug)]
pub struct Origin<S, C, V, K> {
    store: S,
    catalog: C,
    vault: V,
    clock: K,
    settings: Settings,
    plans: Plans,
}

/// A file of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputFile {
    /// The bytes.
    pub body: Body,
    /// Media type and cache rule.
    pub headers: Headers,
}

/// Returns whether `path`, which has no slash before it, is that of a segment which some package may have. The origin reads nothing
/// for any other.
#[must_use]
pub fn is_segment_path(path: &str) -> bool {
    RequestedFile::parse(path).is_some()
}

impl<S: ObjectStore, C: Catalog, V: KeyVault, K: Clock> Origin<S, C, V, K> {
    /// Creates an origin without plans in memory. It reads and writes segments in `store`, and unwraps keys with `vault`.
    pub fn new(store: S, catalog: C, vault: V, clock: K, settings: Settings) -> Self {
        Self { store, catalog, vault, clock, settings, plans: Plans::default() }
    }

    /// Returns the file at `path`, which starts with the package's id and has no slash before it; `None` if the stream has no
    /// such file, or cannot be played. A file that was written is read; any other is made and written.
    ///
    /// # Errors
    /// Transient errors. Permanent errors when the segment cannot be packaged: then the package is Failed, or the encrypt stage meets
    /// the same error and makes it Failed.
    pub async fn handle(&self, path: &str) -> Result<Option<OutputFile>, Error> {
        let Some(requested) = RequestedFile::parse(path) else { return Ok(None) };
        let package = self.catalog.package(&requested.package);
        // Written files are rarely requested here, but a read beside that of the package takes no additional time.
        let (written, package) = future::join(self.written(path), package).await;
        let package = package.map_err(Error::unavailable("reading the package"))?;
        let Some(package) = package.filter(|package| package.playable_at().is_some()) else { return Ok(None) };
        let written = match (written?, &package.state) {
            (Some(body), _) => Some(body),
            (None, State::Ready { .. }) if package.retention.is_none() => self.written(path).await?,
            (None, _) => return self.make(&requested, &package).await,
        };
        Ok(written.map(|body| OutputFile { body, headers: requested.headers }))
    }

    /// Makes a segment of a playable package, writes it, and settles a package that is made on demand.
    async fn make(&self, requested: &RequestedFile, package: &Package) -> Result<Option<OutputFile>, Error> {
        let made = self.package_segment(requested, package).await;
        if let (Err(Error::Permanent { code, message, .. }), When::OnDemand) = (&made, package.when) {
            let failure = Failure { stage: Stage::Encrypt, code: (*code).to_owned(), message: message.clone() };
            fail(failure, &package.id, Some(package.attempt), &self.catalog, &self.clock).await?;
        }
        match made {
            // What it needs may have been deleted meanwhile.
            Err(error) if error.is_transient() && !self.is_still_playable(package).await? => Ok(None),
            made => made,
        }
    }

    /// Returns whether a package is playable, in the attempt in which it was.
    async fn is_still_playable(&self, package: &Package) -> Result<bool, Error> {
        let found = self.catalog.package(&package.id).await.map_err(Error::unavailable("reading the package"))?;
        Ok(found.is_some_and(|found| found.attempt == package.attempt && found.playable_at().is_some()))
    }

    /// Reads a file that was written.
    async fn written(&self, path: &str) -> Result<Option<Body>, Error> {
        let at = Location::new(&self.settings.output_bucket, path);
        match self.store.stream(&at, None, 0..u64::MAX).try_collect().await {
            Ok(body) => Ok(Some(body)),
            Err(StoreError::Missing { .. }) => Ok(None),
            Err(error) => Err(error.into_error("reading a segment")),
        }
    }

    /// Packages a segment and writes it.
    async fn package_segment(&self, requested: &RequestedFile, package: &Package) -> Result<Option<OutputFile>, Error> {
        let work_bucket = &self.settings.work_bucket;
        let plan = self.plans.of(package, &self.store, &self.vault, work_bucket).await?;
        let Some(section) = plan.index.section_of(requested.segment) else { return Ok(None) };
        let work_unit = work_unit(&self.store, work_bucket, package, section).await?;
        let Some(work_unit) = one_segment(work_unit, requested.segment) else { return Ok(None) };

        let packager = StreamingPackager::new(&work_unit, &plan.keys).map_err(Error::of_media)?;
        let packaged: Vec<_> = packaged_segments(&self.store, &work_unit, packager, package).try_collect().await?;
        let Some(packaged) = packaged.into_iter().next() else {
            let reason = "the source ended before the segment did";
            return Err(Error::of_media(vpp_media::Error::SourceMismatch { reason }));
        };
        let text = packaged.segment.webvtt().map(|text| Body::from(text.as_bytes().to_vec()));
        let (bucket, retention) = (&self.settings.output_bucket, package.retention);
        let (segment, outcome) = write_segment(&self.store, bucket, packaged, package, retention).await?;
        if outcome == PutOutcome::Created && package.when == When::OnDemand {
            let bytes_written = segment.body.length() + text.as_ref().map_or(0, Body::length);
            self.count(package, MadeSegment { bytes_read: work_unit.source_bytes(), bytes_written }).await;
        }
        let body = match requested.kind {
            FileKind::Segment => Some(segment.body),
            FileKind::Text => text,
        };
        Ok(body.map(|body| OutputFile { body, headers: requested.headers }))
    }

    /// Counts a segment that was made. The viewer gets the segment although it cannot be counted.
    async fn count(&self, package: &Package, made: MadeSegment) {
        if let Err(error) = self.catalog.count_made(&package.id, &made).await {
            tracing::warn!(packaged_content_id = %package.id, "a segment is not counted: {}", chain(&error));
        }
    }
}
