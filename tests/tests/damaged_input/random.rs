//! Pseudorandom numbers.

/// A deterministic generator of pseudorandom numbers (xorshift).
pub struct Random(u64);

impl Random {
    pub fn from_seed(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        // Adjacent seeds give similar first numbers: skip them.
        (0..8).for_each(|_| {
            random.below(1);
        });
        random
    }

    /// Returns a number from 0 to `bound` - 1.
    pub fn below(&mut self, bound: usize) -> usize {
        for (left, amount) in [(true, 13), (false, 7), (true, 17)] {
            self.0 ^= if left { self.0 << amount } else { self.0 >> amount };
        }
        usize::try_from(self.0 >> 11).unwrap() % bound
    }

    /// Returns a byte, often one at the limits of a field.
    pub fn byte(&mut self) -> u8 {
        let any = u8::try_from(self.below(256)).unwrap();
        [0, 1, 0x7f, 0x80, 0xff, any, any, any][self.below(8)]
    }
}
