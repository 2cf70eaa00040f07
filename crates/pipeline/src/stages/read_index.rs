//! Reads the index of an uploaded file, by range, at its pinned version.

use std::ops::Range;

use futures_util::future::try_join_all;
use vpp_media::isobmff::{FragmentSearch, Index, IndexReader};
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
        if let Some(search) = reader.search() {
            reader.add_fragments(find_fragments(store, at, etag, search, bytes_read).await?);
        }
        let bytes = store.read(at, Some(etag), range).await.map_err(StoreError::into_source_error)?;
        *bytes_read += bytes.len() as u64;
        reader.supply(&bytes).map_err(Error::of_media)?;
    }
    let mut index = reader.finish().map_err(Error::of_media)?;
    let heads = sample_heads(&index);
    let media = read_all(store, at, etag, &heads, bytes_read).await?;
    for (head, bytes) in heads.iter().zip(&media) {
        index.add_media(head.start, bytes);
    }
    Ok(index)
}

/// Supplies `search` with the ranges it requests until it is complete.
async fn find_fragments<S: ObjectStore>(
    store: &S,
    at: &Location,
    etag: &ETag,
    mut search: FragmentSearch,
    bytes_read: &mut u64,
) -> Result<FragmentSearch, Error> {
    loop {
        let wanted = search.want();
        if wanted.is_empty() {
            return Ok(search);
        }
        search.supply(&read_all(store, at, etag, &wanted, bytes_read).await?);
    }
}

/// Reads ranges in parallel.
async fn read_all<S: ObjectStore>(
    store: &S,
    at: &Location,
    etag: &ETag,
    ranges: &[Range<u64>],
    bytes_read: &mut u64,
) -> Result<Vec<Vec<u8>>, Error> {
    let reads = ranges.iter().map(|range| store.read(at, Some(etag), range.clone()));
    let found = try_join_all(reads).await.map_err(StoreError::into_source_error)?;
    *bytes_read += found.iter().map(|bytes| bytes.len() as u64).sum::<u64>();
    Ok(found)
}

#[cfg(test)]
#[path = "read_index_tests.rs"]
mod tests;
