//! Reads the index of an uploaded file, by range, at its pinned version.

use futures_util::future::try_join_all;
use vpp_media::isobmff::{Index, IndexReader};
use vpp_media::track::sample_heads;

use crate::domain::object::{ETag, Location};
use crate::error::Error;
use crate::ports::{ObjectStore, StoreError};

/// The outcome of reading an index.
pub(crate) struct IndexRead {
    /// The index, or why it could not be read.
    pub(crate) index: Result<Index, Error>,
    /// Bytes that were read.
    pub(crate) bytes_read: u64,
}

/// Supplies `reader` with the ranges it requests until the index is complete, then adds the sample heads that complete it.
pub(crate) async fn read_index<S: ObjectStore>(
    store: &S,
    at: &Location,
    etag: &ETag,
    reader: Result<IndexReader, vpp_media::Error>,
) -> IndexRead {
    let mut bytes_read = 0;
    let index = drive(store, at, etag, reader, &mut bytes_read).await;
    IndexRead { index, bytes_read }
}

async fn drive<S: ObjectStore>(
    store: &S,
    at: &Location,
    etag: &ETag,
    reader: Result<IndexReader, vpp_media::Error>,
    bytes_read: &mut u64,
) -> Result<Index, Error> {
    let mut reader = reader.map_err(Error::of_media)?;
    while let Some(range) = reader.want() {
        if let Some(mut search) = reader.search() {
            loop {
                let wanted = search.want();
                if wanted.is_empty() {
                    break;
                }
                let reads = wanted.into_iter().map(|range| store.read(at, Some(etag), range));
                let found = try_join_all(reads).await.map_err(StoreError::into_source_error)?;
                *bytes_read += found.iter().map(|bytes| bytes.len() as u64).sum::<u64>();
                search.supply(&found);
            }
            reader.add_fragments(search);
        }
        let bytes = store.read(at, Some(etag), range).await.map_err(StoreError::into_source_error)?;
        *bytes_read += bytes.len() as u64;
        reader.supply(&bytes).map_err(Error::of_media)?;
    }
    let mut index = reader.finish().map_err(Error::of_media)?;
    let heads = sample_heads(&index);
    let reads = heads.iter().map(|head| store.read(at, Some(etag), head.clone()));
    let media = try_join_all(reads).await.map_err(StoreError::into_source_error)?;
    for (head, bytes) in heads.iter().zip(&media) {
        *bytes_read += bytes.len() as u64;
        index.add_media(head.start, bytes);
    }
    Ok(index)
}

#[cfg(test)]
#[path = "read_index_tests.rs"]
mod tests;
