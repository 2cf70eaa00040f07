//! Reads the index of a file in memory, with the sample heads that complete it.

use vpp_media::isobmff::{Index, IndexReader};
use vpp_media::track::sample_heads;

/// Returns the index of `file`, as the platform reads it.
pub fn index(file: &[u8]) -> vpp_media::Result<Index> {
    let bytes = |range: &std::ops::Range<u64>| {
        &file[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()]
    };
    let mut reader = IndexReader::new(file.len() as u64)?;
    while let Some(range) = reader.want() {
        reader.supply(bytes(&range))?;
    }
    let mut index = reader.finish()?;
    for head in sample_heads(&index) {
        index.add_media(head.start, bytes(&head));
    }
    Ok(index)
}
