//! Edits of packages: they commit a revision, and request its publication.
//!
//! An edit states only what it changes. It applies to the latest revision, or to the one that the caller names: then it is refused
//! if another edit was faster. Without a named revision, two concurrent edits apply one after the other.
//!
//! The edit is checked against the plan, which is all that is read. The revision is committed before its publication is requested.
//! If the second does not happen, the revision is there and unpublished; the next edit publishes the latest one, and so does an
//! edit that changes nothing, which commits no revision.

use futures_util::{StreamExt, TryStreamExt, stream};
use vpp_media::cmaf::{Presentation, RepresentationId};
use vpp_media::edits::{AddedSubtitles, Rendition, TrackEdit, next_subtitles};
use vpp_media::track::{ChapterList, Role, TrackKind};

use crate::api::lookups;
use crate::api::request_error::{RequestError, unavailable};
use crate::domain::id::{ContentId, PackageId};
use crate::domain::message::DashMessage;
use crate::domain::package::Package;
use crate::domain::revision::{MAX_REVISIONS, Revision, RevisionTag, UploadedText};
use crate::domain::state::State;
use crate::domain::subtitles::{SubtitleDescription, SubtitleFile};
use crate::error::Error;
use crate::ports::{Catalog, Clock, Commit, ObjectStore, Queue, Revisions};
use crate::stages::read_plan::presentation;

/// Maximum number of subtitle files that a revision adds.
pub const MAX_ADDED: usize = 64;
/// How often an edit is applied to a newer revision when others are committed at the same time.
const ATTEMPTS: usize = 8;
/// Number of revisions that are read in parallel.
const READS: usize = 10;

/// What an edit changes. A field that is `None` or empty changes nothing; `Some(None)` restores what the plan states.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EditRequest {
    /// The descriptions of tracks.
    pub tracks: Vec<(RepresentationId, Option<TrackChange>)>,
    /// The default audio track.
    pub default_audio: Option<Option<RepresentationId>>,
    /// Subtitle files to add.
    pub add_subtitles: Vec<(ContentId, SubtitleDescription)>,
    /// Text tracks and subtitle files to remove.
    pub remove_subtitles: Vec<RepresentationId>,
    /// The chapters.
    pub chapters: Option<Option<ChapterList>>,
    /// Whether manifests name the licence server.
    pub licence: Option<bool>,
}

/// The changes of a track's description.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrackChange {
    /// BCP 47 language.
    pub language: Option<String>,
    /// A name for viewers.
    pub label: Option<String>,
    /// Its roles.
    pub roles: Option<Vec<Role>>,
}

/// A change of the latest revision.
enum Change<'r> {
    /// A request, and the subtitle files that it adds.
    Request(&'r EditRequest, Vec<SubtitleFile>),
    /// A revision is brought back.
    Restore(u32),
}

/// The use case and its ports.
#[derive(Debug)]
pub struct Editing<S, C, Q, K> {
    /// Reads plans.
    pub store: S,
    /// Stores packages, contents and revisions.
    pub catalog: C,
    /// The queue of the dash stage.
    pub queue: Q,
    /// The clock.
    pub clock: K,
    /// Bucket of plans.
    pub work_bucket: String,
}

