//! The ciphers of `cbcs` and `cenc` (ISO/IEC 23001-7 9.4, 10.1, 10.4), in place.

use std::ops::Range;

use aes::Aes128;
use aes::cipher::{Block, BlockCipherEncrypt, InnerIvInit, KeyInit, StreamCipher, StreamCipherCoreWrapper};
use ctr::{CtrCore, flavors::Ctr64BE};

use super::{ConstantIv, ContentKey, Mode, Pattern, TrackEncryption};

/// Bytes of an AES block.
const BLOCK: usize = 16;

/// Encrypts the samples of one track.
#[derive(Debug)]
pub struct SampleCipher(Kind);

#[derive(Debug)]
enum Kind {
    Cbcs(Cbcs, Pattern),
    Cenc(Cenc),
}

impl SampleCipher {
    /// The cipher of a track with its key.
    #[must_use]
    pub fn new(key: &ContentKey, encryption: &TrackEncryption) -> Self {
        Self(match encryption.mode {
            Mode::Cbcs { iv, pattern } => Kind::Cbcs(Cbcs::new(key, &iv), pattern),
            Mode::Cenc { first_iv } => Kind::Cenc(Cenc { cipher: Aes128::new(key.expose().into()), first_iv }),
        })
    }

    /// Encrypts the protected `ranges` of the track's sample `number` (from 0) in place.
    pub fn encrypt(&self, sample: &mut [u8], ranges: &[Range<usize>], number: u32) {
        let mut each = |encrypt: &mut dyn FnMut(&mut [u8])| {
            for range in ranges {
                if let Some(range) = sample.get_mut(range.clone()) {
                    encrypt(range);
                }
            }
        };
        match &self.0 {
            Kind::Cbcs(cipher, pattern) => each(&mut |range| cipher.encrypt(range, *pattern)),
            Kind::Cenc(cipher) => {
                // One run of counters through all ranges of the sample.
                let mut keystream = cipher.keystream(number);
                each(&mut |range| keystream.apply_keystream(range));
            }
        }
    }

    /// The IV that goes with the track's sample `number` into the file, where there is one for each.
    #[must_use]
    pub fn iv(&self, number: u32) -> Option<u64> {
        match &self.0 {
            Kind::Cbcs(..) => None,
            Kind::Cenc(cipher) => Some(cipher.iv(number)),
        }
    }
}

/// Counter mode: an IV of 64 bits for each sample, and 64 bits that count its blocks.
#[derive(Debug)]
struct Cenc {
    cipher: Aes128,
    first_iv: u64,
}

impl Cenc {
    fn iv(&self, number: u32) -> u64 {
        self.first_iv.wrapping_add(u64::from(number))
    }

    fn keystream(&self, number: u32) -> StreamCipherCoreWrapper<CtrCore<Aes128, Ctr64BE>> {
        let counter = u128::from(self.iv(number)) << 64;
        let core = CtrCore::inner_iv_init(self.cipher.clone(), &counter.to_be_bytes().into());
        StreamCipherCoreWrapper::from_core(core)
    }
}

/// Encrypts protected ranges with one key and one constant IV.
#[derive(Debug)]
struct Cbcs {
    cipher: Aes128,
    iv: [u8; BLOCK],
}

impl Cbcs {
    /// The cipher of a key and its IV.
    fn new(key: &ContentKey, iv: &ConstantIv) -> Self {
        Self { cipher: Aes128::new(key.expose().into()), iv: *iv.as_bytes() }
    }

    /// Encrypts one protected range in place: a chain of its own that begins with the IV. A last partial block stays clear.
    fn encrypt(&self, range: &mut [u8], pattern: Pattern) {
        let (blocks, _) = range.as_chunks_mut::<BLOCK>();
        let mut previous = u128::from_ne_bytes(self.iv);
        if pattern.skip == 0 {
            blocks.iter_mut().for_each(|block| previous = self.chain(block, previous));
            return;
        }
        let period = usize::from(pattern.crypt).saturating_add(usize::from(pattern.skip));
        for group in blocks.chunks_mut(period) {
            let crypt = group.iter_mut().take(usize::from(pattern.crypt));
            crypt.for_each(|block| previous = self.chain(block, previous));
        }
    }

