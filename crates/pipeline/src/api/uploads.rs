//! Files on their way to the uploads bucket, sent by callers who have no account there.
//!
//! A caller says what it has, and gets URLs to send it to: one for a small file, one for each part of a large one. Any part may
//! be sent again, in any order, by whoever has its URL; when a connection was lost, the store says which parts have arrived, and
//! gives new URLs. Nothing passes through the platform itself. At the end the caller says so: then the parts are counted and
//! measured, and made one object, whose arrival starts everything else, as any other upload's does. Saying so twice gives the
//! same answer.

use std::time::Duration;

use crate::api::requests::{Denied, unavailable};
use crate::domain::id::{ClientUploadId, ContentId};
use crate::domain::timestamp::Timestamp;
use crate::error::Error;
use crate::ports::{
    ArrivedPart, ClientUploadStore, Clock, Created, ETag, Location, RequestRecords, StoreError, UploadId,
};

const MIB: u64 = 1024 * 1024;
/// Bytes of the largest file that is sent in one piece.
pub const LARGEST_PIECE: u64 = 64 * MIB;
/// Bytes of the smallest part of a larger one: S3 asks for 5 MiB, and every part costs a request.
const SMALLEST_PART: u64 = 16 * MIB;
/// Most parts of an object, by S3's own bound.
const MOST_PARTS: u64 = 10_000;
/// Bytes of the largest file: S3's own bound.
pub const LARGEST_FILE: u64 = 5 * 1024 * 1024 * MIB;
/// Characters of the longest name.
pub const LONGEST_NAME: usize = 255;
/// How long URLs are good for. They are signed with a function's own credentials, which do not last much longer.
pub const URL_LASTS: Duration = Duration::from_hours(1);
/// How long a file may be on its way: as long as the uploads bucket keeps parts.
pub const MAY_TAKE: Duration = Duration::from_hours(48);
/// Most URLs in one answer.
pub const MOST_URLS: u16 = 100;
/// How keys of files that came this way begin.
pub const PREFIX: &str = "uploads/";

/// A file on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientUpload {
    /// `upload_id`.
    pub id: ClientUploadId,
    /// What its sender calls it.
    pub name: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// Where it goes.
    pub location: Location,
    /// The object of parts that it becomes; none of a file that is sent in one piece.
    pub parts: Option<ClientMultipart>,
    /// When it was announced.
    pub created_at: Timestamp,
}

/// How a file is cut into parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientMultipart {
    /// The store's own name of it.
    pub upload: UploadId,
    /// Bytes of every part but the last.
    pub part_bytes: u64,
}

impl ClientUpload {
    /// Bytes of every part but the last.
    #[must_use]
    pub fn part_bytes(&self) -> u64 {
        self.parts.as_ref().map_or(self.bytes, |parts| parts.part_bytes)
    }

    /// How many parts it has.
    #[must_use]
    pub fn count(&self) -> u16 {
        u16::try_from(self.bytes.div_ceil(self.part_bytes().max(1))).unwrap_or(u16::MAX)
    }

    /// Bytes of the part of this number.
    #[must_use]
    pub fn bytes_of(&self, number: u16) -> u64 {
        let before = self.part_bytes().saturating_mul(u64::from(number).saturating_sub(1));
        self.bytes.saturating_sub(before).min(self.part_bytes())
    }

    /// When nothing more is known of it.
    #[must_use]
    pub fn forget_at(&self) -> Timestamp {
        self.created_at.after(MAY_TAKE)
    }
}

/// A file on its way, what of it has arrived, and where to send some of the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadProgress {
    /// The file.
    pub incoming: ClientUpload,
    /// The numbers of parts that have arrived whole.
    pub arrived: Vec<u16>,
    /// Numbers of parts, and where they go.
    pub urls: Vec<(u16, String)>,
    /// When the URLs are over.
    pub expires_at: Timestamp,
}

/// Some parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// From this number on.
    pub from: u16,
    /// At most so many.
    pub limit: u16,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { from: 1, limit: MOST_URLS }
    }
}

