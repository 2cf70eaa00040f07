//! Bits to be written, and the choices a generator makes.

/// A tape of choices: what a property test varies and shrinks. It goes on with zeros.
#[derive(Debug)]
pub struct Choices<'a> {
    tape: std::slice::Iter<'a, u16>,
}

impl<'a> Choices<'a> {
    pub fn new(tape: &'a [u16]) -> Self {
        Self { tape: tape.iter() }
    }

    /// A number from 0 to `most`.
    pub fn up_to(&mut self, most: u32) -> u32 {
        self.tape.next().map_or(0, |choice| u32::from(*choice) % (most + 1))
    }

    /// Yes or no; no when nothing is left to choose by.
    pub fn flag(&mut self) -> bool {
        self.up_to(1) == 1
    }

    /// Yes one time in `times`.
    pub fn seldom(&mut self, times: u32) -> bool {
        self.up_to(times - 1) == 1
    }
}

/// A row of bits.
#[derive(Debug, Default, Clone)]
pub struct Bits(Vec<bool>);

impl Bits {
    /// `u(n)`.
    pub fn u(&mut self, count: u32, value: u32) -> &mut Self {
        self.0.extend((0..count).rev().map(|place| value.checked_shr(place).unwrap_or(0) & 1 == 1));
        self
    }

    /// A flag; returns it.
    pub fn flag(&mut self, value: bool) -> bool {
        self.0.push(value);
        value
    }

    /// `ue(v)` (ITU-T H.265 9.2); returns the value.
    pub fn ue(&mut self, value: u32) -> u32 {
        let code = value + 1;
        let length = u32::BITS - code.leading_zeros();
        self.u(length - 1, 0).u(length, code);
        value
    }

    /// `se(v)` (9.2.2).
    pub fn se(&mut self, value: i32) {
        self.ue(if value > 0 { value.unsigned_abs() * 2 - 1 } else { value.unsigned_abs() * 2 });
    }

    /// Writes other bits behind these.
    pub fn append(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }

    /// The bytes, after a one and zeros up to a byte: `byte_alignment()` and `rbsp_trailing_bits()` alike.
    pub fn aligned(&self) -> Vec<u8> {
        let mut bits = self.0.clone();
        bits.push(true);
        bits.resize(bits.len().next_multiple_of(8), false);
        bits.chunks(8).map(|byte| byte.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit))).collect()
    }
}

/// Ceil(Log2(count)).
pub fn index_bits(count: u32) -> u32 {
    (0..32).find(|bits| 1_u64 << bits >= u64::from(count)).unwrap()
}

/// A NAL unit of these bytes behind a header of `kind`: with emulation prevention (7.4.2).
pub fn nal(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut nal = vec![kind << 1, 1];
    let mut zeros = 0;
    for byte in payload {
        if zeros == 2 && *byte <= 3 {
            nal.push(3);
            zeros = 0;
        }
        nal.push(*byte);
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
    }
    nal
}
