//! Pseudorandom numbers that are the same in every simulation.

/// The `SplitMix64` generator.
#[derive(Debug, Clone)]
pub(crate) struct SplitMix64(u64);

impl SplitMix64 {
    /// Returns a generator with this seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns a number from 0 to 999.
    pub(crate) fn thousandths(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let [low, high, ..] = ((mixed ^ (mixed >> 31)) % 1_000).to_le_bytes();
        u32::from(u16::from_le_bytes([low, high]))
    }
}
