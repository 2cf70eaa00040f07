//! The ciphers of `cbcs` and `cenc` (ISO/IEC 23001-7 9.4, 10.1, 10.4). They encrypt in place.

use aes::Aes128Enc;
use aes::cipher::{BlockCipherEncrypt, InnerIvInit, KeyInit, StreamCipher, StreamCipherCoreWrapper};
use ctr::{CtrCore, flavors::Ctr64BE};

use super::cbc_chains::{BLOCK, CbcChains};
use super::key::ContentKey;
use super::scheme::{Mode, Pattern, TrackEncryption};

/// The cipher for the samples of one track.
#[derive(Debug)]
pub struct SampleCipher {
    cipher: Aes128Enc,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Cbcs { iv: [u8; BLOCK], pattern: Pattern },
    Cenc { first_iv: u64 },
}

impl SampleCipher {
    /// Creates the cipher of a track.
    #[must_use]
    pub fn new(key: &ContentKey, encryption: &TrackEncryption) -> Self {
        let cipher = Aes128Enc::new(key.expose().into());
        let kind = match encryption.mode {
            Mode::Cbcs { iv, pattern } => Kind::Cbcs { iv: *iv.as_bytes(), pattern },
            Mode::Cenc { first_iv } => Kind::Cenc { first_iv },
        };
        Self { cipher, kind }
    }

    /// Encrypts protected ranges in place. Each range comes with the number of its sample in the track, from 0.
    ///
    /// The ranges of a sample must be consecutive and in order: with `cenc`, the counter continues through them. With `cbcs`,
    /// each range is a separate chain, and chains are encrypted in parallel: pass as many as possible in one call.
    pub fn encrypt<'b>(&self, protected: impl Iterator<Item = (u32, &'b mut [u8])>) {
        match self.kind {
            Kind::Cbcs { iv, pattern } => {
                let ranges = protected.map(|(_, range)| range);
                self.cipher.encrypt_with_backend(CbcChains { iv, pattern, ranges });
            }
            Kind::Cenc { first_iv } => {
                let mut current = None;
                for (number, range) in protected {
                    if current.as_ref().is_none_or(|(sample, _)| *sample != number) {
                        current = Some((number, self.keystream(iv_of(first_iv, number))));
                    }
                    if let Some((_, keystream)) = &mut current {
                        keystream.apply_keystream(range);
                    }
                }
            }
        }
    }

    /// Returns the IV of the track's sample `number`; `None` when the IV is constant.
    #[must_use]
    pub fn iv(&self, number: u32) -> Option<u64> {
        match self.kind {
            Kind::Cbcs { .. } => None,
            Kind::Cenc { first_iv } => Some(iv_of(first_iv, number)),
        }
    }

    /// Returns the keystream of a sample in counter mode: a 64-bit IV and a 64-bit block counter.
    fn keystream(&self, iv: u64) -> StreamCipherCoreWrapper<CtrCore<Aes128Enc, Ctr64BE>> {
        let counter = u128::from(iv) << 64;
        let core = CtrCore::inner_iv_init(self.cipher.clone(), &counter.to_be_bytes().into());
        StreamCipherCoreWrapper::from_core(core)
    }
}

/// Returns the IV of the sample `number`. The first IV may be any number, so it wraps.
fn iv_of(first_iv: u64, number: u32) -> u64 {
    first_iv.wrapping_add(u64::from(number))
}

#[cfg(test)]
mod tests {
    use super::super::iv::ConstantIv;
    use super::super::key_id::KeyId;
    use super::*;

    /// AES-128 CBC, NIST SP 800-38A F.2.1.
    const KEY: [u8; 16] = *b"\x2b\x7e\x15\x16\x28\xae\xd2\xa6\xab\xf7\x15\x88\x09\xcf\x4f\x3c";
    const IV: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    const PLAIN: [u8; 32] = *b"\x6b\xc1\xbe\xe2\x2e\x40\x9f\x96\xe9\x3d\x7e\x11\x73\x93\x17\x2a\
        \xae\x2d\x8a\x57\x1e\x03\xac\x9c\x9e\xb7\x6f\xac\x45\xaf\x8e\x51";
    const CIPHER: [u8; 32] = *b"\x76\x49\xab\xac\x81\x19\xb2\x46\xce\xe9\x8e\x9b\x12\xe9\x19\x7d\
        \x50\x86\xcb\x9b\x50\x72\x19\xee\x95\xdb\x11\x3a\x91\x76\x78\xb2";

