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
use crate::domain::state::{Stage, StageWork, State, Step, Transition};
use crate::error::Error;
use crate::ports::{Body, Catalog, Clock, Meter, NewObject, ObjectStore, StoreError};
use crate::stages::complete_files::FileCompletion;
use crate::stages::read_presentation::presentation;
use crate::stages::read_receipts::WrittenSegments;
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
        let mut presentation = presentation(&self.store, &self.settings.work_bucket, &package).await?;
        let written = WrittenSegments::read(&self.catalog, &package, &presentation).await?;
        let nothing_encrypted = written.nothing_encrypted(&presentation);
        let WrittenSegments { sizes, files, usage: work_units, .. } = written;
        let completion = FileCompletion {
            store: &self.store,
            catalog: &self.catalog,
            package: &package,
            work_bucket: &self.settings.work_bucket,
            output_bucket: &self.settings.output_bucket,
        };
        let mut bytes_written = completion.complete(&presentation, &sizes, files).await?;
        let stated = sizes.stated(&mut presentation);
        bytes_written += self.write_manifests(&package, &presentation, &stated).await?;
        let output = Some(self.output(&package, layout::MANIFEST).to_string());

        let usage = vec![(Stage::Encrypt, work_units), (Stage::Dash, self.meter.reading().since(&before))];
        let work = StageWork { output, bytes_read: 0, bytes_written, usage, nothing_encrypted };
        let transition = Transition { attempt: Some(package.attempt), at: self.clock.now(), step: Step::Ready, work };
        self.catalog.advance(&package.id, &transition).await.map_err(Error::unavailable("writing Ready"))?;
        Ok(Outcome::Done)
    }

    /// Writes the manifests: the HLS playlists, the chapters, then the MPD. They carry the URLs of the licence server; the player
    /// adds its playback token. A manifest may have many MiB, so one of them is in memory at a time. Returns the number of bytes.
    async fn write_manifests(
        &self,
        package: &Package,
        presentation: &Presentation,
        sizes: &SegmentSizes,
    ) -> Result<u64, Error> {
        let (delivery_url, drm) = (&self.settings.delivery_url, &package.options.drm);
        let key_url = Some(layout::key_url(delivery_url, &package.id));
        let options = HlsOptions { drm: drm.clone(), key_url };
        let playlists = playlists(presentation, sizes, &options).map_err(Error::of_media)?;
        let playlists = playlists.map(|playlist| (playlist.path, playlist.text));
        let chapters = chapter_files(presentation).into_iter().map(|file| (file.path, file.text));
        let mut bytes_written = 0;
        for (path, text) in playlists.chain(chapters) {
            bytes_written += self.write(package, &path, text).await?;
        }
        let licence_url = Some(layout::licence_url(delivery_url, &package.id));
        let mpd = mpd(presentation, sizes, &MpdOptions { drm: drm.clone(), licence_url }).map_err(Error::of_media)?;
        Ok(bytes_written + self.write(package, layout::MANIFEST, mpd).await?)
    }

    /// Writes a manifest, unless an earlier run of this stage wrote it. Returns the number of its bytes. If the domain was changed between the two runs, the
    /// manifest that exists has other licence addresses, and stays.
    async fn write(&self, package: &Package, path: &str, text: String) -> Result<u64, Error> {
        let at = self.output(package, path);
        let text = Bytes::from(text);
        let bytes = text.len() as u64;
        let object = NewObject::new(Body::from_iter([text.clone()]), layout::output_headers(path));
        let put = self.store.put_if_absent(&at, object).await;
        if matches!(put, Err(StoreError::DifferentBytes { .. })) {
            // Room for longer addresses than those of `text`.
            let limit = u64::try_from(text.len()).unwrap_or(u64::MAX).saturating_mul(2).saturating_add(KIB);
            let existing = self.store.read(&at, None, 0..limit).await;
            let existing = existing.map_err(|error| error.into_error("reading a manifest"))?;
            let texts = std::str::from_utf8(&existing).ok().zip(std::str::from_utf8(&text).ok());
            if texts.is_some_and(|(existing, text)| layout::differ_by_domain(existing, text, &package.id)) {
                return Ok(bytes);
            }
        }
        put.map(|_| bytes).map_err(|error| error.into_error("writing a manifest"))
    }

    fn output(&self, package: &Package, path: &str) -> Location {
        Location::new(&self.settings.output_bucket, layout::output_key(&package.id, path))
    }
}
