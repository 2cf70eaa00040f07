//! Writes the manifests and makes the package Ready.
//!
//! In the single-file layout, the files are completed first: see `complete_files`.
//!
//! The manifests are functions of the plan's presentation and of the receipts, which state the sizes that were written: see
//! [`SegmentSizes::stated`]. The MPD is written last: when a player can fetch it, every object that it refers to exists.

use bytes::Bytes;
use vpp_media::chapters::chapter_files;
use vpp_media::cmaf::{Presentation, SegmentSizes};
use vpp_media::dash::{MpdOptions, mpd};
use vpp_media::hls::{HlsOptions, playlists};

use crate::domain::layout;
use crate::domain::message::DashMessage;
use crate::domain::object::Location;
use crate::domain::outcome::Outcome;
use crate::domain::package::Package;
use crate::domain::receipt::Receipt;
use crate::domain::resource_usage::ResourceUsage;
use crate::domain::state::{Stage, StageWork, State, Step, Transition};
use crate::error::Error;
use crate::ports::{Body, Catalog, Clock, Meter, NewObject, ObjectStore, StoreError};
use crate::stages::complete_files::FileCompletion;
use crate::stages::read_presentation::presentation;
use crate::stages::stage::{package, settle};

const KIB: u64 = 1024;

/// The buckets, and the URLs for players.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Bucket of plans and staged parts.
    pub work_bucket: String,
    /// Bucket of streams.
    pub output_bucket: String,
    /// Start of the URL of every stream and of licences, without a trailing slash.
    pub delivery_url: String,
}

/// The use case and its ports.
#[derive(Debug)]
pub struct Dash<S, C, K, M> {
    /// Reads the plan, writes the manifests.
    pub store: S,
    /// Stores the package and the receipts.
    pub catalog: C,
    /// The clock.
    pub clock: K,
    /// Measures resource usage.
    pub meter: M,
    /// Settings.
    pub settings: Settings,
}

impl<S, C, K, M> Dash<S, C, K, M>
where
    S: ObjectStore,
    C: Catalog,
    K: Clock,
    M: Meter,
{
    /// Handles one message.
    ///
    /// # Errors
    /// Transient errors, and a record that cannot be read; any other permanent error makes the package Failed.
    pub async fn handle(&self, message: &DashMessage) -> Result<Outcome, Error> {
        let result = self.work(message).await;
        settle(result, Stage::Dash, message.package(), message.attempt(), &self.catalog, &self.clock).await
    }

    async fn work(&self, message: &DashMessage) -> Result<Outcome, Error> {
        let before = self.meter.reading();
        let Some(package) = package(&self.catalog, message.package(), message.attempt()).await? else {
            return Ok(Outcome::Nothing);
        };
        match package.state {
            State::Encrypted { .. } => {}
            State::Ready { .. } | State::Failed { .. } | State::Deleting { .. } => return Ok(Outcome::Nothing),
            State::Queued | State::Fragmented(_) => {
                return Err(Error::not_yet("writing the manifests", "not all work units are encrypted"));
            }
        }
        let presentation = presentation(&self.store, &self.settings.work_bucket, &package).await?;
        let receipts = self.catalog.receipts(&package.id).await;
        let receipts = receipts.map_err(Error::unavailable("reading the receipts"))?;
        let sizes = sizes(&presentation, &receipts).map_err(Error::of_media)?;
        let stated = sizes.stated(&presentation);
        let manifests = self.manifests(&package, &presentation, &stated).map_err(Error::of_media)?;
        let completion = FileCompletion {
            store: &self.store,
            catalog: &self.catalog,
            package: &package,
            work_bucket: &self.settings.work_bucket,
            output_bucket: &self.settings.output_bucket,
        };
        let mut bytes_written = completion.complete(&presentation, &sizes, &receipts).await?;
        bytes_written += manifests.iter().map(|(_, text)| text.len() as u64).sum::<u64>();
        for (path, text) in manifests {
            self.write(&package, &path, text).await?;
        }
        let output = Some(self.output(&package, layout::MANIFEST).to_string());

        let work_units =
            receipts.iter().map(|receipt| receipt.usage).fold(ResourceUsage::default(), ResourceUsage::and);
        let usage = vec![(Stage::Encrypt, work_units), (Stage::Dash, self.meter.reading().since(&before))];
        let work = StageWork { output, bytes_read: 0, bytes_written, usage };
        let transition = Transition { attempt: Some(package.attempt), at: self.clock.now(), step: Step::Ready, work };
        self.catalog.advance(&package.id, &transition).await.map_err(Error::unavailable("writing Ready"))?;
        Ok(Outcome::Done)
    }

    /// Returns the manifests, each with its path: the HLS playlists, the chapters, then the MPD. They carry the URLs of the licence server.
    /// The player adds its playback token.
    fn manifests(
        &self,
        package: &Package,
        presentation: &Presentation,
        sizes: &SegmentSizes,
    ) -> Result<Vec<(String, String)>, vpp_media::Error> {
        let (delivery_url, drm) = (&self.settings.delivery_url, &package.options.drm);
        let key_url = Some(layout::key_url(delivery_url, &package.id));
        let playlists = playlists(presentation, sizes, &HlsOptions { drm: drm.clone(), key_url })?.into_iter();
        let licence_url = Some(layout::licence_url(delivery_url, &package.id));
        let mpd = mpd(presentation, sizes, &MpdOptions { drm: drm.clone(), licence_url })?;
        Ok(playlists
            .map(|playlist| (playlist.path, playlist.text))
            .chain(chapter_files(presentation).into_iter().map(|file| (file.path, file.text)))
            .chain([(layout::MANIFEST.to_owned(), mpd)])
            .collect())
    }

    /// Writes a manifest, unless an earlier run of this stage wrote it. If the domain was changed between the two runs, the
    /// manifest that exists has other licence addresses, and stays.
    async fn write(&self, package: &Package, path: &str, text: String) -> Result<(), Error> {
        let at = self.output(package, path);
        let text = Bytes::from(text);
        let object = NewObject::new(Body::from_iter([text.clone()]), layout::output_headers(path));
        let put = self.store.put_if_absent(&at, object).await;
        if matches!(put, Err(StoreError::DifferentBytes { .. })) {
            // Room for longer addresses than those of `text`.
            let limit = u64::try_from(text.len()).unwrap_or(u64::MAX).saturating_mul(2).saturating_add(KIB);
            let existing = self.store.read(&at, None, 0..limit).await;
            let existing = existing.map_err(|error| error.into_error("reading a manifest"))?;
            let texts = std::str::from_utf8(&existing).ok().zip(std::str::from_utf8(&text).ok());
            if texts.is_some_and(|(existing, text)| layout::differ_by_domain(existing, text, &package.id)) {
                return Ok(());
            }
        }
        put.map(drop).map_err(|error| error.into_error("writing a manifest"))
    }

    fn output(&self, package: &Package, path: &str) -> Location {
        Location::new(&self.settings.output_bucket, layout::output_key(&package.id, path))
    }
}

/// Returns the sizes of all segments, from the receipts.
fn sizes(presentation: &Presentation, receipts: &[Receipt]) -> Result<SegmentSizes, vpp_media::Error> {
    let mut sizes = SegmentSizes::new(presentation);
    for segment in receipts.iter().flat_map(|receipt| &receipt.segments) {
        sizes.set(segment.id, segment.size)?;
    }
    Ok(sizes)
}
