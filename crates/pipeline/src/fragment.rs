//! Plan a package: which samples make which segment, and which slices of the source hold them.
//!
//! Only the index is read again, at its known place. The plan and the init segments are written, no media is copied; then
//! the package is Fragmented, and one message per slice goes out.
//!
//! Planning is a function of the index and the options, so a repeated message makes the same plan again, finds every
//! object there, and sends the same slice messages: nothing has to be remembered between two runs.

use vpp_media::cmaf::{PlanFile, PlanOptions, PlanWriter, Planner, Presentation};
use vpp_media::isobmff::{Index, IndexReader};

use crate::error::Error;
use crate::layout;
use crate::message::{FragmentMessage, Message, Section, SliceMessage};
use crate::package::Package;
use crate::ports::{Catalog, Clock, Location, NewObject, ObjectStore, Queue};
use crate::source::read_index;
use crate::stage::{Outcome, package, settle};
use crate::state::{Stage, State, Step, Transition, Work};

/// Where plans and streams go, and how much of a source makes a slice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Bucket of plans.
    pub work_bucket: String,
    /// Bucket of streams.
    pub output_bucket: String,
    /// Bytes of source in a slice, about: slices are whole segments.
    pub slice_bytes: u64,
}

/// The use case and its ports.
#[derive(Debug)]
pub struct Fragment<S, C, Q, K> {
    /// Reads the source, writes the plan and the init segments.
    pub store: S,
    /// Remembers the package.
    pub catalog: C,
    /// The encrypt stage's queue.
    pub queue: Q,
    /// The time.
    pub clock: K,
    /// Settings.
    pub settings: Settings,
}

impl<S, C, Q, K> Fragment<S, C, Q, K>
where
    S: ObjectStore,
    C: Catalog,
    Q: Queue<SliceMessage>,
    K: Clock,
{
    /// Handles one message.
    ///
    /// # Errors
    /// Only transient ones: a permanent one makes the package Failed.
    pub async fn handle(&self, message: &FragmentMessage) -> Result<Outcome, Error> {
        let result = self.work(message).await;
        settle(result, Stage::Fragment, message.package(), &self.catalog, &self.clock).await
    }

    async fn work(&self, message: &FragmentMessage) -> Result<Outcome, Error> {
        let package = package(&self.catalog, message.package()).await?;
        match package.state {
            State::Queued | State::Fragmented(_) => {}
            State::Encrypted { .. } | State::Ready { .. } | State::Failed { .. } => return Ok(Outcome::Nothing),
        }
        let source = &package.source;
        let reader = IndexReader::at(source.bytes, source.index.clone());
        let read = read_index(&self.store, &source.location, &source.etag, reader).await;
        let (plan, presentation) = plan(&read.index?, &options(&package, self.settings.slice_bytes))?;

        let bytes_written = self.write_init_segments(&package, &presentation).await?;
        let plan_at = Location::new(&self.settings.work_bucket, layout::plan_key(&package.id));
        let object = NewObject::new(plan.bytes, layout::plan_headers());
        self.store.put_if_absent(&plan_at, object).await.map_err(|error| Error::of_store("writing the plan", error))?;

        let slices = presentation.slices;
        let work = Work { output: Some(plan_at.to_string()), bytes_read: read.bytes_read, bytes_written };
        let transition = Transition { at: self.clock.now(), step: Step::Fragmented { slices }, work };
        // A package that is past this step keeps its state; its slice messages are sent again all the same.
        self.catalog.advance(&package.id, &transition).await.map_err(Error::unavailable("writing Fragmented"))?;

        let messages: Vec<SliceMessage> = (0..)
            .zip(plan.sections)
            .map(|(slice, section)| SliceMessage::new(package.id.clone(), slice, Section::from(section)))
            .collect();
        self.queue.send_all(&messages).await.map_err(Error::unavailable("sending the slices"))?;
        Ok(Outcome::Done)
    }

    /// Writes every representation's init segment, and says how many bytes they have.
    async fn write_init_segments(&self, package: &Package, presentation: &Presentation) -> Result<u64, Error> {
        let mut written = 0;
        for (path, bytes) in presentation.init_segments() {
            written += bytes.len() as u64;
            let at = Location::new(&self.settings.output_bucket, layout::output_key(&package.id, &path));
            let object = NewObject::new(bytes.to_vec(), layout::output_headers(&path));
            let put = self.store.put_if_absent(&at, object).await;
            put.map_err(|error| Error::of_store("writing an init segment", error))?;
        }
        Ok(written)
    }
}

/// The engine's options for a package.
fn options(package: &Package, slice_bytes: u64) -> PlanOptions {
    PlanOptions {
        segment_duration: package.options.segment_duration,
        slice_bytes,
        protection: package.encryption.as_ref().map(|encryption| encryption.protection),
        audio_only: package.options.audio_only,
    }
}

/// Plans slice by slice, so that only the encoded plan stays in memory.
fn plan(index: &Index, options: &PlanOptions) -> Result<(PlanFile, Presentation), Error> {
    let movie = index.movie().map_err(Error::of_media)?;
    let mut planner = Planner::new(&movie, options).map_err(Error::of_media)?;
    let mut writer = PlanWriter::new();
    for slice in &mut planner {
        writer.push(&slice.map_err(Error::of_media)?);
    }
    let presentation = planner.finish().map_err(Error::of_media)?;
    Ok((writer.finish(&presentation), presentation))
}
