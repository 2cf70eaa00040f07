//! Writes the manifests of a package's latest revision.
//!
//! A manifest is a function of the plan, of the sizes of the segments, and of the latest revision. Several functions may write the
//! manifests of a package at the same time: edits that follow each other, and the dash stage. A slow one may write an old text over
//! a new one. So each reads the package again after it has written, and writes once more if the revision is not the latest any
//! more. A function that stops before is started again, because its message is delivered again. The last function that writes has
//! read the latest revision after every write, so what it has written is the text of that revision.

use futures_util::{StreamExt, TryStreamExt, stream};
use vpp_media::cmaf::{Presentation, SegmentSizes, TextFile};
use vpp_media::edits::Edits;
use vpp_media::text::{MAX_SIDECAR_BYTES, WebVttFile};

use crate::domain::layout;
use crate::domain::object::Location;
use crate::domain::package::Package;
use crate::domain::revision::{PublicationFailure, Revision, UploadedText};
use crate::domain::state::State;
use crate::error::Error;
use crate::ports::{Catalog, ObjectStore, Revisions, StoreError};
use crate::stages::manifests::{Existing, ManifestWriter};
use crate::stages::read_subtitles::read_subtitles;
use crate::stages::write_output::write_output;

/// Writes the manifests of revisions.
#[derive(Debug)]
pub(crate) struct EditedManifests<'a, S, C> {
    pub(crate) store: &'a S,
    pub(crate) catalog: &'a C,
    /// Start of the URL of the licence server, without a trailing slash.
    pub(crate) delivery_url: &'a str,
    pub(crate) output_bucket: &'a str,
    /// Number of manifests that are in memory and written in parallel.
    pub(crate) parallel: usize,
}

/// The end of a publication.
#[derive(Debug)]
pub(crate) struct Published {
    /// The package after the last write; `None` if it is deleted.
    pub(crate) package: Option<Package>,
    pub(crate) bytes_written: u64,
    pub(crate) failure: Option<PublicationFailure>,
}

impl<S: ObjectStore, C: Catalog + Revisions> EditedManifests<'_, S, C> {
    /// Writes the manifests of the latest revision of a package with these sizes, and the subtitle files that it adds.
    ///
    /// # Errors
    /// Transient errors, and a permanent one if the size of a segment is unknown.
    pub(crate) async fn write(
        &self,
        mut package: Package,
        presentation: &Presentation,
        sizes: &SegmentSizes,
    ) -> Result<Published, Error> {
        let mut bytes_written = 0;
        loop {
            let (bytes, failure) = self.write_revision(&package, presentation, sizes).await?;
            bytes_written += bytes;
            let now = self.catalog.package(&package.id).await.map_err(Error::unavailable("reading the package"))?;
            let now = now.filter(|now| now.attempt == package.attempt && !matches!(now.state, State::Deleting { .. }));
            match now {
                Some(now) if now.revisions.latest != package.revisions.latest => package = now,
                package => return Ok(Published { package, bytes_written, failure }),
            }
        }
    }

    /// Writes the manifests of the revision that is the latest in `package`.
    async fn write_revision(
        &self,
        package: &Package,
        presentation: &Presentation,
        sizes: &SegmentSizes,
    ) -> Result<(u64, Option<PublicationFailure>), Error> {
        let number = package.revisions.latest;
        if number == 0 {
            let manifests = self.manifests(package, true);
            return Ok((manifests.write(presentation, sizes).await?, None));
        }
        let revision =
            self.catalog.revision(&package.id, number).await.map_err(Error::unavailable("reading a revision"))?;
        let missing = || Error::permanent("missing_revision", "the latest revision of the package is missing");
        let Revision { mut edits, files, .. } = revision.ok_or_else(missing)?;
        let (texts, failure) = self.read_files(package, &mut edits, &files).await?;
        let (edited, texts) = edits.apply(presentation.clone(), &texts).map_err(Error::of_media)?;
        let write = async |text: TextFile| {
            let (bucket, operation) = (self.output_bucket, "writing subtitles");
            write_output(self.store, bucket, &package.id, &text.path, text.text.into_bytes(), operation).await
        };
        stream::iter(texts).map(write).buffered(self.parallel.max(1)).try_collect::<Vec<_>>().await?;
        let manifests = self.manifests(package, !edits.without_licence);
        Ok((manifests.write(&edited, sizes).await?, failure))
    }

    fn manifests<'p>(&'p self, package: &'p Package, names_licence: bool) -> ManifestWriter<'p, S> {
        let &Self { store, delivery_url, output_bucket, parallel, .. } = self;
        ManifestWriter {
            store,
            package,
            delivery_url,
            output_bucket,
            existing: Existing::Replaced,
            parallel,
            names_licence,
        }
    }

    /// Reads the texts of the added subtitles. A file that cannot be read any more is taken out of the edits: the other edits and
    /// the stream do not depend on it.
    async fn read_files(
        &self,
        package: &Package,
        edits: &mut Edits,
        files: &[UploadedText],
    ) -> Result<(Vec<WebVttFile>, Option<PublicationFailure>), Error> {
        let (mut texts, mut added, mut failure) = (Vec::new(), Vec::new(), None);
        for (subtitles, file) in std::mem::take(&mut edits.subtitles).into_iter().zip(files) {
            match self.read_file(package, &subtitles.id.sidecar_path(), file).await {
                Ok(text) => {
                    texts.push(text);
                    added.push(subtitles);
                }
                Err(Error::Permanent { code, message, .. }) => {
                    let message = format!("the subtitles {} are left out: {message}", subtitles.id);
                    failure = Some(PublicationFailure { code: code.to_owned(), message });
                }
                Err(error) => return Err(error),
            }
        }
        edits.subtitles = added;
        Ok((texts, failure))
    }

    /// Reads the text of an added file: from the package, if an earlier revision has written it, because its upload may be deleted.
    async fn read_file(&self, package: &Package, path: &str, file: &UploadedText) -> Result<WebVttFile, Error> {
        let at = Location::new(self.output_bucket, layout::output_key(&package.id, path));
        match self.store.read(&at, None, 0..MAX_SIDECAR_BYTES as u64).await {
            Ok(text) => WebVttFile::parse(&text).map_err(Error::of_media),
            Err(StoreError::Missing { .. }) => {
                let UploadedText { location, etag, bytes, .. } = file;
                let read = read_subtitles(self.store, location, etag, *bytes).await?;
                let changed = || Error::permanent("source_changed", "the file is not the one that was ingested");
                Ok(read.ok_or_else(changed)?.webvtt)
            }
            Err(error) => Err(error.into_error("reading subtitles")),
        }
    }
}
