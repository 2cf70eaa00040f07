//! What callers may ask for: a package of a content, how far a package is, and what was ingested.
//!
//! A request is idempotent by its content-addressed id: asked for twice, it is one package. A caller's key exists in clear
//! only here and in the encrypt stage; what is stored is wrapped, and nothing that is answered contains it.

use std::time::Duration;

use vpp_media::cenc::{ContentKey, Drm, KeyId, Scheme};
use vpp_media::cmaf::{KeyParameters, Layout, ProtectedTracks, Protection};

use crate::domain::content::{Content, MediaInfo, Verdict};
use crate::domain::id::{ClientUploadId, ContentId, Inputs, PackageId};
use crate::domain::layout;
use crate::domain::message::{DashMessage, DeletionMessage, DeletionTarget, FragmentMessage};
use crate::domain::package::{Encryption, Options, Package, RequestedKeys, Treatment};
use crate::domain::state::{State, Status, Step, Transition, Work};
use crate::domain::subtitles::{Offer, Subtitles};
use crate::error::Error;
use crate::ports::{
    Catalog, Clock, ContentFilter, Created, Cursor, KeyError, KeyUse, KeyVault, Library, PackageFilter, Page, Queue,
    RequestRecords, WrappedKey,
};

/// Shortest and longest duration a caller may ask segments to be cut near, in seconds.
pub const SEGMENT_SECONDS: std::ops::RangeInclusive<u64> = 1..=60;

/// How long an idempotency key is remembered.
const KEYS_KEPT: Duration = Duration::from_hours(48);

/// A package, as a caller asks for it.
#[derive(Debug)]
pub struct PackageRequest {
    /// Of which contents.
    pub inputs: Inputs,
    /// Encrypted how, or clear.
    pub treatment: RequestedTreatment,
    /// Length to cut segments near, if not the platform's.
    pub segment_duration: Option<Duration>,
    /// Whether only the sound is packaged, and video not asked for.
    pub audio_only: bool,
    /// The DRM systems that manifests name.
    pub drm: Drm,
    /// How to lay segments out in files.
    pub layout: Layout,
    /// The subtitle files to put beside the movie.
    pub subtitles: Vec<(ContentId, Offer)>,
    /// What the caller calls the request, if it wants to be sure that another one is not taken for it.
    pub idempotency_key: Option<String>,
}

/// What a caller wants done to the media.
#[derive(Debug)]
pub enum RequestedTreatment {
    /// Nothing.
    Clear,
    /// Encryption.
    Encrypt {
        /// The protection scheme.
        scheme: Scheme,
        /// Which tracks.
        tracks: ProtectedTracks,
        /// The caller's keys; without them, the platform makes one.
        keys: Option<RequestedKeys>,
    },
}

/// Why a request is not granted. `Display` is for the caller.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// No such content.
    #[error("there is no content with this id")]
    UnknownContent,
    /// A content that is named as subtitles is none.
    #[error("a content named in `subtitles` is no subtitle file: upload a WebVTT file and name its id")]
    NotSubtitles,
    /// No such package.
    #[error("there is no package with this id")]
    UnknownPackage,
    /// The content cannot be packaged.
    #[error("this content was refused ({code}): {message}")]
    ContentRefused {
        /// The refusal's code.
        code: String,
        /// The refusal's message.
        message: String,
    },
    /// The package is being deleted.
    #[error("this package is being deleted: ask for it again in some minutes")]
    Deleting,
    /// No such upload.
    #[error("there is no upload with this id: it was given up, or is older than two days")]
    UnknownUpload,
    /// Parts of an upload have not arrived.
    #[error("{} of the upload have not arrived at their full length: {}", count(.missing), numbers(.missing))]
    UploadIncomplete {
        /// Their numbers.
        missing: Vec<u16>,
    },
    /// The parts of an upload were forgotten.
    #[error("the parts of this upload are gone: begin another")]
    UploadExpired,
    /// The idempotency key stands for another request.
    #[error("this idempotency key was used for another request: use another key, or repeat that request as it was")]
    KeyReused,
    /// Who provides keys gave none.
    #[error(transparent)]
    NoKey(KeyError),
    /// There is nothing to retry.
    #[error("this package is Ready: there is nothing to retry")]
    NothingToRetry,
    /// Something of the platform did not answer; asking again may help.
    #[error("the platform could not do this just now: try again")]
    Unavailable(#[source] Error),
}

/// Numbers that are named in a message.
const NAMED: usize = 20;

