//! The whole pipeline over in-memory ports.

use std::fmt::Debug;
use std::time::Duration;

use vpp_media::cenc::Scheme;
use vpp_media::cmaf::ProtectedTracks;

use super::catalog::MemoryCatalog;
use super::clock::TickingClock;
use super::edge_cache::MemoryEdgeCache;
use super::faults::{Faults, Faulty};
use super::key_vault::MemoryVault;
use super::object_store::MemoryStore;
use super::probe::MemoryProbe;
use super::queue::MemoryQueue;
use super::token_signer::MemorySigner;
use crate::api::client_uploads::ClientUploads;
use crate::api::edits::Editing;
use crate::api::licences::{self, Licences, PlaybackTokens};
use crate::api::service::{self, Api};
use crate::api::signed_path::PathSigningSecret;
use crate::domain::ingest_message::IngestMessage;
use crate::domain::message::{DashMessage, DeletionMessage, FragmentMessage, WorkUnitMessage};
use crate::domain::object::Location;
use crate::domain::package_options::ProtectionOptions;
use crate::domain::part_plan::MAX_WORK_UNIT_BYTES;
use crate::domain::uploaded_object::UploadedObject;
use crate::domain::when::When;
use crate::error::Error;
use crate::origin::{self, Origin};
use crate::ports::Queues;
use crate::stages::dash::{self, Dash};
use crate::stages::delete::{self, Delete};
use crate::stages::encrypt::{self, Encrypt};
use crate::stages::fragment::{self, Fragment};
use crate::stages::ingest::{self, Ingest, Ingested};
use crate::stages::publish::Publish;

type Store = Faulty<MemoryStore>;
type Contents = Faulty<MemoryCatalog>;
type Outbox<M> = Faulty<MemoryQueue<M>>;
type Vault = Faulty<MemoryVault>;

/// The ingest stage in memory.
pub type IngestStage =
    Ingest<Store, Contents, Outbox<FragmentMessage>, Vault, Faulty<MemoryProbe>, TickingClock, MemoryStore>;
/// The fragment stage in memory.
pub type FragmentStage = Fragment<Store, Contents, Outbox<WorkUnitMessage>, TickingClock, MemoryStore>;
/// The encrypt stage in memory.
pub type EncryptStage = Encrypt<Store, Contents, Outbox<DashMessage>, Vault, TickingClock, MemoryStore>;
/// The origin in memory.
pub type MemoryOrigin = Origin<Store, Contents, Vault, TickingClock>;
/// The dash stage in memory.
pub type DashStage = Dash<Store, Contents, TickingClock, MemoryStore>;
/// The deletion in memory.
pub type DeleteStage = Delete<Store, Contents, Outbox<DeletionMessage>, Faulty<MemoryEdgeCache>, TickingClock>;
/// The publication of revisions in memory.
pub type PublishStage = Publish<Store, Contents, Faulty<MemoryEdgeCache>>;
/// Edits in memory.
pub type MemoryEditing = Editing<Store, Contents, Outbox<DashMessage>, TickingClock>;
/// Client uploads in memory.
pub type MemoryClientUploads = ClientUploads<Store, Contents, Outbox<IngestMessage>, TickingClock>;
/// The queues of the API in memory.
pub type MemoryQueues = Queues<Outbox<FragmentMessage>, Outbox<DashMessage>, Outbox<DeletionMessage>>;
/// The API in memory.
pub type MemoryApi = Api<Contents, MemoryQueues, Vault, TickingClock>;
/// Playback tokens in memory.
pub type MemoryTokens = PlaybackTokens<Contents, MemorySigner, TickingClock>;
/// The licence server in memory.
pub type MemoryLicences = Licences<Contents, Vault, MemorySigner, TickingClock>;

/// Number of deliveries after which a message counts as dead-lettered.
const MAX_DELIVERIES: usize = 8;

/// The longest run time of a function.
pub const MAX_RUN_TIME: Duration = Duration::from_mins(5);

