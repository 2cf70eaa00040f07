//! Writes the manifests and makes the package Ready.
//!
//! In the single-file layout, the files are completed first: see `complete_files`.
//!
//! The manifests state the sizes that were written, which the receipts contain. Those that the fragment stage has written stay if
//! the planned sizes were right: see [`SegmentSizes`](vpp_media::cmaf::SegmentSizes). The MPD is written last: when a player fetches it, every object
//! that it refers to exists.

use crate::domain::layout;
use crate::domain::message::DashMessage;
use crate::domain::object::Location;
use crate::domain::outcome::Outcome;
use crate::domain::state::{Stage, StageWork, State, Step, Transition};
use crate::error::Error;
use crate::ports::{Catalog, Clock, Meter, ObjectStore, Revisions};
use crate::stages::complete_files::FileCompletion;
use crate::stages::edited::EditedManifests;
use crate::stages::read_plan::presentation;
use crate::stages::read_receipts::WrittenSegments;
use crate::stages::stage::{package, settle};

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
    C: Catalog + Revisions,
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
        let Settings { work_bucket, output_bucket, delivery_url } = &self.settings;
        let (store, catalog, package) = (&self.store, &self.catalog, &package);
        let completion = FileCompletion { store, catalog, package, work_bucket, output_bucket };
        let mut bytes_written = completion.complete(&presentation, &sizes, files).await?;
        let is_as_planned = sizes.are_as_planned(&presentation);
        let stated = sizes.stated(&mut presentation);
        if !is_as_planned {
            let manifests = EditedManifests { store, catalog, delivery_url, output_bucket, parallel: 1 };
            bytes_written += manifests.write(package.clone(), &presentation, &stated).await?.bytes_written;
        }
        let output = Location::new(output_bucket, layout::output_key(&package.id, layout::MANIFEST));
        let output = Some(output.to_string());

        let usage = vec![(Stage::Encrypt, work_units), (Stage::Dash, self.meter.reading().since(&before))];
        let work = StageWork { output, bytes_read: 0, bytes_written, usage, nothing_encrypted };
        let transition = Transition { attempt: Some(package.attempt), at: self.clock.now(), step: Step::Ready, work };
        self.catalog.advance(&package.id, &transition).await.map_err(Error::unavailable("writing Ready"))?;
        Ok(Outcome::Done)
    }
}