fn count(missing: &[u16]) -> String {
    let plural = if missing.len() == 1 { "part" } else { "parts" };
    format!("{} {plural}", missing.len())
}

fn numbers(missing: &[u16]) -> String {
    let named: Vec<String> = missing.iter().take(NAMED).map(ToString::to_string).collect();
    let more = if missing.len() > NAMED { " and more" } else { "" };
    format!("{}{more}", named.join(", "))
}

/// What the platform is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Start of every stream's URL, without a slash at its end.
    pub delivery_url: String,
    /// Length that segments are cut near, unless the caller says otherwise.
    pub segment_duration: Duration,
    /// Whether the CDN asks for leave.
    pub private: bool,
}

/// What remembers things for the API.
pub trait ApiCatalog: Catalog + Library + RequestRecords {}

impl<C: Catalog + Library + RequestRecords> ApiCatalog for C {}

/// What takes its messages.
pub trait ApiQueue: Queue<FragmentMessage> + Queue<DashMessage> + Queue<DeletionMessage> {}

impl<Q: Queue<FragmentMessage> + Queue<DashMessage> + Queue<DeletionMessage>> ApiQueue for Q {}

/// The use cases and their ports.
#[derive(Debug)]
pub struct Api<C, Q, V, K> {
    /// Remembers contents and packages.
    pub catalog: C,
    /// The fragment stage's queue.
    pub queue: Q,
    /// Wraps callers' keys.
    pub vault: V,
    /// The time.
    pub clock: K,
    /// Settings.
    pub settings: Settings,
}