/// How long the record of a deleted content is kept.
pub const DELETED_CONTENT: Duration = Duration::from_hours(35 * 24);

/// Minimum part size in bytes, small enough that a small file has several parts.
const PART_BYTES: u64 = 96 * 1024;

/// How queues deliver messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Once each, in the order sent.
    InOrder,
    /// Twice each, the newest first.
    TwiceInReverse,
}

/// The pipeline and its ports.
#[derive(Debug)]
pub struct Platform {
    /// All three buckets: `uploads`, `work`, `output`.
    pub store: MemoryStore,
    /// The catalog.
    pub catalog: MemoryCatalog,
    /// The ingest stage's queue.
    pub ingest_queue: MemoryQueue<IngestMessage>,
    /// The fragment stage's queue.
    pub fragment_queue: MemoryQueue<FragmentMessage>,
    /// The encrypt stage's queue.
    pub encrypt_queue: MemoryQueue<WorkUnitMessage>,
    /// The dash stage's queue.
    pub dash_queue: MemoryQueue<DashMessage>,
    /// The deletion queue.
    pub deletion_queue: MemoryQueue<DeletionMessage>,
    /// The CDN's cache.
    pub edge_cache: MemoryEdgeCache,
    /// The key vault.
    pub vault: MemoryVault,
    /// The probe.
    pub probe: MemoryProbe,
    /// The clock.
    pub clock: TickingClock,
    /// The injected fault.
    pub faults: Faults,
    /// Protection of the package that an upload starts; `None` to start none.
    pub package_on_upload: Option<ProtectionOptions>,
    /// When the segments of that package are made.
    pub when: When,
    /// Signs paths, if the CDN requires signed paths.
    pub path_signing_secret: Option<PathSigningSecret>,
    /// How the queues deliver messages.
    pub delivery: Delivery,
    /// Source bytes of a work unit.
    pub work_unit_bytes: u64,
    /// Minimum size of every part except the last, in bytes.
    pub part_bytes: u64,
}

impl Default for Platform {
    /// Starts a `cbcs` package for every upload, with work units small enough that a small file has several.
    fn default() -> Self {
        let protection = ProtectionOptions::Encrypt { scheme: Scheme::Cbcs, tracks: ProtectedTracks::Video };
        Self {
            store: MemoryStore::with_min_part_bytes(PART_BYTES),
            catalog: MemoryCatalog::default(),
            ingest_queue: MemoryQueue::default(),
            fragment_queue: MemoryQueue::default(),
            encrypt_queue: MemoryQueue::default(),
            dash_queue: MemoryQueue::default(),
            deletion_queue: MemoryQueue::default(),
            edge_cache: MemoryEdgeCache::default(),
            vault: MemoryVault::default(),
            probe: MemoryProbe::default(),
            clock: TickingClock::default(),
            faults: Faults::default(),
            package_on_upload: Some(protection),
            when: When::default(),
            path_signing_secret: None,
            delivery: Delivery::InOrder,
            work_unit_bytes: 512 * 1024,
            part_bytes: PART_BYTES,
        }
    }
}

impl Platform {
    /// Uploads a file and returns its event.
    #[must_use]
    pub fn upload(&self, key: &str, bytes: &[u8]) -> UploadedObject {
        let location = Location::new("uploads", key);
        let etag = self.store.upload(&location, bytes);
        UploadedObject { location, etag, version_id: None, bytes: bytes.len() as u64 }
    }

    /// Delivers an upload's event until ingest succeeds.
    ///
    /// # Errors
    /// The last error, when every delivery fails.
    pub async fn ingest(&self, upload: &UploadedObject) -> Result<Ingested, Error> {
        let ingest = self.ingest_stage();
        let mut result = ingest.handle(upload).await;
        for _ in 1..MAX_DELIVERIES {
            if result.is_ok() {
                break;
            }
            result = ingest.handle(upload).await;
        }
        result
    }

