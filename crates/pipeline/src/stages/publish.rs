//! Publishes the latest revision of a package: writes its manifests, then the CDN forgets the old ones.
//!
//! No media is read or written. Nothing that an older manifest names is deleted, so a player that has loaded one goes on playing.
//!
//! The message names the package and no attempt, because it only says that the latest revision is to be published, whatever that
//! is. It may be delivered at any time and any number of times. A failed publication leaves the package as it is: it plays by the
//! manifests that are there.

use vpp_media::cmaf::{Layout, SegmentSizes};

use crate::domain::message::DashMessage;
use crate::domain::outcome::Outcome;
use crate::domain::package::Package;
use crate::domain::revision::PublicationFailure;
use crate::domain::state::State;
use crate::error::Error;
use crate::ports::{Catalog, EdgeCache, ObjectStore, Revisions};
use crate::stages::dash::Settings;
use crate::stages::edited::{EditedManifests, Published};
use crate::stages::read_plan::presentation;
use crate::stages::read_receipts::WrittenSegments;
use crate::stages::stage::{package, settle_revision};

/// Number of manifests that are written in parallel.
const MANIFESTS: usize = 4;

/// The use case and its ports.
#[derive(Debug)]
pub struct Publish<S, C, E> {
    /// Reads the plan and subtitle files, writes the manifests.
    pub store: S,
    /// Stores the package, its receipts and its revisions.
    pub catalog: C,
    /// The CDN's cache.
    pub edge_cache: E,
    /// Settings.
    pub settings: Settings,
}

impl<S, C, E> Publish<S, C, E>
where
    S: ObjectStore,
    C: Catalog + Revisions,
    E: EdgeCache,
{
    /// Handles one message.
    ///
    /// # Errors
    /// Transient errors, and a record that cannot be read.
    pub async fn handle(&self, message: &DashMessage) -> Result<Outcome, Error> {
        let Some(mut package) = package(&self.catalog, message.package(), message.attempt()).await? else {
            return Ok(Outcome::Nothing);
        };
        while can_be_published(&package) {
            let all_written = package.state.encrypted_at().is_some();
            let published = match self.write(&package, all_written).await {
                Err(Error::Permanent { code, message, .. }) => {
                    let failure = Some(PublicationFailure { code: code.to_owned(), message });
                    settle_revision(&self.catalog, &package, false, failure).await?;
                    return Ok(Outcome::Done);
                }
                published => published?,
            };
            let Published { package: Some(now), failure, .. } = published else { return Ok(Outcome::Nothing) };
            if now.state.encrypted_at().is_some() == all_written {
                let forgotten = self.edge_cache.forget_manifests(&now.id, now.attempt, now.revisions.latest).await;
                forgotten.map_err(Error::unavailable("invalidating manifests in the CDN's cache"))?;
                settle_revision(&self.catalog, &now, true, failure).await?;
                return Ok(Outcome::Done);
            }
            // All segments are written meanwhile: their sizes may differ from the planned ones.
            package = now;
        }
        Ok(Outcome::Nothing)
    }

    async fn write(&self, package: &Package, all_written: bool) -> Result<Published, Error> {
        let mut presentation = presentation(&self.store, &self.settings.work_bucket, package).await?;
        let sizes = if all_written {
            let written = WrittenSegments::read(&self.catalog, package, &presentation).await?;
            written.sizes.stated(&mut presentation)
        } else {
            SegmentSizes::planned(&presentation)
        };
        let manifests = EditedManifests {
            store: &self.store,
            catalog: &self.catalog,
            delivery_url: &self.settings.delivery_url,
            output_bucket: &self.settings.output_bucket,
            parallel: MANIFESTS,
        };
        manifests.write(package.clone(), &presentation, &sizes).await
    }
}

/// Returns whether a package has a revision and its manifests can be written. A package that has failed since can be retried, and
/// has its latest revision then.
fn can_be_published(package: &Package) -> bool {
    let is_there = !matches!(package.state, State::Deleting { .. }) && package.state.plan().is_some();
    // The byte ranges of single files are known when all segments are written.
    let is_known = package.options.layout == Layout::Segments || package.state.encrypted_at().is_some();
    is_there && is_known && package.revisions.latest > 0
}
