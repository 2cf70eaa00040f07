//! The manifests of a package: the HLS playlists, the chapters, and the MPD.
//!
//! They are functions of the plan's presentation and of the sizes of the segments. In the segments layout they are written with the
//! plan, so that the stream plays before its segments are written. When the segments are written and the planned sizes were not
//! right, which is rare, manifests with the written sizes replace them (see [`SegmentSizes::stated`]), and an edit replaces them
//! too (see [`super::edited`]). Manifests are the only objects that are ever replaced.

use futures_util::{StreamExt, TryStreamExt, stream};
use vpp_media::chapters::chapter_files;
use vpp_media::cmaf::{Presentation, SegmentSizes};
use vpp_media::dash::{MpdOptions, mpd};
use vpp_media::hls::{HlsOptions, playlists};

use crate::domain::layout;
use crate::domain::object::Location;
use crate::domain::package::Package;
use crate::error::Error;
use crate::ports::{NewObject, ObjectStore, StoreError};

/// Whether a manifest that exists stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// It stays: a later stage may have written it.
    Stays,
    /// It is replaced.
    Replaced,
}

/// Writes the manifests of a package.
#[derive(Debug)]
pub(crate) struct ManifestWriter<'a, S> {
    pub(crate) store: &'a S,
    pub(crate) package: &'a Package,
    /// Start of the URL of the licence server, without a trailing slash.
    pub(crate) delivery_url: &'a str,
    pub(crate) output_bucket: &'a str,
    pub(crate) existing: Existing,
    /// Number of manifests that are in memory and written in parallel. A manifest may have many MiB.
    pub(crate) parallel: usize,
    /// Whether the manifests name the licence server.
    pub(crate) names_licence: bool,
}

impl<S: ObjectStore> ManifestWriter<'_, S> {
    /// Writes the playlists, the chapters, then the MPD. They contain the URLs of the licence server; the player adds its
    /// playback token. Returns the number of bytes.
    ///
    /// # Errors
    /// Transient errors, and a permanent one if the size of a segment is unknown.
    pub(crate) async fn write(&self, presentation: &Presentation, sizes: &SegmentSizes) -> Result<u64, Error> {
        let (id, drm) = (&self.package.id, &self.package.options.drm);
        let key_url = self.names_licence.then(|| layout::key_url(self.delivery_url, id));
        let options = HlsOptions { drm: drm.clone(), key_url };
        let playlists = playlists(presentation, sizes, &options).map_err(Error::of_media)?;
        let playlists = playlists.map(|playlist| (playlist.path, playlist.text));
        let chapters = chapter_files(presentation).into_iter().map(|file| (file.path, file.text));
        let texts = stream::iter(playlists.chain(chapters));
        let written =
            texts.map(|(path, text)| async move { self.write_text(&path, text).await }).buffered(self.parallel);
        let bytes_written = written.try_fold(0, async |sum, bytes| Ok(sum + bytes)).await?;
        let licence_url = self.names_licence.then(|| layout::licence_url(self.delivery_url, id));
        let mpd = mpd(presentation, sizes, &MpdOptions { drm: drm.clone(), licence_url }).map_err(Error::of_media)?;
        Ok(bytes_written + self.write_text(layout::MANIFEST, mpd).await?)
    }

    async fn write_text(&self, path: &str, text: String) -> Result<u64, Error> {
        let at = Location::new(self.output_bucket, layout::output_key(&self.package.id, path));
        let bytes = text.len() as u64;
        let object = NewObject::new(text.into_bytes(), layout::output_headers(path));
        let written = match self.existing {
            Existing::Replaced => self.store.put(&at, object).await,
            Existing::Stays => match self.store.put_if_absent(&at, object).await {
                Ok(_) | Err(StoreError::DifferentBytes { .. }) => Ok(()),
                Err(error) => Err(error),
            },
        };
        written.map(|()| bytes).map_err(|error| error.into_error("writing a manifest"))
    }
}