    /// Delivers messages until all queues are empty, and returns the errors of dead-lettered messages. The clock advances while
    /// there is a deletion.
    pub async fn run(&self) -> Vec<Error> {
        let (fragment, encrypt, dash) = (self.fragment_stage(), self.encrypt_stage(), self.dash_stage());
        let (ingest, delete) = (self.ingest_stage(), self.delete_stage());
        let publish = self.publish_stage();
        let mut dead = Vec::new();
        loop {
            let ingested = self
                .drain(&self.ingest_queue, &mut dead, async |message: &IngestMessage| {
                    ingest.handle(&message.clone().into_object()).await
                })
                .await;
            let planned =
                self.drain(&self.fragment_queue, &mut dead, async |message| fragment.handle(message).await).await;
            let encrypted =
                self.drain(&self.encrypt_queue, &mut dead, async |message| encrypt.handle(message).await).await;
            let written = self
                .drain(&self.dash_queue, &mut dead, async |message| {
                    if message.is_edit() { publish.handle(message).await } else { dash.handle(message).await }
                })
                .await;
            let deleted =
                self.drain(&self.deletion_queue, &mut dead, async |message| delete.handle(message).await).await;
            if ingested + planned + encrypted + written + deleted == 0 {
                return dead;
            }
            self.clock.pass(if deleted > 0 { MAX_RUN_TIME / 2 } else { Duration::ZERO });
        }
    }

    /// Delivers the messages of one queue, each until it succeeds or its deliveries are exhausted.
    async fn drain<M: Debug + Clone, T>(
        &self,
        queue: &MemoryQueue<M>,
        dead: &mut Vec<Error>,
        handle: impl AsyncFn(&M) -> Result<T, Error>,
    ) -> usize {
        let mut messages = queue.take();
        let count = messages.len();
        if self.delivery == Delivery::TwiceInReverse {
            messages.reverse();
            messages = messages.iter().chain(&messages).cloned().collect();
        }
        for message in messages {
            let mut deliveries = 0;
            while let Err(error) = handle(&message).await {
                deliveries += 1;
                if deliveries == MAX_DELIVERIES {
                    dead.push(error);
                    break;
                }
            }
        }
        count
    }

    fn faulty<P: Clone>(&self, port: &P) -> Faulty<P> {
        Faulty::new(port.clone(), self.faults.clone())
    }

    /// Returns the ingest stage.
    #[must_use]
    pub fn ingest_stage(&self) -> IngestStage {
        Ingest {
            store: self.faulty(&self.store),
            catalog: self.faulty(&self.catalog),
            queue: self.faulty(&self.fragment_queue),
            vault: self.faulty(&self.vault),
            probe: self.faulty(&self.probe),
            clock: self.clock.clone(),
            meter: self.store.clone(),
            settings: ingest::Settings {
                package_on_upload: self.package_on_upload,
                when: self.when,
                segment_duration: Duration::from_secs(6),
            },
        }
    }

    /// Returns the fragment stage.
    #[must_use]
    pub fn fragment_stage(&self) -> FragmentStage {
        Fragment {
            store: self.faulty(&self.store),
            catalog: self.faulty(&self.catalog),
            queue: self.faulty(&self.encrypt_queue),
            clock: self.clock.clone(),
            meter: self.store.clone(),
            settings: fragment::Settings {
                work_bucket: "work".to_owned(),
                output_bucket: "output".to_owned(),
                delivery_url: "https://cdn.example".to_owned(),
                work_unit_bytes: self.work_unit_bytes,
                max_work_unit_bytes: MAX_WORK_UNIT_BYTES,
                part_bytes: self.part_bytes,
            },
        }
    }

    /// Returns an origin without plans in memory.
    #[must_use]
    pub fn origin(&self) -> MemoryOrigin {
        let settings = origin::Settings { work_bucket: "work".to_owned(), output_bucket: "output".to_owned() };
        let (store, catalog) = (self.faulty(&self.store), self.faulty(&self.catalog));
        Origin::new(store, catalog, self.faulty(&self.vault), self.clock.clone(), settings)
    }

