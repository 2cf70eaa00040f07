//! Packages the segments of a work unit from the source bytes as they arrive, and writes them as objects.

use futures_util::{Stream, StreamExt, TryFutureExt, TryStreamExt, future, stream};
use vpp_media::cenc::ContentKeys;
use vpp_media::cmaf::{PackagedSegment, SourceRange, StreamingPackager, WorkUnit};

use crate::domain::package::{Encryption, Package};
use crate::domain::when::RetentionDays;
use crate::error::Error;
use crate::ports::{KeyVault, ObjectStore, PutOutcome, StoreError};
use crate::stages::part_assembler::EncryptedSegment;
use crate::stages::write_output::write_output_for;

/// Maximum number of ranges that are read in parallel: a work unit has one range, or one per track if the file is not
/// interleaved.
const GETS: usize = 8;

const UNKNOWN_SOURCE: vpp_media::Error =
    vpp_media::Error::BadPlan { reason: "a work unit refers to a source that the package does not have" };

/// Unwraps the keys of a package's tracks.
///
/// # Errors
/// Transient errors.
pub(crate) async fn content_keys<V: KeyVault>(vault: &V, package: &Package) -> Result<ContentKeys, Error> {
    let wrapped = package.encryption.iter().flat_map(Encryption::keys);
    let keys = stream::iter(wrapped).then(|(kid, wrapped)| async move {
        let key = vault.unwrap(wrapped, &package.id).await;
        key.map(|key| (kid, key)).map_err(Error::unavailable("unwrapping a content key"))
    });
    let keys: Vec<_> = keys.try_collect().await?;
    Ok(keys.into_iter().collect())
}

/// Streams the work unit's segments, each when its last byte has arrived. The ranges are read in parallel, each source at its
/// pinned version.
pub(crate) fn packaged_segments<'a, S: ObjectStore>(
    store: &'a S,
    work_unit: &'a WorkUnit,
    mut packager: StreamingPackager<'a>,
    package: &'a Package,
) -> impl Stream<Item = Result<PackagedSegment, Error>> + 'a {
    let read = move |(position, range): (usize, &'a SourceRange)| {
        let source = package.sources().nth(range.input.into()).ok_or_else(|| Error::of_media(UNKNOWN_SOURCE));
        let chunks = future::ready(source).map_ok(move |source| {
            let chunks = store.stream(&source.location, Some(&source.etag), range.bytes.clone());
            chunks.map_ok(move |bytes| (position, bytes)).map_err(StoreError::into_source_error)
        });
        Box::pin(chunks.try_flatten_stream())
    };
    let chunks = stream::iter(work_unit.ranges.iter().enumerate().map(read)).flatten_unordered(GETS);
    let empty = stream::iter([packager.empty_segments()]);
    let complete = chunks.map(move |chunk| chunk.map(|(range, bytes)| packager.supply(range, &bytes)));
    let complete = empty.map(Ok).chain(complete).map(|segments| segments?.map_err(Error::of_media));
    complete.map_ok(|segments| stream::iter(segments.into_iter().map(Ok))).try_flatten()
}

/// Writes a segment, and its WebVTT file if it is text. Returns the segment, with the digest in its receipt, and whether it is new.
pub(crate) async fn write_segment<S: ObjectStore>(
    store: &S,
    output_bucket: &str,
    packaged: PackagedSegment,
    package: &Package,
    retention: Option<RetentionDays>,
) -> Result<(EncryptedSegment, PutOutcome), Error> {
    write_text(store, output_bucket, &packaged, package, retention).await?;
    let path = packaged.segment.id.path();
    let mut segment = EncryptedSegment::of(packaged);
    let body = segment.body.clone();
    let written =
        write_output_for(store, output_bucket, &package.id, &path, body, retention, "writing a segment").await?;
    segment.receipt.digest = Some(written.digest);
    Ok((segment, written.outcome))
}

/// Writes the WebVTT file of a text segment, in either layout.
pub(crate) async fn write_text<S: ObjectStore>(
    store: &S,
    output_bucket: &str,
    packaged: &PackagedSegment,
    package: &Package,
    retention: Option<RetentionDays>,
) -> Result<(), Error> {
    if let Some(text) = packaged.segment.webvtt() {
        let path = packaged.segment.id.webvtt_path();
        let text = text.as_bytes().to_vec();
        let operation = "writing a segment's text file";
        write_output_for(store, output_bucket, &package.id, &path, text, retention, operation).await?;
    }
    Ok(())
}
