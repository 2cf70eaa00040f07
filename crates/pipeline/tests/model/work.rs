//! The messages, and the handler of each: the real use cases, nothing modelled.

use std::time::Duration;

use vpp_media::cenc::{Drm, Scheme};
use vpp_media::cmaf::{Layout, ProtectedTracks, UnsupportedTracks};
use vpp_pipeline::api::edits::{EditRequest, Editing, TrackChange};
use vpp_pipeline::api::package_request::{PackageRequest, RequestedProtection};
use vpp_pipeline::api::request_error::RequestError;
use vpp_pipeline::api::service::{self, Api};
use vpp_pipeline::domain::dead_letter::DeadLetter;
use vpp_pipeline::domain::id::{ContentId, PackageId};
use vpp_pipeline::domain::message::{DashMessage, DeletionMessage, FragmentMessage, WorkUnitMessage};
use vpp_pipeline::domain::package_options::ProtectionOptions;
use vpp_pipeline::domain::part_plan::MAX_WORK_UNIT_BYTES;
use vpp_pipeline::domain::state::{Stage, Status};
use vpp_pipeline::domain::uploaded_object::UploadedObject;
use vpp_pipeline::domain::when::When;
use vpp_pipeline::origin::{self, Origin, OutputFile};
use vpp_pipeline::ports::Queues;
use vpp_pipeline::stages::dash::{self, Dash};
use vpp_pipeline::stages::dead_letter::DeadLetters;
use vpp_pipeline::stages::delete::{self, Delete};
use vpp_pipeline::stages::encrypt::{self, Encrypt};
use vpp_pipeline::stages::fragment::{self, Fragment};
use vpp_pipeline::stages::ingest::{self, Ingest};
use vpp_pipeline::stages::publish::Publish;
use vpp_pipeline::testing::{DELETED_CONTENT, MemoryCatalog, MemoryEdgeCache, MemoryProbe, MemoryStore, MemoryVault};

use crate::broken_rules::{BrokenRule, DeferredStep};
use crate::ports::{FixedClock, ModelQueue, NoMeter, ObservedCalls, Outbox, Replayed};
use crate::replay::Replay;
use crate::world::playable_attempt;

/// Target duration of segments: that of a group of pictures of the movie.
const SEGMENT: Duration = Duration::from_secs(2);
/// The longest run time of a function.
pub(crate) const MAX_RUN_TIME: Duration = Duration::from_mins(5);
/// The protection of packages: every audio sample is encrypted, and the protected ranges of video samples.
const SCHEME: Scheme = Scheme::Cbcs;
const TRACKS: ProtectedTracks = ProtectedTracks::All;

/// A message or a request.
#[derive(Debug, Clone)]
pub(crate) enum Work {
    Upload(UploadedObject),
    Fragment(FragmentMessage),
    Encrypt(WorkUnitMessage),
    Dash(DashMessage),
    Delete(DeletionMessage),
    Dead(DeadLetter),
    Request(Request),
    /// A viewer requests a file from the origin.
    View(String),
}

/// A user's request, repeated until it is answered.
#[derive(Debug, Clone)]
pub(crate) enum Request {
    Package(ContentId),
    /// Makes the segments of a package ahead.
    Ahead(PackageId),
    Retry(PackageId),
    Deletion(PackageId),
    /// Gives the audio this label.
    Edit(PackageId, String),
}

macro_rules! is_work {
    ($($message:ident as $variant:ident),+) => {
        $(impl From<$message> for Work {
            fn from(message: $message) -> Self {
                Self::$variant(message)
            }
        })+
    };
}

is_work!(FragmentMessage as Fragment, WorkUnitMessage as Encrypt, DashMessage as Dash, DeletionMessage as Delete);

impl Work {
    /// Returns the dead letter that it becomes when its retries are exhausted. Requests and deletions are retried without a
    /// limit here.
    pub(crate) fn dead_letter(&self) -> Option<Self> {
        let letter = |id: &PackageId, stage, attempt| DeadLetter::Package { id: id.clone(), stage, attempt };
        Some(Self::Dead(match self {
            Self::Upload(upload) => DeadLetter::Upload(upload.clone()),
            Self::Fragment(message) => letter(message.package(), Stage::Fragment, message.attempt()),
            Self::Encrypt(message) => letter(message.package(), Stage::Encrypt, message.attempt()),
            Self::Dash(message) if message.is_edit() => DeadLetter::Edit(message.package().clone()),
            Self::Dash(message) => letter(message.package(), Stage::Dash, message.attempt()),
            Self::Delete(_) | Self::Dead(_) | Self::Request(_) | Self::View(_) => return None,
        }))
    }

