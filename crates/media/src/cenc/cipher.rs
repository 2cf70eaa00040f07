//! The `cbcs` cipher (ISO/IEC 23001-7 10.4), in place.

use aes::Aes128;
use aes::cipher::{Block, BlockCipherEncrypt, KeyInit};

use super::{ConstantIv, ContentKey, Pattern};

/// Bytes of an AES block.
const BLOCK: usize = 16;

/// Encrypts protected ranges with one key and one constant IV.
#[derive(Debug)]
pub struct Cbcs {
    cipher: Aes128,
    iv: [u8; BLOCK],
}

impl Cbcs {
    /// The cipher of a key and its IV.
    #[must_use]
    pub fn new(key: &ContentKey, iv: &ConstantIv) -> Self {
        Self { cipher: Aes128::new(key.expose().into()), iv: *iv.as_bytes() }
    }

    /// Encrypts one protected range in place: a chain of its own that begins with the IV. A last partial block stays clear.
    pub fn encrypt(&self, range: &mut [u8], pattern: Pattern) {
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
    fn less_than_a_block_stays_clear() {
        let mut range = [1; 15];
        cipher().encrypt(&mut range, Pattern::VIDEO);
        assert_eq!(range, [1; 15]);
    }
}
