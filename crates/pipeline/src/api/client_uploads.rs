//! Client uploads through presigned URLs, which need no credentials for the store.
//!
//! A client states the name and the length of a file and gets a presigned URL for each part; a small file has one. A URL accepts
//! exactly the bytes of its part. The client may send any part again, in any order. After a lost connection it requests the
//! progress: the store lists the parts that have arrived, and the client gets new URLs for the others. No bytes pass through the
//! platform. At the end the client completes the upload: the parts are checked against their expected lengths and become one
//! object. Completing an upload again returns the same response.
//!
//! The completion starts ingest. The store's notification does so too, as with every other object, but it can be minutes late.
//! Whichever comes second finds the content.

use crate::api::request_error::{RequestError, unavailable};
use crate::domain::client_upload::{ClientMultipart, ClientUpload, MAX_URLS, StoredPart, URL_TTL};
use crate::domain::id::{ClientUploadId, ContentId};
use crate::domain::ingest_message::IngestMessage;
use crate::domain::object::Location;
use crate::domain::timestamp::Timestamp;
use crate::domain::uploaded_object::UploadedObject;
use crate::error::Error;
use crate::ports::{ClientUploadStore, Clock, CreateOutcome, Queue, RequestRecords, StoreError};

/// The progress of an upload, and presigned URLs for some of the missing parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadProgress {
    /// The upload.
    pub upload: ClientUpload,
    /// Numbers of the parts that have arrived at their full length.
    pub arrived: Vec<u16>,
    /// Numbers of missing parts, each with its URL.
    pub urls: Vec<(u16, String)>,
    /// When the URLs expire.
    pub expires_at: Timestamp,
}

/// The range of parts for which URLs are requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartWindow {
    /// The first part number.
    pub from: u16,
    /// The maximum number of URLs.
    pub limit: u16,
}

impl Default for PartWindow {
    fn default() -> Self {
        Self { from: 1, limit: MAX_URLS }
    }
}

/// The use case and its ports.
#[derive(Debug)]
pub struct ClientUploads<S, R, Q, K> {
    /// Presigns URLs and completes uploads.
    pub store: S,
    /// Stores the uploads.
    pub records: R,
    /// The ingest stage's queue.
    pub queue: Q,
    /// The clock.
    pub clock: K,
    /// The uploads bucket.
    pub bucket: String,
}

impl<S: ClientUploadStore, R: RequestRecords, Q: Queue<IngestMessage>, K: Clock> ClientUploads<S, R, Q, K> {
    /// Begins an upload and returns URLs for it. Each file has a unique `id`; beginning again with the same id returns the same
    /// upload.
    ///
    /// # Errors
    /// When the platform is unavailable.
    pub async fn begin(&self, id: ClientUploadId, name: &str, bytes: u64) -> Result<UploadProgress, RequestError> {
        let location = Location::new(&self.bucket, ClientUpload::key(&id, name));
        let known = self.records.client_upload(&id).await.map_err(unavailable("reading the upload"))?;
        let upload = match known.filter(|upload| self.clock.now() < upload.expires_at()) {
            Some(upload) => upload,
            None => self.create(id, name, bytes, location).await?,
        };
        self.progress_of(upload, PartWindow::default()).await
    }

    /// Writes the record of a new upload. When two requests begin the same upload concurrently, the later one aborts its
    /// multipart upload.
    async fn create(
        &self,
        id: ClientUploadId,
        name: &str,
        bytes: u64,
        location: Location,
    ) -> Result<ClientUpload, RequestError> {
        let begun = self.store.begin(&location).await.map_err(unreachable("beginning the upload"))?;
        let part_bytes = ClientMultipart::part_bytes_for(bytes);
        let multipart = Some(ClientMultipart { upload: begun.clone(), part_bytes });
        let name = name.to_owned();
        let upload = ClientUpload { id, name, bytes, location, multipart, created_at: self.clock.now() };
        let put = self.records.put_client_upload(&upload).await.map_err(unavailable("writing the upload"))?;
        let CreateOutcome::Existing(known) = put else { return Ok(upload) };
        let aborted = self.store.abort(&upload.location, &begun).await;
        aborted.map_err(unreachable("aborting an upload"))?;
        Ok(known)
    }

    /// Returns the progress of an upload, with URLs for the missing parts in `window`.
    ///
    /// # Errors
    /// When the upload is unknown or has expired, or the platform is unavailable.
    pub async fn progress(&self, id: &ClientUploadId, window: PartWindow) -> Result<UploadProgress, RequestError> {
        let upload = self.find(id).await?;
        self.progress_of(upload, window).await
    }