    fn cipher(pattern: Pattern) -> SampleCipher {
        let kid = KeyId::new([9; 16]).unwrap();
        let mode = Mode::Cbcs { iv: ConstantIv::new(IV), pattern };
        SampleCipher::new(&ContentKey::new(KEY), &TrackEncryption { kid, mode })
    }

    fn encrypted(pattern: Pattern, mut range: Vec<u8>) -> Vec<u8> {
        cipher(pattern).encrypt(std::iter::once((0, range.as_mut_slice())));
        range
    }

    #[test]
    fn full_sample_encryption_is_plain_cbc_and_leaves_a_partial_block_clear() {
        let sample = [&PLAIN[..], b"tail"].concat();
        assert_eq!(encrypted(Pattern::FULL_SAMPLE, sample), [&CIPHER[..], b"tail"].concat());
    }

    #[test]
    fn a_pattern_chains_encrypted_blocks_only() {
        let (first, second) = PLAIN.split_at(16);
        let skipped = [7; 144];
        let range = [first, &skipped, second, &[9; 20]].concat();
        let expected = [&CIPHER[..16], &skipped, &CIPHER[16..], &[9; 20]].concat();
        assert_eq!(encrypted(Pattern::VIDEO, range), expected);
    }

    #[test]
    fn less_than_a_block_stays_clear() {
        assert_eq!(encrypted(Pattern::VIDEO, vec![1; 15]), [1; 15]);
    }

    /// Encrypts one range, block by block: the reference model (ISO/IEC 23001-7 9.4, 9.6).
    fn encrypt_alone(pattern: Pattern, range: &mut [u8]) {
        let cipher = Aes128Enc::new(&KEY.into());
        let (crypt, period) = (usize::from(pattern.crypt), usize::from(pattern.crypt + pattern.skip));
        let mut previous = IV;
        for (number, block) in range.as_chunks_mut::<BLOCK>().0.iter_mut().enumerate() {
            if pattern.skip == 0 || number % period < crypt {
                let mut state = std::array::from_fn(|at| block[at] ^ previous[at]).into();
                cipher.encrypt_block(&mut state);
                previous = state.into();
                *block = previous;
            }
        }
    }

    #[test]
    fn ranges_in_parallel_are_encrypted_like_each_alone() {
        let patterns =
            [Pattern::VIDEO, Pattern::FULL_SAMPLE, Pattern { crypt: 3, skip: 2 }, Pattern { crypt: 0, skip: 1 }];
        for pattern in patterns {
            for count in [0, 1, 7, 8, 9, 40] {
                let lengths = (0..count).map(|number: usize| number * number * 31 % 700);
                let ranges: Vec<Vec<u8>> =
                    lengths.map(|length| (0..length).map(|at| (at * 7) as u8).collect()).collect();
                let (mut together, mut alone) = (ranges.clone(), ranges);
                cipher(pattern).encrypt((0..).zip(together.iter_mut().map(Vec::as_mut_slice)));
                alone.iter_mut().for_each(|range| encrypt_alone(pattern, range));
                assert_eq!(together, alone, "{count} ranges by {pattern:?}");
            }
        }
    }

    #[test]
    fn the_counter_continues_through_the_ranges_of_a_sample() {
        let kid = KeyId::new([9; 16]).unwrap();
        let encryption = TrackEncryption { kid, mode: Mode::Cenc { first_iv: 5 } };
        let cipher = SampleCipher::new(&ContentKey::new(KEY), &encryption);
        let (mut whole, mut first, mut second, mut next) = ([0; 32], [0; 16], [0; 16], [0; 16]);
        cipher.encrypt([(3, whole.as_mut_slice())].into_iter());
        cipher.encrypt([(3, first.as_mut_slice()), (3, &mut second), (4, &mut next)].into_iter());
        assert_eq!([first, second].concat(), whole);
        // The first block of the keystream is the encrypted counter block: IV 8, block 0; the next sample has IV 9.
        let counter = |iv: u128| {
            let mut block = (iv << 64).to_be_bytes().into();
            Aes128Enc::new(&KEY.into()).encrypt_block(&mut block);
            <[u8; BLOCK]>::from(block)
        };
        assert_eq!((first, next), (counter(8), counter(9)));
        assert_eq!(cipher.iv(3), Some(8));
    }
}
