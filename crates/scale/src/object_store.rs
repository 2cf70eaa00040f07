//! The object store port: S3 with its latencies and request rates.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, stream};
use vpp_pipeline::domain::layout::Headers;
use vpp_pipeline::domain::multipart::UploadId;
use vpp_pipeline::domain::object::{ETag, Location};
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::{NewObject, NewPart, ObjectStore, PutOutcome, StoreError, UploadedPart};

use crate::account::State;
use crate::execution_environment::ExecutionEnvironment;
use crate::limits::TokenBucket;

impl ExecutionEnvironment {
    /// Returns the prefix whose request rates apply to an object.
    fn prefix(&self, at: &Location) -> String {
        let folder = at.key().rsplit_once('/').map_or("", |(folder, _)| folder);
        let folder = folder.split_inclusive('/').take(2).collect::<String>();
        if self.account().parameters.s3.partitioned {
            format!("{}/{folder}", at.bucket())
        } else {
            at.bucket().to_owned()
        }
    }

    /// Sends an object to S3, and returns the number of bytes that it represents.
    async fn upload(&self, at: &Location, object: &NewObject) -> Result<u64, StoreError> {
        let (prefix, parameters) = (self.prefix(at), &self.account().parameters);
        let bytes = represented_bytes(at.key(), &object.body.to_vec(), self.account().factor);
        self.compute(bytes, parameters.engine.output).await;
        let limit = parameters.s3.puts_per_prefix;
        let is_admitted = |state: &mut State, now: Duration| {
            state.puts.entry(prefix.clone()).or_insert_with(|| TokenBucket::per_second(limit)).take(1, now)
        };
        let first_byte = parameters.s3.first_byte;
        let admitted = self
            .admit("PutObject", (first_byte, parameters.s3.retries), is_admitted, |usage| &mut usage.slow_downs)
            .await;
        admitted.map_err(unreachable(at))?;
        self.with_state(|state, _| state.usage.puts += 1);
        self.transfer(bytes).await;
        self.sleep(first_byte).await;
        Ok(bytes)
    }
}

fn unreachable(at: &Location) -> impl FnOnce(Unavailable) -> StoreError {
    let at = at.clone();
    move |source| StoreError::Unavailable { at, source }
}

impl ObjectStore for ExecutionEnvironment {
    /// Streams a range. In the model, all of its bytes arrive together: the network and the processor of an environment work
    /// one after the other, which is the slowest case.
    fn stream(
        &self,
        at: &Location,
        _pin: Option<&ETag>,
        range: Range<u64>,
    ) -> impl Stream<Item = Result<Bytes, StoreError>> + Send {
        stream::once(async move {
            let (prefix, parameters) = (self.prefix(at), &self.account().parameters);
            let limit = parameters.s3.gets_per_prefix;
            let is_admitted = |state: &mut State, now: Duration| {
                state.gets.entry(prefix.clone()).or_insert_with(|| TokenBucket::per_second(limit)).take(1, now)
            };
            let first_byte = parameters.s3.first_byte;
            let admitted = self
                .admit("GetObject", (first_byte, parameters.s3.retries), is_admitted, |usage| &mut usage.slow_downs)
                .await;
            admitted.map_err(unreachable(at))?;
            self.with_state(|state, _| state.usage.gets += 1);
            self.sleep(first_byte).await;

            let (movie, plan) =
                self.with_state(|state, _| (state.movies.get(at.key()).cloned(), state.plans.get(at).cloned()));
            if let Some(movie) = movie {
                let bytes = movie.represented_bytes(&range);
                self.transfer(bytes).await;
                self.with_state(|state, _| state.usage.source_bytes_read += bytes);
                // Zero for a range that starts in the media.
                let index_bytes = bytes.min(movie.header_len().saturating_sub(range.start));
                self.compute(index_bytes, parameters.engine.index).await;
                self.compute(bytes - index_bytes, parameters.engine.source).await;
                return Ok(movie.read(range).into());
            }
            let plan = plan.ok_or_else(|| StoreError::Missing { at: at.clone() })?;
            let clamp = |end: u64| usize::try_from(end).map_or(plan.len(), |end| end.min(plan.len()));
            let bytes = plan.get(clamp(range.start)..clamp(range.end)).unwrap_or_default().to_vec();
            self.transfer(bytes.len() as u64).await;
            Ok(bytes.into())
        })
    }

