//! Movies in memory, for tests that call the engine step by step.

use std::ops::Range;

use vpp_media::cenc::{ContentKey, ContentKeys, KeyId, Scheme};
use vpp_media::cmaf::{KeyParameters, ProtectedTracks, Protection};
use vpp_media::isobmff::{Index, IndexReader};
use vpp_media::track::sample_heads;

/// Returns a range of a file.
pub fn bytes<'f>(file: &'f [u8], range: &Range<u64>) -> &'f [u8] {
    &file[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()]
}

/// Reads the index of a file, with the sample heads that complete it, as the platform does.
///
/// # Errors
/// The reason for which the file is refused.
pub fn index(file: &[u8]) -> vpp_media::Result<Index> {
    let mut reader = IndexReader::new(file.len() as u64)?;
    while let Some(range) = reader.want() {
        reader.supply(bytes(file, &range))?;
    }
    let mut index = reader.finish()?;
    for head in sample_heads(&index) {
        index.add_media(head.start, bytes(file, &head));
    }
    Ok(index)
}

/// Returns the protection of all tracks by a scheme, and its key.
pub fn protection(scheme: Scheme) -> (Protection, ContentKeys) {
    let (key, kid) = (ContentKey::new([7; 16]), KeyId::new([1; 16]).unwrap());
    let parameters = KeyParameters::derive(scheme, &key, kid, b"content");
    let protection = Protection { scheme, tracks: ProtectedTracks::All, key: parameters, audio_key: None };
    (protection, [(kid, key)].into_iter().collect())
}