    /// Returns the status that the work leads to, for a stage.
    fn leads_to(&self) -> Option<Status> {
        match self {
            Self::Fragment(_) => Some(Status::Fragmented),
            Self::Encrypt(_) => Some(Status::Encrypted),
            Self::Dash(message) if !message.is_edit() => Some(Status::Ready),
            _ => None,
        }
    }
}

/// The message must be delivered again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Redeliver;

/// The ports of a handler.
#[derive(Debug)]
pub(crate) struct Ports {
    pub(crate) store: MemoryStore,
    pub(crate) catalog: MemoryCatalog,
    pub(crate) vault: MemoryVault,
    pub(crate) edge_cache: MemoryEdgeCache,
    pub(crate) outbox: Outbox,
    pub(crate) replay: Replay,
    pub(crate) started: u64,
    /// The attempt of the package when a viewer's request arrived, if the package was playable.
    pub(crate) playable: Option<u64>,
    pub(crate) broken: BrokenRule,
    pub(crate) layout: Layout,
    pub(crate) part_bytes: u64,
    pub(crate) observed: ObservedCalls,
    pub(crate) package_on_upload: bool,
    pub(crate) when: When,
}

impl Ports {
    fn replayed<P: Clone>(&self, port: &P, work: &Work) -> Replayed<P> {
        Replayed {
            port: port.clone(),
            replay: self.replay.clone(),
            broken: self.broken,
            leads_to: work.leads_to(),
            deferred: DeferredStep::default(),
            observed: self.observed,
        }
    }

    /// Runs the handler of `work`.
    pub(crate) async fn handle(&self, work: &Work) -> Result<(), Redeliver> {
        let (store, catalog) = (self.replayed(&self.store, work), self.replayed(&self.catalog, work));
        let vault = self.replayed(&self.vault, work);
        let queue = ModelQueue { outbox: self.outbox.clone(), catalog: catalog.clone() };
        let (clock, meter) = (FixedClock(self.started), NoMeter);
        let (work_bucket, output_bucket) = ("work".to_owned(), "output".to_owned());
        let handled = match work {
            Work::Upload(upload) => {
                let probe = self.replayed(&MemoryProbe::default(), work);
                let protection = ProtectionOptions::Encrypt { scheme: SCHEME, tracks: TRACKS };
                let package_on_upload = self.package_on_upload.then_some(protection);
                let settings = ingest::Settings { package_on_upload, segment_duration: SEGMENT, when: self.when };
                let stage = Ingest { store, catalog, queue, vault, probe, clock, meter, settings };
                stage.handle(upload).await.map(drop)
            }
            Work::Fragment(message) => {
                // The smallest work unit: one segment of each track.
                let (work_unit_bytes, max_work_unit_bytes, part_bytes) = (1, MAX_WORK_UNIT_BYTES, self.part_bytes);
                let settings = fragment::Settings {
                    work_bucket,
                    output_bucket,
                    delivery_url: "https://cdn.example".to_owned(),
                    work_unit_bytes,
                    max_work_unit_bytes,
                    part_bytes,
                };
                Fragment { store, catalog, queue, clock, meter, settings }.handle(message).await.map(drop)
            }
            Work::Encrypt(message) => {
                let settings = encrypt::Settings { work_bucket, output_bucket };
                Encrypt { store, catalog, queue, vault, clock, meter, settings }.handle(message).await.map(drop)
            }
            Work::Dash(message) => {
                let delivery_url = "https://cdn.example".to_owned();
                let settings = dash::Settings { work_bucket, output_bucket, delivery_url };
                if message.is_edit() {
                    let edge_cache = self.replayed(&self.edge_cache, work);
                    Publish { store, catalog, edge_cache, settings }.handle(message).await.map(drop)
                } else {
                    Dash { store, catalog, clock, meter, settings }.handle(message).await.map(drop)
                }
            }
            Work::Delete(message) => {
                let waits = self.broken != BrokenRule::DeletionDoesNotWait;
                let max_run_time = if waits { MAX_RUN_TIME } else { Duration::ZERO };
                let settings = delete::Settings { work_bucket, output_bucket, max_run_time };
                let edge_cache = self.replayed(&self.edge_cache, work);
                Delete { store, catalog, queue, edge_cache, clock, settings }.handle(message).await.map(drop)
            }
            Work::Dead(letter) => DeadLetters { catalog, clock }.handle(letter).await.map(drop),
            Work::View(path) => {
                let settings = origin::Settings { work_bucket, output_bucket };
                let served = Origin::new(store, catalog, vault, clock, settings).handle(path).await;
                match served {
                    Ok(served) => self.check_served(path, served),
                    Err(error) => {
                        let answer = if error.is_transient() { "503" } else { "404" };
                        assert!(answer == "404" || self.replay.has_failed(), "{path} is answered with 503: {error}");
                    }
                }
                // A viewer may repeat a request that failed, which is another request.
                return Ok(());
            }
            Work::Request(request) => {
                let queue = Queues { fragment: queue.clone(), dash: queue.clone(), deletion: queue };
                let delivery_url = "https://cdn.example".to_owned();
                let settings = service::Settings {
                    delivery_url,
                    segment_duration: SEGMENT,
                    private: false,
                    deleted_content: DELETED_CONTENT,
                };
                if let Request::Edit(id, label) = request {
                    let queue = queue.dash;
                    return edit(id, label, &Editing { store, catalog, queue, clock, work_bucket }).await;
                }
                return self.answer(request, Api { catalog, queue, vault, clock, settings }).await;
            }
        };
        handled.map_err(|error| {
            assert!(error.is_transient(), "a handler settles permanent errors: {error}");
            Redeliver
        })
    }

