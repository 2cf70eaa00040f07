//! Ranged reads of S3 objects.
//!
//! A read is one ranged GET, with `If-Match` when the version is pinned. If a response is interrupted or stalls, the read
//! resumes where the response ended.

use std::ops::Range;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use futures_util::{Stream, TryStreamExt, stream};
use vpp_pipeline::domain::object::{Digest, ETag, Location};
use vpp_pipeline::error::{Cause, Unavailable};
use vpp_pipeline::ports::{Body, StoreError};

use super::store_error::unreachable;
use crate::error::{code, unavailable};

/// Maximum number of interrupted or stalled responses before a read fails.
const BROKEN_RESPONSES: usize = 4;

/// The S3 buckets of an account.
#[derive(Debug, Clone)]
pub struct S3Store {
    pub(super) client: Client,
}

impl S3Store {
    /// Uses this client.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Reads a range of the object at `at`.
    pub(super) fn read_range(
        &self,
        at: &Location,
        pin: Option<&ETag>,
        range: Range<u64>,
    ) -> impl Stream<Item = Result<Bytes, StoreError>> + Send {
        // An empty range needs no request.
        let start = (!range.is_empty()).then_some(RangeRead { remaining: range, body: None, broken_responses: 0 });
        stream::try_unfold(start, move |read| async move {
            let Some(mut read) = read else { return Ok(None) };
            let bytes = self.next(at, pin, &mut read).await?;
            Ok(bytes.map(|bytes| (bytes, Some(read))))
        })
    }

    /// Returns the digest of a range of the object at `at`.
    pub(super) async fn digest(&self, at: &Location, range: Range<u64>) -> Result<Digest, StoreError> {
        let body: Body = self.read_range(at, None, range).try_collect().await?;
        Ok(body.digest())
    }

    /// Opens the remaining range, and limits its end to the end of the object.
    async fn open(
        &self,
        at: &Location,
        pin: Option<&ETag>,
        remaining: &mut Range<u64>,
    ) -> Result<ByteStream, StoreError> {
        const CALL: &str = "GetObject";
        // The range is not empty, so `end` is above zero.
        let header = format!("bytes={}-{}", remaining.start, remaining.end.saturating_sub(1));
        let request = self.client.get_object().bucket(at.bucket()).key(at.key()).range(header);
        let response = request.set_if_match(pin.map(|etag| format!("\"{etag}\""))).send().await;
        let response = response.map_err(|error| match code(&error) {
            Some("NoSuchKey" | "NoSuchVersion") => StoreError::Missing { at: at.clone() },
            Some("PreconditionFailed") => StoreError::Changed { at: at.clone() },
            _ => unreachable(at, unavailable(CALL)(error)),
        })?;
        let length = response.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or_default();
        let end = remaining.start.checked_add(length);
        remaining.end =
            end.ok_or_else(|| unreachable(at, Unavailable::new(CALL, "the Content-Length is out of range".into())))?;
        Ok(response.body)
    }

    /// Returns the next bytes of a read, from a new response if the current one was interrupted.
    async fn next(&self, at: &Location, pin: Option<&ETag>, read: &mut RangeRead) -> Result<Option<Bytes>, StoreError> {
        loop {
            let body = match &mut read.body {
                Some(body) => body,
                None => read.body.insert(self.open(at, pin, &mut read.remaining).await?),
            };
            let broken: Cause = match body.next().await {
                Some(Ok(bytes)) => match read.remaining.start.checked_add(bytes.len() as u64) {
                    Some(start) => {
                        read.remaining.start = start;
                        return Ok(Some(bytes));
                    }
                    None => "the response is longer than its range".into(),
                },
                None if read.remaining.is_empty() => return Ok(None),
                None => "the response broke off".into(),
                Some(Err(error)) => error.into(),
            };
            read.broken_responses += 1;
            if read.broken_responses == BROKEN_RESPONSES {
                return Err(unreachable(at, Unavailable::new("GetObject", broken)));
            }
            tracing::warn!(%at, remaining = ?read.remaining, "resuming the read: {broken}");
            read.body = None;
        }
    }
}

/// The progress of one read.
struct RangeRead {
    remaining: Range<u64>,
    body: Option<ByteStream>,
    broken_responses: usize,
}
