//! Parallel AES-CBC chains, for `cbcs`.
//!
//! # Why in parallel
//!
//! A block of a chain cannot be encrypted before the block that precedes it. One block takes about forty cycles of the
//! processor, and its AES unit could start a new block every five. With a constant IV, every protected range is an independent
//! chain. So eight chains advance by one block in turn, and the processor overlaps their blocks, because they do not depend on
//! each other.
//!
//! # The loop
//!
//! The whole loop runs inside the cipher's backend, where the available instructions are known; one call for each block would
//! cost as much as the block. All chains advance by as many blocks as the shortest has left. Then chains that have not started
//! replace the ones that have ended.

use aes::cipher::consts::U16;
use aes::cipher::{Block, BlockCipherEncBackend, BlockCipherEncClosure, BlockSizeUser};

use super::scheme::Pattern;

/// Bytes of an AES block.
pub(super) const BLOCK: usize = 16;

/// Chains that advance in parallel: enough to hide the latency of one block.
const PARALLEL_CHAINS: usize = 8;

/// An encryptor of protected ranges in place: each range is a chain that starts with `iv`. A partial block at the end stays
/// clear.
pub(super) struct CbcChains<R> {
    pub(super) iv: [u8; BLOCK],
    pub(super) pattern: Pattern,
    pub(super) ranges: R,
}

impl<R> BlockSizeUser for CbcChains<R> {
    type BlockSize = U16;
}

impl<'b, R: Iterator<Item = &'b mut [u8]>> BlockCipherEncClosure for CbcChains<R> {
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "it must be compiled with the instructions of the backend")]
    fn call<B: BlockCipherEncBackend<BlockSize = U16>>(self, backend: &B) {
        let pattern = BlockPattern::new(self.pattern);
        let chains = self.ranges.map(|range| Chain::new(range, self.iv, pattern));
        let mut waiting = chains.filter(|chain| chain.blocks_left > 0);
        let mut active: Vec<Chain<'b>> = waiting.by_ref().take(PARALLEL_CHAINS).collect();
        while let Some(steps) = active.iter().map(|chain| chain.blocks_left).min() {
            for _ in 0..steps {
                for chain in &mut active {
                    chain.step(pattern, backend);
                }
            }
            active.retain_mut(|chain| {
                // `steps` is the smallest `blocks_left` of all.
                chain.blocks_left = chain.blocks_left.saturating_sub(steps);
                chain.blocks_left > 0 || waiting.next().map(|next| *chain = next).is_some()
            });
        }
    }
}

/// The pattern in blocks: `crypt` blocks are encrypted, then `skip` blocks stay clear.
#[derive(Debug, Clone, Copy)]
struct BlockPattern {
    crypt: usize,
    skip: usize,
}

impl BlockPattern {
    fn new(pattern: Pattern) -> Self {
        let (crypt, skip) = (usize::from(pattern.crypt), usize::from(pattern.skip));
        // Without clear blocks, one period is longer than any range.
        if skip == 0 { Self { crypt: usize::MAX, skip } } else { Self { crypt, skip } }
    }

    /// Returns how many of `blocks` are encrypted.
    fn encrypted(self, blocks: usize) -> usize {
        // Only `usize::MAX + 0` and sums of two bytes occur, and no product is larger than `blocks`.
        let period = self.crypt.saturating_add(self.skip);
        let (whole, rest) = (blocks.checked_div(period), blocks.checked_rem(period));
        whole.unwrap_or(0).saturating_mul(self.crypt).saturating_add(rest.unwrap_or(0).min(self.crypt))
    }
}

/// A chain in progress.
struct Chain<'b> {
    blocks: std::slice::IterMut<'b, [u8; BLOCK]>,
    /// Blocks still to be encrypted.
    blocks_left: usize,
    /// Blocks to encrypt before the next clear ones.
    until_skip: usize,
    /// The last encrypted block, or the IV.
    previous: [u8; BLOCK],
}

impl<'b> Chain<'b> {
    fn new(range: &'b mut [u8], iv: [u8; BLOCK], pattern: BlockPattern) -> Self {
        let (blocks, _) = range.as_chunks_mut();
        let blocks_left = pattern.encrypted(blocks.len());
        Self { blocks: blocks.iter_mut(), blocks_left, until_skip: pattern.crypt, previous: iv }
    }

    /// Encrypts the next block.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "it is the inner loop of a backend")]
    fn step<B: BlockCipherEncBackend<BlockSize = U16>>(&mut self, pattern: BlockPattern, backend: &B) {
        let next = if self.until_skip == 0 {
            self.until_skip = pattern.crypt;
            self.blocks.nth(pattern.skip)
        } else {
            self.blocks.next()
        };
        // A pattern that encrypts no block starts no chain, so this is at least one.
        self.until_skip = self.until_skip.saturating_sub(1);
        let Some(block) = next else { return };
        let mut state: Block<B> = self.previous.into();
        state.iter_mut().zip(&*block).for_each(|(state, clear)| *state ^= clear);
        backend.encrypt_block_inplace(&mut state);
        self.previous = state.into();
        *block = self.previous;
    }
}
