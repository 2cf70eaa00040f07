//! A writer of bit fields, and the choices of a generator.

/// Recorded choices, which a property test varies and shrinks. After the last of them, every choice is 0.
#[derive(Debug)]
pub struct Choices<'a> {
    recorded: std::slice::Iter<'a, u16>,
}

impl<'a> Choices<'a> {
    pub fn new(recorded: &'a [u16]) -> Self {
        Self { recorded: recorded.iter() }
    }

    /// Chooses a number from 0 to `most`.
    pub fn up_to(&mut self, most: u32) -> u32 {
        self.recorded.next().map_or(0, |choice| u32::from(*choice) % (most + 1))
    }

    /// Chooses true or false.
    pub fn flag(&mut self) -> bool {
        self.up_to(1) == 1
    }

    /// Chooses true one time in `times`.
    pub fn one_in(&mut self, times: u32) -> bool {
        self.up_to(times - 1) == 1
    }
}

/// Bits that have been written.
#[derive(Debug, Default, Clone)]
pub struct BitWriter(Vec<bool>);

impl BitWriter {
    /// Writes `u(n)`.
    pub fn u(&mut self, count: u32, value: u32) -> &mut Self {
        self.0.extend((0..count).rev().map(|place| value.checked_shr(place).unwrap_or(0) & 1 == 1));
        self
    }

    /// Writes a flag, and returns it.
    pub fn flag(&mut self, value: bool) -> bool {
        self.0.push(value);
        value
    }

    /// Writes `ue(v)` (ITU-T H.265 9.2), and returns the value.
    pub fn ue(&mut self, value: u32) -> u32 {
        let code = value + 1;
        let length = u32::BITS - code.leading_zeros();
        self.u(length - 1, 0).u(length, code);
        value
    }

    /// Writes `se(v)` (9.2.2).
    pub fn se(&mut self, value: i32) {
        self.ue(if value > 0 { value.unsigned_abs() * 2 - 1 } else { value.unsigned_abs() * 2 });
    }

    /// Appends ones up to a byte boundary.
    pub fn align_with_ones(&mut self) {
        self.0.resize(self.0.len().next_multiple_of(8), true);
    }

    /// Appends other bits.
    pub fn append(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }

    /// Returns the bytes, after a one and zeros up to a byte boundary: `byte_alignment()` and `rbsp_trailing_bits()`.
    pub fn aligned(&self) -> Vec<u8> {
        let mut bits = self.0.clone();
        bits.push(true);
        bits.resize(bits.len().next_multiple_of(8), false);
        bits.chunks(8).map(|byte| byte.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit))).collect()
    }
}

/// `Ceil(Log2(count))`.
pub fn ceil_log2(count: u32) -> u32 {
    (0..32).find(|bits| 1_u64 << bits >= u64::from(count)).unwrap()
}

/// Returns a NAL unit of a layer, and of a picture with this `TemporalId`.
pub fn in_layer(nal: &[u8], nuh_layer_id: u8, temporal_id: u32) -> Vec<u8> {
    let header = [nal[0] | nuh_layer_id >> 5, nuh_layer_id << 3 | (temporal_id + 1) as u8];
    [&header, &nal[2..]].concat()
}

/// Returns a NAL unit with this payload, with emulation prevention bytes (7.4.2).
pub fn nal(nal_unit_type: u8, payload: &[u8]) -> Vec<u8> {
    let mut nal = vec![nal_unit_type << 1, 1];
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