impl<C, Q, V, K> Api<C, Q, V, K>
where
    C: ApiCatalog,
    Q: ApiQueue,
    V: KeyVault,
    K: Clock,
{
    /// Starts a package, or finds it started.
    ///
    /// # Errors
    /// When the content is unknown or refused, or the platform does not answer.
    pub async fn create_package(&self, request: PackageRequest) -> Result<Package, Denied> {
        let mut contents = Vec::new();
        for id in request.inputs.iter() {
            contents.push(self.content(id).await?);
        }
        // Beside one with video, a file of sound alone brings its sound.
        let sound_will_do = request.audio_only || contents.iter().any(|content| content.facts().is_some());
        let inputs = contents.iter().map(|content| {
            let facts = content.packageable(sound_will_do).map_err(|refusal| Denied::ContentRefused {
                code: refusal.code.clone(),
                message: refusal.message.clone(),
            })?;
            Ok((content, facts))
        });
        let inputs = inputs.collect::<Result<Vec<_>, Denied>>()?;
        let options = self.options(&request).await?;
        let id = match &request.treatment {
            RequestedTreatment::Encrypt { keys: Some(keys), .. } => {
                PackageId::of_request(&request.inputs, &options, keys)
            }
            RequestedTreatment::Clear | RequestedTreatment::Encrypt { keys: None, .. } => {
                PackageId::of_upload(&request.inputs, &options)
            }
        };
        if let Some(key) = &request.idempotency_key {
            self.claim(key, id.as_str()).await?;
        }
        let known = self.catalog.package(&id).await.map_err(unavailable("reading the package"))?;
        let package = match known {
            Some(package) => package,
            None => self.create(id, &inputs, options, &request).await?,
        };
        match package.status() {
            Status::Queued => self.set_to_work(&package).await?,
            Status::Deleting => return Err(Denied::Deleting),
            Status::Fragmented | Status::Encrypted | Status::Ready | Status::Failed => {}
        }
        Ok(package)
    }

    /// Puts a package that failed back to work, from where it stood: what was made of it is kept. One that is at work is sent on
    /// its way again, so that a retry which stopped half-way can be repeated.
    ///
    /// # Errors
    /// When there is none, it is Ready, or the platform does not answer.
    pub async fn retry(&self, id: &PackageId) -> Result<Package, Denied> {
        let mut package = self.package(id).await?;
        if let State::Failed { at, before, .. } = &package.state {
            let step = Step::Retried { failed_at: *at, to: before.status() };
            self.advance(&package, step, "writing the retry").await?;
            package = self.package(id).await?;
        }
        match package.status() {
            Status::Ready => Err(Denied::NothingToRetry),
            Status::Deleting => Err(Denied::Deleting),
            // It has failed again in the meantime: that is an answer too.
            Status::Failed => Ok(package),
            Status::Queued | Status::Fragmented | Status::Encrypted => {
                self.set_to_work(&package).await?;
                Ok(package)
            }
        }
    }

    /// Has a package deleted: all that was made of it, and then itself.
    ///
    /// # Errors
    /// When there is none, or the platform does not answer.
    pub async fn delete_package(&self, id: &PackageId) -> Result<Package, Denied> {
        let package = self.package(id).await?;
        self.advance(&package, Step::Deleting, "writing the tombstone").await?;
        let package = self.package(id).await?;
        let what = DeletionTarget::Package { packaged_content_id: package.id.clone(), attempt: package.attempt };
        self.queue.send_all(&[DeletionMessage::new(what)]).await.map_err(unavailable("starting the deletion"))?;
        Ok(package)
    }

    /// Has a content deleted, with its file. Packages that were made of it stay.
    ///
    /// # Errors
    /// When there is none, or the platform does not answer.
    pub async fn delete_content(&self, id: &ContentId) -> Result<Content, Denied> {
        let found = self.catalog.content(id).await.map_err(unavailable("reading the content"))?;
        let content = found.ok_or(Denied::UnknownContent)?;
        let at = self.clock.now();
        self.catalog.bury_content(id, at).await.map_err(unavailable("writing the tombstone"))?;
        let message = DeletionMessage::new(DeletionTarget::Content { input_content_id: id.clone() });
        self.queue.send_all(&[message]).await.map_err(unavailable("starting the deletion"))?;
        Ok(Content { deleted_at: content.deleted_at.or(Some(at)), ..content })
    }

    /// Takes a step, if the package is still where it starts from.
    async fn advance(&self, package: &Package, step: Step, what: &'static str) -> Result<(), Denied> {
        let transition = Transition { of: None, at: self.clock.now(), step, work: Work::default() };
        self.catalog.advance(&package.id, &transition).await.map(|_| ()).map_err(unavailable(what))
    }

    /// Sends a package to the stage that its state waits for. Fragment finds the work units that are made already.
    async fn set_to_work(&self, package: &Package) -> Result<(), Denied> {
        let (id, attempt) = (package.id.clone(), package.attempt);
        let sent = match package.status() {
            Status::Encrypted => self.queue.send_all(&[DashMessage::new(id).of(attempt)]).await,
            _ => self.queue.send_all(&[FragmentMessage::new(id).of(attempt)]).await,
        };
        sent.map_err(unavailable("starting the package"))
    }

    /// Lets an idempotency key stand for an answer: the id of what was asked for. Ids follow from requests, so the same request
    /// has the same; another one under the same key is refused.
    ///
    /// # Errors
    /// When it stands for another, or the platform does not answer.
    pub async fn claim(&self, key: &str, answer: &str) -> Result<(), Denied> {
        let key = ClientUploadId::of(&[b"idempotency", key.as_bytes()]);
        let forget_at = self.clock.now().after(KEYS_KEPT);
        let claimed = self.catalog.claim(key.as_str(), answer, forget_at).await;
        match claimed.map_err(unavailable("remembering the idempotency key"))? {
            Created::Before(other) if other != answer => Err(Denied::KeyReused),
            Created::Now | Created::Before(_) => Ok(()),
        }
    }

    /// The package of this id.
    ///
    /// # Errors
    /// When there is none, or the platform does not answer.
    pub async fn package(&self, id: &PackageId) -> Result<Package, Denied> {
        let found = self.catalog.package(id).await.map_err(unavailable("reading the package"))?;
        found.ok_or(Denied::UnknownPackage)
    }

    /// The content of this id.
    ///
    /// # Errors
    /// When there is none, or the platform does not answer.
    pub async fn content(&self, id: &ContentId) -> Result<Content, Denied> {
        let found = self.catalog.content(id).await.map_err(unavailable("reading the content"))?;
        found.filter(|content| !content.is_deleted()).ok_or(Denied::UnknownContent)
    }

    /// At most `limit` contents, newest first.
    ///
    /// # Errors
    /// When the platform does not answer.
    pub async fn contents(
        &self,
        filter: &ContentFilter,
        limit: u16,
        after: Option<&Cursor<ContentId>>,
    ) -> Result<Page<Content, ContentId>, Denied> {
        self.catalog.contents(filter, limit, after).await.map_err(unavailable("listing the contents"))
    }

    /// At most `limit` packages, newest first.
    ///
    /// # Errors
    /// When the platform does not answer.
    pub async fn packages(
        &self,
        filter: &PackageFilter,
        limit: u16,
        after: Option<&Cursor<PackageId>>,
    ) -> Result<Page<Package, PackageId>, Denied> {
        self.catalog.packages(filter, limit, after).await.map_err(unavailable("listing the packages"))
    }

    /// Where a player finds the package, or will find it.
    #[must_use]
    pub fn url(&self, package: &Package) -> String {
        match &package.state {
            State::Ready { url, .. } => url.clone(),
            _ => layout::manifest_url(&self.settings.delivery_url, &package.id),
        }
    }

    async fn options(&self, request: &PackageRequest) -> Result<Options, Denied> {
        let treatment = match request.treatment {
            RequestedTreatment::Clear => Treatment::Clear,
            RequestedTreatment::Encrypt { scheme, tracks, .. } => Treatment::Encrypt { scheme, tracks },
        };
        let segment_duration = request.segment_duration.unwrap_or(self.settings.segment_duration);
        let (audio_only, drm, layout) = (request.audio_only, request.drm.clone(), request.layout);
        let subtitles = self.subtitles(&request.subtitles).await?;
        Ok(Options { audio_only, drm, layout, subtitles, ..Options::new(treatment, segment_duration) })
    }

    async fn subtitles(&self, asked: &[(ContentId, Offer)]) -> Result<Vec<Subtitles>, Denied> {
        let mut subtitles = Vec::new();
        for (id, offer) in asked {
            let content = self.content(id).await?;
            if content.verdict != Verdict::Subtitles {
                return Err(Denied::NotSubtitles);
            }
            subtitles.push(Subtitles::of(&content, offer.clone()));
        }
        Ok(subtitles)
    }

    /// Writes a new package with its keys wrapped; finds the one that another request has written meanwhile.
    async fn create(
        &self,
        id: PackageId,
        inputs: &[(&Content, &MediaInfo)],
        mut options: Options,
        request: &PackageRequest,
    ) -> Result<Package, Denied> {
        let encryption = match &request.treatment {
            RequestedTreatment::Clear => None,
            RequestedTreatment::Encrypt { scheme, tracks, keys: None } => {
                let (scheme, tracks, audio_only) = (*scheme, *tracks, options.audio_only);
                let asked = KeyUse { package: &id, scheme, tracks, audio_only };
                let seed = request.inputs.canonical();
                let (encryption, drm) = Encryption::make(&self.vault, &asked, seed.as_bytes()).await.map_err(no_key)?;
                options.drm = options.drm.or(drm);
                Some(encryption)
            }
            RequestedTreatment::Encrypt { scheme, tracks, keys: Some(keys) } => {
                let seed = request.inputs.canonical();
                let parameters =
                    |(kid, key): &(KeyId, ContentKey)| KeyParameters::derive(*scheme, key, *kid, seed.as_bytes());
                let protection = Protection {
                    scheme: *scheme,
                    tracks: *tracks,
                    key: parameters(&keys.key),
                    audio_key: keys.audio_key.as_ref().map(parameters),
                };
                let key = self.wrap(&keys.key, &id).await?;
                let audio_key = match &keys.audio_key {
                    Some(audio_key) => Some(self.wrap(audio_key, &id).await?),
                    None => None,
                };
                Some(Encryption { protection, key, audio_key })
            }
        };
        let Some(((content, facts), further)) = inputs.split_first() else { return Err(Denied::UnknownContent) };
        let package = Package::queued(id, content, facts, options, encryption, self.clock.now());
        let package = further.iter().fold(package, |package, (content, facts)| package.and(content, facts));
        let created = self.catalog.create_package(&package).await.map_err(unavailable("writing the package"))?;
        Ok(match created {
            Created::Now => package,
            Created::Before(package) => package,
        })
    }

    async fn wrap(&self, (_, key): &(KeyId, ContentKey), package: &PackageId) -> Result<WrappedKey, Denied> {
        self.vault.wrap(key, package).await.map_err(unavailable("wrapping a content key"))
    }
}

/// What the caller is told when no key was made.
fn no_key(error: KeyError) -> Denied {
    match error {
        KeyError::Unavailable(source) => unavailable("making a content key")(source),
        KeyError::Provider { .. } => Denied::NoKey(error),
    }
}

/// What the caller is told when `operation` was not done.
pub(crate) fn unavailable(operation: &'static str) -> impl Fn(crate::ports::Unavailable) -> Denied {
    move |source| Denied::Unavailable(Error::unavailable(operation)(source))
}
