//! Byte strings, and the changes that they encode.

/// Calls a target with byte strings: those of the fuzzer, or else `count` strings that are the same in every run.
#[cfg(fuzzing)]
pub fn for_inputs(_count: u64, target: impl Fn(&[u8]) + std::panic::RefUnwindSafe) {
    bolero::check!().for_each(target);
}

/// Calls a target with byte strings: those of the fuzzer, or else `count` strings that are the same in every run.
#[cfg(not(fuzzing))]
pub fn for_inputs(count: u64, target: impl Fn(&[u8])) {
    for number in 1..=count {
        let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut byte = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        };
        let length = usize::from(byte() % 48);
        let input: Vec<u8> = (0..length).map(|_| byte()).collect();
        target(&input);
    }
}

/// The changes that a byte string encodes. Bytes are taken from its start; after its end they are zero.
#[derive(Clone)]
pub struct Changes<'r> {
    bytes: &'r [u8],
}

impl<'r> Changes<'r> {
    pub fn of(bytes: &'r [u8]) -> Self {
        Self { bytes }
    }

    fn byte(&mut self) -> u8 {
        let (first, rest) = self.bytes.split_first().map_or((0, self.bytes), |(first, rest)| (*first, rest));
        self.bytes = rest;
        first
    }

    /// Returns a number below a bound.
    pub fn below(&mut self, bound: usize) -> usize {
        let wide = if bound > 256 { 3 } else { 1 };
        (0..wide).fold(0, |number, _| number << 8 | usize::from(self.byte())) % bound
    }

    /// Changes bytes at some of these places, until the string ends.
    pub fn apply(&mut self, bytes: &mut [u8], places: &[usize]) {
        while !self.bytes.is_empty() && !places.is_empty() {
            let (kind, first, value) = (self.byte(), self.below(places.len()), self.byte());
            let all = &places[first..];
            match kind % 6 {
                // One byte; one bit; four bytes set to the smallest or largest number; a
                // number of four bytes; bytes copied from another place.
                0 | 1 => bytes[all[0]] = value,
                2 => bytes[all[0]] ^= 1 << (value % 8),
                3 => all.iter().take(4).for_each(|place| bytes[*place] = if value & 1 == 0 { 0 } else { 0xff }),
                4 => {
                    let number = [value & 0x80, 0, 0, value & 0x7f];
                    all.iter().take(4).zip(number).for_each(|(to, byte)| bytes[*to] = byte);
                }
                _ => {
                    let from = self.below(places.len());
                    let copied: Vec<u8> = places[from..].iter().take(8).map(|place| bytes[*place]).collect();
                    all.iter().zip(copied).for_each(|(to, byte)| bytes[*to] = byte);
                }
            }
        }
    }
}