    async fn progress_of(&self, upload: ClientUpload, window: PartWindow) -> Result<UploadProgress, RequestError> {
        let expires_at = self.clock.now().after(URL_TTL);
        let mut urls = Vec::new();
        let arrived: Vec<u16> = match self.arrival(&upload).await? {
            Arrival::Complete(_) => (1..=upload.part_count()).collect(),
            Arrival::Parts(multipart, parts) => {
                let arrived: Vec<u16> = parts.iter().map(|part| part.number).collect();
                let missing = (window.from.max(1)..=upload.part_count()).filter(|number| !arrived.contains(number));
                for number in missing.take(usize::from(window.limit.min(MAX_URLS))) {
                    let bytes = upload.bytes_of_part(number);
                    let url =
                        self.store.presign_part(&upload.location, &multipart.upload, number, bytes, URL_TTL).await;
                    urls.push((number, url.map_err(unreachable("presigning a URL"))?));
                }
                arrived
            }
            Arrival::Expired => return Err(RequestError::UploadExpired),
        };
        Ok(UploadProgress { upload, arrived, urls, expires_at })
    }

    /// Completes an upload and starts its ingest. Returns the id of the content that the object becomes, and its location.
    ///
    /// # Errors
    /// When parts are missing or incomplete, the upload is unknown or has expired, or the platform is unavailable.
    pub async fn complete(&self, id: &ClientUploadId) -> Result<(ContentId, Location), RequestError> {
        let upload = self.find(id).await?;
        let object = match self.arrival(&upload).await? {
            Arrival::Complete(object) => Some(object),
            Arrival::Expired => None,
            Arrival::Parts(multipart, parts) => {
                let arrived: Vec<u16> = parts.iter().map(|part| part.number).collect();
                let missing: Vec<u16> = (1..=upload.part_count()).filter(|number| !arrived.contains(number)).collect();
                if !missing.is_empty() {
                    return Err(RequestError::UploadIncomplete { missing });
                }
                match self.store.complete(&upload.location, &multipart.upload, &parts).await {
                    // Another request has completed or aborted it.
                    Ok(()) | Err(StoreError::UploadEnded { .. }) => {}
                    Err(error) => return Err(unreachable("completing the upload")(error)),
                }
                self.object(&upload).await?
            }
        };
        let object = object.ok_or(RequestError::UploadExpired)?;
        let sent = self.queue.send_all(&[IngestMessage::new(&object)]).await;
        sent.map_err(unavailable("starting ingest"))?;
        Ok((object.content_id(), upload.location))
    }

    /// Aborts an upload: its URLs accept nothing from now on, and no object comes of it. An upload that was completed before
    /// keeps its object.
    ///
    /// # Errors
    /// When the upload is unknown, or the platform is unavailable.
    pub async fn abort(&self, id: &ClientUploadId) -> Result<(), RequestError> {
        match self.find(id).await {
            Ok(upload) => {
                if let Some(multipart) = &upload.multipart {
                    let aborted = self.store.abort(&upload.location, &multipart.upload).await;
                    aborted.map_err(unreachable("aborting the upload"))?;
                }
            }
            // The bucket's lifecycle aborts its parts.
            Err(RequestError::Unreadable(_)) => {}
            Err(error) => return Err(error),
        }
        self.records.delete_client_upload(id).await.map_err(unavailable("deleting the upload's record"))
    }

    async fn find(&self, id: &ClientUploadId) -> Result<ClientUpload, RequestError> {
        let found = self.records.client_upload(id).await.map_err(unavailable("reading the upload"))?;
        let found = found.filter(|upload| self.clock.now() < upload.expires_at());
        found.ok_or(RequestError::UnknownUpload)
    }

    /// Returns what has arrived. A part with an unexpected length does not count as arrived.
    async fn arrival<'u>(&self, upload: &'u ClientUpload) -> Result<Arrival<'u>, RequestError> {
        let Some(multipart) = &upload.multipart else { return Ok(Arrival::Expired) };
        match self.store.list_parts(&upload.location, &multipart.upload).await {
            Ok(mut parts) => {
                parts.retain(|part| {
                    part.number <= upload.part_count() && part.bytes == upload.bytes_of_part(part.number)
                });
                Ok(Arrival::Parts(multipart, parts))
            }
            Err(StoreError::UploadEnded { .. }) => {
                Ok(self.object(upload).await?.map_or(Arrival::Expired, Arrival::Complete))
            }
            Err(error) => Err(unreachable("listing the parts")(error)),
        }
    }

    /// Looks up the completed object.
    async fn object(&self, upload: &ClientUpload) -> Result<Option<UploadedObject>, RequestError> {
        let found = self.store.find(&upload.location).await.map_err(unreachable("looking for the object"))?;
        Ok(found.filter(|object| object.bytes == upload.bytes))
    }
}

/// The parts or the object of an upload that have arrived.
enum Arrival<'u> {
    /// The complete object.
    Complete(UploadedObject),
    /// The parts that have arrived of the multipart upload.
    Parts(&'u ClientMultipart, Vec<StoredPart>),
    /// No object, and the multipart upload no longer exists.
    Expired,
}

fn unreachable(operation: &'static str) -> impl Fn(StoreError) -> RequestError {
    move |source| RequestError::Unavailable(Error::Transient { operation, source: source.into() })
}
