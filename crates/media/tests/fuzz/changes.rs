//! Rows of bytes, and the changes they stand for.

/// Calls a target with rows of bytes: under a fuzzer with those that it makes, else with `count` that are always the same.
#[cfg(fuzzing)]
pub fn for_rows(_count: u64, target: impl Fn(&[u8]) + std::panic::RefUnwindSafe) {
    bolero::check!().for_each(target);
}

/// Calls a target with rows of bytes: under a fuzzer with those that it makes, else with `count` that are always the same.
#[cfg(not(fuzzing))]
pub fn for_rows(count: u64, target: impl Fn(&[u8])) {
    for number in 1..=count {
        let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut byte = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        };
        let length = usize::from(byte() % 48);
        let row: Vec<u8> = (0..length).map(|_| byte()).collect();
        target(&row);
    }
}

/// What a row of bytes asks for: bytes are taken from its front, and zeros when there are none left.
#[derive(Clone)]
pub struct Changes<'r> {
    row: &'r [u8],
}

impl<'r> Changes<'r> {
    pub fn of(row: &'r [u8]) -> Self {
        Self { row }
    }

    fn byte(&mut self) -> u8 {
        let (first, rest) = self.row.split_first().map_or((0, self.row), |(first, rest)| (*first, rest));
        self.row = rest;
        first
    }

    /// A number below a bound.
    pub fn below(&mut self, bound: usize) -> usize {
        let wide = if bound > 256 { 3 } else { 1 };
        (0..wide).fold(0, |number, _| number << 8 | usize::from(self.byte())) % bound
    }

    /// Changes bytes at some of these places, until the row is used up.
    pub fn apply(&mut self, bytes: &mut [u8], places: &[usize]) {
        while !self.row.is_empty() && !places.is_empty() {
            let (kind, first, value) = (self.byte(), self.below(places.len()), self.byte());
            let all = &places[first..];
            match kind % 6 {
                // One byte; one bit; a number of four bytes at one of its ends; bytes of elsewhere.
                0 | 1 => bytes[all[0]] = value,
                2 => bytes[all[0]] ^= 1 << (value % 8),
                3 => all.iter().take(4).for_each(|place| bytes[*place] = if value & 1 == 0 { 0 } else { 0xff }),
                4 => all.iter().take(4).zip([value & 0x80, 0, 0, value & 0x7f]).for_each(|(to, own)| bytes[*to] = own),
                _ => {
                    let from = self.below(places.len());
                    let own: Vec<u8> = places[from..].iter().take(8).map(|place| bytes[*place]).collect();
                    all.iter().zip(own).for_each(|(to, own)| bytes[*to] = own);
                }
            }
        }
    }
}
