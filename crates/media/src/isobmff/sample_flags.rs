//! Sample flags (ISO/IEC 14496-12 8.8.3.1): the 32-bit word of `trex`, `tfhd` and `trun`, decoded once.

/// `sample_depends_on` 1: the sample depends on others.
const DEPENDS_ON_OTHERS: u32 = 0x0100_0000;

/// `sample_depends_on` 2: the sample depends on no other.
const DEPENDS_ON_NONE: u32 = 0x0200_0000;

/// `sample_is_non_sync_sample`.
const NON_SYNC: u32 = 0x0001_0000;

/// The sample flags that matter to a packager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SampleFlags {
    /// Whether decoding can start at the sample.
    pub(crate) is_sync: bool,
}

impl SampleFlags {
    /// Decodes a flag word. A sample that is marked as non-sync, or as dependent on others, is not a sync sample.
    #[must_use]
    pub(crate) const fn from_word(word: u32) -> Self {
        Self { is_sync: word & (DEPENDS_ON_OTHERS | NON_SYNC) == 0 }
    }

    /// Encodes the flag word.
    #[must_use]
    pub(crate) const fn word(self) -> u32 {
        if self.is_sync { DEPENDS_ON_NONE } else { DEPENDS_ON_OTHERS | NON_SYNC }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_survive_a_round_trip() {
        for is_sync in [true, false] {
            let flags = SampleFlags { is_sync };
            assert_eq!(SampleFlags::from_word(flags.word()), flags);
        }
        assert!(SampleFlags::from_word(0).is_sync, "an empty word marks nothing");
        assert!(!SampleFlags::from_word(NON_SYNC).is_sync && !SampleFlags::from_word(DEPENDS_ON_OTHERS).is_sync);
    }
}