    async fn put_if_absent(&self, at: &Location, object: NewObject) -> Result<PutOutcome, StoreError> {
        let bytes = self.upload(at, &object).await?;
        self.with_state(|state, _| {
            if let Some(before) = state.outputs.insert(at.clone(), object.digest) {
                state.outputs.insert(at.clone(), before);
                let same = before == object.digest;
                return if same {
                    Ok(PutOutcome::AlreadyExists)
                } else {
                    Err(StoreError::DifferentBytes { at: at.clone() })
                };
            }
            if at.bucket() == "work" {
                state.plans.insert(at.clone(), Arc::new(object.body.to_vec()));
            } else {
                state.usage.output_bytes += bytes;
            }
            Ok(PutOutcome::Created)
        })
    }

    async fn put(&self, at: &Location, object: NewObject) -> Result<(), StoreError> {
        let bytes = self.upload(at, &object).await?;
        self.with_state(|state, _| {
            if state.outputs.insert(at.clone(), object.digest).is_none() {
                state.usage.output_bytes += bytes;
            }
            Ok(())
        })
    }

    async fn begin_upload(&self, at: &Location, _headers: Headers) -> Result<UploadId, StoreError> {
        Err(no_multipart(at))
    }

    async fn put_part(&self, at: &Location, _upload: &UploadId, _part: NewPart) -> Result<ETag, StoreError> {
        Err(no_multipart(at))
    }

    async fn complete_upload(
        &self,
        at: &Location,
        _upload: &UploadId,
        _parts: &[UploadedPart],
    ) -> Result<PutOutcome, StoreError> {
        Err(no_multipart(at))
    }

    async fn abort_upload(&self, at: &Location, _upload: &UploadId) -> Result<(), StoreError> {
        Err(no_multipart(at))
    }
}

/// Returns the error for a multipart upload: the packages of the model have the segments layout, which has none.
fn no_multipart(at: &Location) -> StoreError {
    unreachable(at)(Unavailable::new("CreateMultipartUpload", "multipart uploads are not in the model".into()))
}

/// Returns the bytes that an object represents: `factor` times as many in each `mdat` payload of a segment, the same number
/// elsewhere.
fn represented_bytes(key: &str, bytes: &[u8], factor: u64) -> u64 {
    let total = bytes.len() as u64;
    if key.rsplit_once('.').is_none_or(|(_, extension)| extension != "m4s") {
        return total;
    }
    let mut rest = bytes;
    let mut media = 0;
    while let Some((header, _)) = rest.split_first_chunk::<8>() {
        let [a, b, c, d, kind @ ..] = *header;
        // A box is at least as long as its header.
        let size = u32::from_be_bytes([a, b, c, d]).max(8);
        if &kind == b"mdat" {
            media += u64::from(size - 8);
        }
        rest = usize::try_from(size).ok().and_then(|size| rest.get(size..)).unwrap_or_default();
    }
    total - media + media * factor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_media_of_a_segment_is_multiplied_by_the_factor() {
        let segment = [b"\0\0\0\x0cmoofabcd".as_slice(), b"\0\0\0\x0amdatxy", b"\0\0\0\x09freez"].concat();
        assert_eq!(represented_bytes("p/v1/1.m4s", &segment, 1_000), 12 + 8 + 2_000 + 9);
        assert_eq!(represented_bytes("p/v1/init.mp4", &segment, 1_000), 31);
    }
}