impl<S, C, Q, K> Editing<S, C, Q, K>
where
    S: ObjectStore,
    C: Catalog + Revisions,
    Q: Queue<DashMessage>,
    K: Clock,
{
    /// Edits a package. `expected` is the revision that the caller has seen. Returns the package and its latest revision, which is
    /// a new one unless the edit changes nothing.
    ///
    /// # Errors
    /// When the package does not exist or is not playable, its latest revision is not `expected`, a track does not exist, a
    /// content is no subtitle file, or the platform is unavailable.
    pub async fn edit(
        &self,
        id: &PackageId,
        expected: Option<RevisionTag>,
        request: &EditRequest,
    ) -> Result<(Package, Revision), RequestError> {
        let files = lookups::subtitles(&self.catalog, &request.add_subtitles).await?;
        self.commit(id, expected, &Change::Request(request, files)).await
    }

    /// Brings a revision of a package back, as a new revision; 0 is the plan.
    ///
    /// # Errors
    /// As [`edit`](Self::edit), and when there is no such revision.
    pub async fn restore(
        &self,
        id: &PackageId,
        expected: Option<RevisionTag>,
        number: u32,
    ) -> Result<(Package, Revision), RequestError> {
        self.commit(id, expected, &Change::Restore(number)).await
    }

    /// Returns a revision of a package; 0 is the plan.
    ///
    /// # Errors
    /// When there is no such package or revision, or the platform is unavailable.
    pub async fn revision(&self, id: &PackageId, number: u32) -> Result<(Package, Revision), RequestError> {
        let package = lookups::package(&self.catalog, id).await?;
        let revision = self.stored(&package, number).await?;
        Ok((package, revision))
    }

    /// Returns what viewers can select in a revision of a package.
    ///
    /// # Errors
    /// When the package has no plan yet, or the platform is unavailable.
    pub async fn renditions(&self, package: &Package, revision: &Revision) -> Result<Vec<Rendition>, RequestError> {
        if package.state.plan().is_none() {
            return Err(RequestError::NotEditable);
        }
        let plan = self.plan(package).await?;
        revision.edits.renditions(plan).map_err(|error| RequestError::Unavailable(Error::of_media(error)))
    }

    /// Returns at most `limit` revisions of a package that are older than `before`, newest first.
    ///
    /// # Errors
    /// When the package does not exist, or the platform is unavailable.
    pub async fn revisions(
        &self,
        id: &PackageId,
        before: Option<u32>,
        limit: u16,
    ) -> Result<(Package, Vec<Revision>), RequestError> {
        let package = lookups::package(&self.catalog, id).await?;
        let end =
            before.map_or(package.revisions.latest, |before| before.saturating_sub(1).min(package.revisions.latest));
        let numbers = (1..=end).rev().take(limit.into());
        let read = stream::iter(numbers).map(|number| self.stored(&package, number)).buffered(READS);
        let revisions = read.try_collect().await?;
        Ok((package, revisions))
    }

    /// Commits what `change` makes of the latest revision, and requests its publication.
    async fn commit(
        &self,
        id: &PackageId,
        expected: Option<RevisionTag>,
        change: &Change<'_>,
    ) -> Result<(Package, Revision), RequestError> {
        for _ in 0..ATTEMPTS {
            let mut package = lookups::package(&self.catalog, id).await?;
            if matches!(package.state, State::Deleting { .. }) {
                return Err(RequestError::Deleting);
            }
            if package.playable_at().is_none() {
                return Err(RequestError::NotEditable);
            }
            if expected.is_some_and(|expected| expected != package.revision_tag()) {
                return Err(RequestError::RevisionChanged { latest: package.revisions.latest });
            }
            let latest = self.stored(&package, package.revisions.latest).await?;
            let changed = self.changed(&package, latest.clone(), change).await?;
            if (&changed.edits, &changed.files) == (&latest.edits, &latest.files) {
                if package.revisions.published < latest.number {
                    self.publish(id).await?;
                }
                return Ok((package, latest));
            }
            let number = latest.number.checked_add(1).filter(|number| *number <= MAX_REVISIONS);
            let number = number.ok_or(RequestError::TooManyRevisions)?;
            let revision = Revision { number, created_at: self.clock.now(), ..changed };
            let committed = self.catalog.commit_revision(id, package.attempt, &revision).await;
            if committed.map_err(unavailable("writing the revision"))? == Commit::Done {
                self.publish(id).await?;
                package.revisions.latest = number;
                return Ok((package, revision));
            }
        }
        Err(RequestError::Unavailable(Error::not_yet("the edit", "other edits were faster each time")))
    }

    /// Returns what a change makes of the latest revision. Its number is still that of the latest.
    async fn changed(
        &self,
        package: &Package,
        latest: Revision,
        change: &Change<'_>,
    ) -> Result<Revision, RequestError> {
        match change {
            Change::Request(request, files) => {
                let plan = self.plan(package).await?;
                let revision = edited(latest, request, files, &plan)?;
                revision.edits.check(&plan).map_err(RequestError::Edit)?;
                Ok(revision)
            }
            Change::Restore(number) => {
                let brought_back = self.stored(package, *number).await?;
                let Revision { number: of_latest, last_added, .. } = latest;
                Ok(Revision { number: of_latest, restored: Some(*number), last_added, ..brought_back })
            }
        }
    }

    async fn publish(&self, id: &PackageId) -> Result<(), RequestError> {
        let message = DashMessage::of_edit(id.clone());
        self.queue.send_all(&[message]).await.map_err(unavailable("starting the publication"))
    }

    async fn stored(&self, package: &Package, number: u32) -> Result<Revision, RequestError> {
        if number == 0 {
            return Ok(Revision::of_plan(package.created_at));
        }
        let found = self.catalog.revision(&package.id, number).await.map_err(unavailable("reading a revision"))?;
        found.ok_or(RequestError::UnknownRevision)
    }

    async fn plan(&self, package: &Package) -> Result<Presentation, RequestError> {
        presentation(&self.store, &self.work_bucket, package).await.map_err(RequestError::Unavailable)
    }
}

