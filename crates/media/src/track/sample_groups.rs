//! Sample groups of a source that the stream does not have (ISO/IEC 14496-12 8.9).

use std::collections::BTreeMap;

use crate::isobmff::{BoxView, FourCc};

/// Grouping types that are not counted: the pre-roll of audio is a property of its codec, which decoders know, and `seig` marks
/// the clear samples of a track whose encryption was removed.
const IMPLIED: [&[u8; 4]; 3] = [b"roll", b"prol", b"seig"];

/// Maximum number of grouping types that are told apart.
const MAX_TYPES: usize = 16;

/// The sample groups of a track, by grouping type, with the number of boxes that describe them (`sgpd`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SampleGroups {
    counts: BTreeMap<[u8; 4], u64>,
}

impl SampleGroups {
    /// Counts a box if it is an `sgpd` of a grouping type that is lost.
    pub(super) fn add_box(&mut self, child: &BoxView<'_>) {
        let kind =
            child.full().ok().filter(|_| child.kind == b"sgpd").and_then(|(_, _, mut reader)| reader.array().ok());
        if let Some(kind) = kind.filter(|kind| !IMPLIED.contains(&kind)) {
            self.count(kind, 1);
        }
    }

    /// Adds the counts of another fragment.
    pub(super) fn add(&mut self, other: &Self) {
        other.counts.iter().for_each(|(kind, count)| self.count(*kind, *count));
    }

    /// Returns the grouping types with their counts.
    pub(super) fn iter(&self) -> impl Iterator<Item = (FourCc, u64)> {
        self.counts.iter().map(|(kind, count)| (FourCc(*kind), *count))
    }

    fn count(&mut self, kind: [u8; 4], count: u64) {
        if self.counts.len() < MAX_TYPES || self.counts.contains_key(&kind) {
            let counted = self.counts.entry(kind).or_default();
            *counted = counted.saturating_add(count);
        }
    }
}