/// The use cases and their ports.
#[derive(Debug)]
pub struct ClientUploads<S, R, K> {
    /// Takes files in.
    pub store: S,
    /// Remembers them.
    pub records: R,
    /// The time.
    pub clock: K,
    /// The bucket that they go to.
    pub bucket: String,
}

impl<S: ClientUploadStore, R: RequestRecords, K: Clock> ClientUploads<S, R, K> {
    /// Announces a file, and says where to send it. `id` is another for every file; announced twice under one, it is one file.
    ///
    /// # Errors
    /// When the platform does not answer, or something else was announced under this id.
    pub async fn begin(&self, id: ClientUploadId, name: &str, bytes: u64) -> Result<UploadProgress, Denied> {
        let location = Location::new(&self.bucket, format!("{PREFIX}{id}/{name}"));
        let known = self.records.incoming(&id).await.map_err(unavailable("reading the upload"))?;
        let incoming = match known {
            Some(incoming) => incoming,
            None => self.announce(id, name, bytes, location).await?,
        };
        self.underway(incoming, Wanted::default()).await
    }

    /// Remembers a new file; of two who announce it at the same time, one gives its object of parts up.
    async fn announce(
        &self,
        id: ClientUploadId,
        name: &str,
        bytes: u64,
        location: Location,
    ) -> Result<ClientUpload, Denied> {
        let parts = if bytes > LARGEST_PIECE {
            let upload = self.store.begin(&location).await.map_err(unreachable("beginning the upload"))?;
            let part_bytes = bytes.div_ceil(MOST_PARTS).next_multiple_of(MIB).max(SMALLEST_PART);
            Some(ClientMultipart { upload, part_bytes })
        } else {
            None
        };
        let name = name.to_owned();
        let incoming = ClientUpload { id, name, bytes, location, parts, created_at: self.clock.now() };
        let put = self.records.put_upload(&incoming).await.map_err(unavailable("writing the upload"))?;
        let Created::Before(known) = put else { return Ok(incoming) };
        if let Some(parts) = &incoming.parts {
            let given_up = self.store.give_up(&incoming.location, &parts.upload).await;
            given_up.map_err(unreachable("giving an upload up"))?;
        }
        Ok(known)
    }

    /// What has arrived of a file, and where to send what of the rest is `wanted`.
    ///
    /// # Errors
    /// When nothing is known of it, or the platform does not answer.
    pub async fn progress(&self, id: &ClientUploadId, wanted: Wanted) -> Result<UploadProgress, Denied> {
        let incoming = self.find(id).await?;
        self.underway(incoming, wanted).await
    }

    async fn underway(&self, incoming: ClientUpload, wanted: Wanted) -> Result<UploadProgress, Denied> {
        let expires_at = self.clock.now().after(URL_LASTS);
        let arrived: Vec<u16> = match self.arrived(&incoming).await? {
            Arrival::Whole(_) => (1..=incoming.count()).collect(),
            Arrival::Parts(parts) => parts.iter().map(|part| part.number).collect(),
            Arrival::Over => return Err(Denied::UploadExpired),
        };
        let missing = (wanted.from.max(1)..=incoming.count()).filter(|number| !arrived.contains(number));
        let mut urls = Vec::new();
        for number in missing.take(usize::from(wanted.limit.min(MOST_URLS))) {
            let url = match &incoming.parts {
                None => self.store.object_url(&incoming.location, URL_LASTS).await,
                Some(parts) => self.store.part_url(&incoming.location, &parts.upload, number, URL_LASTS).await,
            };
            urls.push((number, url.map_err(unreachable("signing a URL"))?));
        }
        Ok(UploadProgress { incoming, arrived, urls, expires_at })
    }