/// Returns a revision with the changes of a request. Its number is still that of `latest`.
fn edited(
    latest: Revision,
    request: &EditRequest,
    files: &[SubtitleFile],
    plan: &Presentation,
) -> Result<Revision, RequestError> {
    let mut revision = Revision { restored: None, ..latest };
    for id in &request.remove_subtitles {
        remove(&mut revision, *id, plan);
    }
    for file in files {
        add(&mut revision, file, plan)?;
    }
    if revision.files.len() > MAX_ADDED {
        return Err(RequestError::TooManySubtitles);
    }
    let edits = &mut revision.edits;
    for (id, change) in &request.tracks {
        match change {
            None => edits.tracks.retain(|track| track.id != *id),
            Some(TrackChange { language, label, roles }) => {
                let track = edits.track_mut(*id);
                track.language = language.clone().or(track.language.take());
                track.label = label.clone().or(track.label.take());
                track.roles = roles.clone().or(track.roles.take());
            }
        }
    }
    // An edit that is the plan's is none, whatever was changed before.
    edits
        .tracks
        .retain(|TrackEdit { language, label, roles, .. }| language.is_some() || label.is_some() || roles.is_some());
    if let Some(default) = request.default_audio {
        edits.default_audio = default;
    }
    if let Some(chapters) = &request.chapters {
        edits.chapters.clone_from(chapters);
    }
    if let Some(licence) = request.licence {
        edits.without_licence = !licence;
    }
    Ok(revision)
}

/// Removes a text track or subtitle file. One that an edit has added and that is gone stays gone: a request may be repeated.
fn remove(revision: &mut Revision, id: RepresentationId, plan: &Presentation) {
    let last_added = revision.last_added;
    let Revision { edits, files, .. } = revision;
    let is_planned =
        plan.representations.iter().any(|track| track.id == id) || plan.sidecars.iter().any(|sidecar| sidecar.id == id);
    let was_added = id.kind() == TrackKind::Text && id.number() <= last_added && !is_planned;
    edits.tracks.retain(|track| track.id != id);
    match edits.subtitles.iter().position(|added| added.id == id) {
        Some(position) => {
            edits.subtitles.remove(position);
            files.remove(position);
        }
        None if !edits.removed.contains(&id) && !was_added => edits.removed.push(id),
        None => {}
    }
}

/// Adds a subtitle file, unless it is added with the same description: a request may be repeated.
fn add(revision: &mut Revision, file: &SubtitleFile, plan: &Presentation) -> Result<(), RequestError> {
    let mut added = revision.edits.subtitles.iter().zip(&revision.files);
    let is_same = |(added, stored): (&AddedSubtitles, &UploadedText)| {
        (&added.language, &added.labels, &stored.content) == (&file.description.language, &file.labels(), &file.content)
    };
    if added.any(is_same) {
        return Ok(());
    }
    let id = next_subtitles(plan, revision.last_added);
    let id = id.map_err(|_| RequestError::TooManySubtitles)?;
    let language = file.description.language.clone();
    revision.edits.subtitles.push(AddedSubtitles { id, language, labels: file.labels() });
    let SubtitleFile { content, location, etag, bytes, .. } = file.clone();
    revision.files.push(UploadedText { content, location, etag, bytes });
    revision.last_added = id.number();
    Ok(())
}