    /// Encrypts one block of a chain, and returns it as what the next block is chained to.
    #[inline]
    fn chain(&self, block: &mut [u8; BLOCK], previous: u128) -> u128 {
        let mut state: Block<Aes128> = (u128::from_ne_bytes(*block) ^ previous).to_ne_bytes().into();
        self.cipher.encrypt_block(&mut state);
        *block = state.into();
        u128::from_ne_bytes(*block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AES-128 CBC, NIST SP 800-38A F.2.1.
    const KEY: [u8; 16] = *b"\x2b\x7e\x15\x16\x28\xae\xd2\xa6\xab\xf7\x15\x88\x09\xcf\x4f\x3c";
    const IV: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    const PLAIN: [u8; 32] = *b"\x6b\xc1\xbe\xe2\x2e\x40\x9f\x96\xe9\x3d\x7e\x11\x73\x93\x17\x2a\
        \xae\x2d\x8a\x57\x1e\x03\xac\x9c\x9e\xb7\x6f\xac\x45\xaf\x8e\x51";
    const CIPHER: [u8; 32] = *b"\x76\x49\xab\xac\x81\x19\xb2\x46\xce\xe9\x8e\x9b\x12\xe9\x19\x7d\
        \x50\x86\xcb\x9b\x50\x72\x19\xee\x95\xdb\x11\x3a\x91\x76\x78\xb2";

    fn cipher() -> Cbcs {
        Cbcs::new(&ContentKey::new(KEY), &ConstantIv::new(IV))
    }

    #[test]
    fn a_full_sample_is_plain_cbc_with_its_tail_clear() {
        let mut sample = [&PLAIN[..], b"tail"].concat();
        cipher().encrypt(&mut sample, Pattern::FULL_SAMPLE);
        assert_eq!(sample, [&CIPHER[..], b"tail"].concat());
    }

    #[test]
    fn a_pattern_chains_from_encrypted_block_to_encrypted_block() {
        let (first, second) = PLAIN.split_at(16);
        let skipped = [7; 144];
        let mut range = [first, &skipped, second, &[9; 20]].concat();
        cipher().encrypt(&mut range, Pattern::VIDEO);
        assert_eq!(range, [&CIPHER[..16], &skipped, &CIPHER[16..], &[9; 20]].concat());
    }

    #[test]
    fn counters_run_on_through_the_ranges_of_a_sample() {
        let kid = super::super::KeyId::new([9; 16]).unwrap();
        let encryption = TrackEncryption { kid, mode: Mode::Cenc { first_iv: 5 } };
        let cipher = SampleCipher::new(&ContentKey::new(KEY), &encryption);
        let encrypted = |ranges: &[Range<usize>]| {
            let mut sample = [0; 64];
            cipher.encrypt(&mut sample, ranges, 3);
            sample
        };
        let whole = encrypted(&[0..64]);
        let parts = encrypted(&[16..32, 48..64]);
        assert_eq!((&parts[16..32], &parts[48..]), (&whole[..16], &whole[16..32]));
        assert_eq!((&parts[..16], &parts[32..48]), (&[0; 16][..], &[0; 16][..]));
        // The first block of the keystream is the encrypted counter block: IV 8, block 0.
        let mut block: Block<Aes128> = (8_u128 << 64).to_be_bytes().into();
        Aes128::new(&KEY.into()).encrypt_block(&mut block);
        assert_eq!(whole[..16], block[..]);
        assert_eq!(cipher.iv(3), Some(8));
    }

    #[test]
    fn less_than_a_block_stays_clear() {
        let mut range = [1; 15];
        cipher().encrypt(&mut range, Pattern::VIDEO);
        assert_eq!(range, [1; 15]);
    }
}