    /// Checks that a viewer is served what is stored, unless a deletion was faster; and that a viewer is served if the package was
    /// playable all the time.
    fn check_served(&self, path: &str, served: Option<OutputFile>) {
        let now = self.catalog.all_packages().first().and_then(playable_attempt);
        let always = self.playable.is_some() && self.playable == now;
        assert!(served.is_some() || !always, "{path} is absent although the package is playable");
        let stored = self.store.bucket("output").remove(path);
        if let Some((served, stored)) = served.zip(stored) {
            assert!(served.body.to_vec() == stored.bytes, "{path} is served as it is stored");
        }
    }

    async fn answer(
        &self,
        request: &Request,
        api: Api<
            Replayed<MemoryCatalog>,
            Queues<ModelQueue, ModelQueue, ModelQueue>,
            Replayed<MemoryVault>,
            FixedClock,
        >,
    ) -> Result<(), Redeliver> {
        let answer = match request {
            Request::Retry(id) => api.retry(id).await,
            Request::Ahead(id) => api.package_ahead(id).await,
            Request::Deletion(id) => api.delete_package(id).await,
            Request::Edit(..) => return Ok(()),
            Request::Package(content) => {
                api.create_package(PackageRequest {
                    inputs: content.clone().into(),
                    protection: RequestedProtection::Encrypt { scheme: SCHEME, tracks: TRACKS, keys: None },
                    segment_duration: None,
                    audio_only: false,
                    unsupported: UnsupportedTracks::Refuse,
                    drm: Drm::default(),
                    layout: self.layout,
                    subtitles: Vec::new(),
                    when: self.when,
                    retention: None,
                    idempotency_key: None,
                })
                .await
            }
        };
        match answer {
            Err(RequestError::Unavailable(_)) => Err(Redeliver),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

/// Gives the audio a label.
async fn edit(
    id: &PackageId,
    label: &str,
    editing: &Editing<Replayed<MemoryStore>, Replayed<MemoryCatalog>, ModelQueue, FixedClock>,
) -> Result<(), Redeliver> {
    let change = TrackChange { label: Some(label.to_owned()), ..TrackChange::default() };
    let tracks = vec![("a1".parse().expect("an id"), Some(change))];
    match editing.edit(id, None, &EditRequest { tracks, ..EditRequest::default() }).await {
        Err(RequestError::Unavailable(_)) => Err(Redeliver),
        Ok(_) | Err(_) => Ok(()),
    }
}