    /// Returns the encrypt stage.
    #[must_use]
    pub fn encrypt_stage(&self) -> EncryptStage {
        Encrypt {
            store: self.faulty(&self.store),
            catalog: self.faulty(&self.catalog),
            queue: self.faulty(&self.dash_queue),
            vault: self.faulty(&self.vault),
            clock: self.clock.clone(),
            meter: self.store.clone(),
            settings: encrypt::Settings { work_bucket: "work".to_owned(), output_bucket: "output".to_owned() },
        }
    }

    /// Returns the dash stage.
    #[must_use]
    pub fn dash_stage(&self) -> DashStage {
        Dash {
            store: self.faulty(&self.store),
            catalog: self.faulty(&self.catalog),
            clock: self.clock.clone(),
            meter: self.store.clone(),
            settings: dash::Settings {
                work_bucket: "work".to_owned(),
                output_bucket: "output".to_owned(),
                delivery_url: "https://cdn.example".to_owned(),
            },
        }
    }

    /// Returns the publication of revisions.
    #[must_use]
    pub fn publish_stage(&self) -> PublishStage {
        Publish {
            store: self.faulty(&self.store),
            catalog: self.faulty(&self.catalog),
            edge_cache: self.faulty(&self.edge_cache),
            settings: self.dash_stage().settings,
        }
    }

    /// Returns the use case of edits.
    #[must_use]
    pub fn editing(&self) -> MemoryEditing {
        Editing {
            store: self.faulty(&self.store),
            catalog: self.faulty(&self.catalog),
            queue: self.faulty(&self.dash_queue),
            clock: self.clock.clone(),
            work_bucket: "work".to_owned(),
        }
    }

    /// Returns the deletion.
    #[must_use]
    pub fn delete_stage(&self) -> DeleteStage {
        Delete {
            store: self.faulty(&self.store),
            catalog: self.faulty(&self.catalog),
            queue: self.faulty(&self.deletion_queue),
            edge_cache: self.faulty(&self.edge_cache),
            clock: self.clock.clone(),
            settings: delete::Settings {
                work_bucket: "work".to_owned(),
                output_bucket: "output".to_owned(),
                max_run_time: MAX_RUN_TIME,
            },
        }
    }

    /// Returns the use case of client uploads.
    #[must_use]
    pub fn uploads(&self) -> MemoryClientUploads {
        ClientUploads {
            store: self.faulty(&self.store),
            records: self.faulty(&self.catalog),
            queue: self.faulty(&self.ingest_queue),
            clock: self.clock.clone(),
            bucket: "uploads".to_owned(),
        }
    }

    /// Returns the use case of playback tokens.
    #[must_use]
    pub fn tokens(&self) -> MemoryTokens {
        PlaybackTokens {
            catalog: self.faulty(&self.catalog),
            signer: MemorySigner,
            clock: self.clock.clone(),
            settings: licences::Settings {
                lifetime: Duration::from_hours(1),
                delivery_url: "https://cdn.example".to_owned(),
                path_signing_secret: self.path_signing_secret.clone(),
            },
        }
    }

    /// Returns the licence server.
    #[must_use]
    pub fn licences(&self) -> MemoryLicences {
        Licences {
            catalog: self.faulty(&self.catalog),
            vault: self.faulty(&self.vault),
            signer: MemorySigner,
            clock: self.clock.clone(),
        }
    }

    /// Returns the API.
    #[must_use]
    pub fn api(&self) -> MemoryApi {
        Api {
            catalog: self.faulty(&self.catalog),
            queue: Queues {
                fragment: self.faulty(&self.fragment_queue),
                dash: self.faulty(&self.dash_queue),
                deletion: self.faulty(&self.deletion_queue),
            },
            vault: self.faulty(&self.vault),
            clock: self.clock.clone(),
            settings: service::Settings {
                delivery_url: "https://cdn.example".to_owned(),
                segment_duration: Duration::from_secs(6),
                private: self.path_signing_secret.is_some(),
                deleted_content: DELETED_CONTENT,
            },
        }
    }
}