    /// Makes the file an object, and says what content it becomes.
    ///
    /// # Errors
    /// When parts are missing or not of their length, nothing is known of it, or the platform does not answer.
    pub async fn complete(&self, id: &ClientUploadId) -> Result<(ContentId, Location), Denied> {
        let incoming = self.find(id).await?;
        let mut arrival = self.arrived(&incoming).await?;
        if let (Arrival::Parts(parts), Some(own)) = (&arrival, &incoming.parts) {
            let arrived: Vec<u16> = parts.iter().map(|part| part.number).collect();
            let missing: Vec<u16> = (1..=incoming.count()).filter(|number| !arrived.contains(number)).collect();
            if !missing.is_empty() {
                return Err(Denied::UploadIncomplete { missing });
            }
            match self.store.complete(&incoming.location, &own.upload, parts).await {
                // Another has completed it, or it was given up.
                Ok(()) | Err(StoreError::UploadOver { .. }) => {}
                Err(error) => return Err(unreachable("completing the upload")(error)),
            }
            arrival = self.whole(&incoming).await?;
        }
        match arrival {
            Arrival::Whole(etag) => Ok((ContentId::of(&incoming.location, &etag), incoming.location)),
            Arrival::Parts(_) => Err(Denied::UploadIncomplete { missing: vec![1] }),
            Arrival::Over => Err(Denied::UploadExpired),
        }
    }

    /// Gives a file up that is on its way. What has become an object stays.
    ///
    /// # Errors
    /// When nothing is known of it, or the platform does not answer.
    pub async fn give_up(&self, id: &ClientUploadId) -> Result<ClientUpload, Denied> {
        let incoming = self.find(id).await?;
        if let Some(parts) = &incoming.parts {
            let given_up = self.store.give_up(&incoming.location, &parts.upload).await;
            given_up.map_err(unreachable("giving the upload up"))?;
        }
        self.records.forget_upload(id).await.map_err(unavailable("forgetting the upload"))?;
        Ok(incoming)
    }

    async fn find(&self, id: &ClientUploadId) -> Result<ClientUpload, Denied> {
        let found = self.records.incoming(id).await.map_err(unavailable("reading the upload"))?;
        let found = found.filter(|incoming| self.clock.now() < incoming.forget_at());
        found.ok_or(Denied::UnknownUpload)
    }

    /// What there is of a file. A part that is not of its length has not arrived.
    async fn arrived(&self, incoming: &ClientUpload) -> Result<Arrival, Denied> {
        let Some(parts) = &incoming.parts else { return self.whole(incoming).await };
        match self.store.arrived(&incoming.location, &parts.upload).await {
            Ok(mut parts) => {
                parts.retain(|part| part.number <= incoming.count() && part.bytes == incoming.bytes_of(part.number));
                Ok(Arrival::Parts(parts))
            }
            Err(StoreError::UploadOver { .. }) => self.whole(incoming).await,
            Err(error) => Err(unreachable("listing the parts")(error)),
        }
    }

    /// The object, if it is whole.
    async fn whole(&self, incoming: &ClientUpload) -> Result<Arrival, Denied> {
        let found = self.store.find(&incoming.location).await.map_err(unreachable("looking for the object"))?;
        Ok(match (found, &incoming.parts) {
            (Some((etag, bytes)), _) if bytes == incoming.bytes => Arrival::Whole(etag),
            (_, Some(_)) => Arrival::Over,
            (_, None) => Arrival::Parts(Vec::new()),
        })
    }
}

/// What there is of a file.
enum Arrival {
    /// All of it.
    Whole(ETag),
    /// Some parts.
    Parts(Vec<ArrivedPart>),
    /// Neither, and nothing can come any more.
    Over,
}

fn unreachable(operation: &'static str) -> impl Fn(StoreError) -> Denied {
    move |source| Denied::Unavailable(Error::Transient { operation, source: source.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incoming(bytes: u64, part_bytes: u64) -> ClientUpload {
        let parts = Some(ClientMultipart { upload: UploadId::new("u"), part_bytes });
        let (id, location) = (ClientUploadId::of(&[b"x"]), Location::new("b", "k"));
        let created_at = Timestamp::from_unix_seconds(0);
        ClientUpload { id, name: "n".to_owned(), bytes, location, parts, created_at }
    }

    #[test]
    fn parts_have_one_length_but_the_last() {
        for (bytes, count, last) in [(100, 10, 10), (101, 11, 1), (109, 11, 9), (10, 1, 10)] {
            let own = incoming(bytes, 10);
            assert_eq!((own.count(), own.bytes_of(count)), (count, last), "{bytes}");
            assert_eq!((1..=count).map(|number| own.bytes_of(number)).sum::<u64>(), bytes);
        }
    }
}
