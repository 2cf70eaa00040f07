//! AES-CBC chains of `cbcs`, several side by side.
//!
//! # Why side by side
//!
//! A block of a chain cannot be encrypted before the one in front of it. That takes some forty cycles of the processor, in
//! which its AES unit could take a new block every five. But with a constant IV every protected range is a chain of its own,
//! which depends on no other. So eight chains advance in turn, a block each, and the processor overlaps what it can: by
//! itself, for nothing in one lane waits for another.
//!
//! # The loop
//!
//! All of it runs inside the cipher's backend, where it is known which instructions there are; to ask for each block would
//! cost as much as the block. Lanes advance together by as many blocks as the shortest chain has left; then chains that have
//! ended make room for the next ones.

use aes::cipher::consts::U16;
use aes::cipher::{Block, BlockCipherEncBackend, BlockCipherEncClosure, BlockSizeUser};

use super::Pattern;

/// Bytes of an AES block.
pub(super) const BLOCK: usize = 16;

/// CbcChains that advance side by side: as many as hide what one block waits for the one before.
const LANES: usize = 8;

/// Encrypts protected ranges in place, each as a chain that begins with `iv`. A last partial block stays clear.
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
        let run = Run::of(self.pattern);
        let mut waiting = self.ranges.map(|range| Lane::new(range, self.iv, run)).filter(|lane| lane.left > 0);
        let mut lanes: Vec<Lane<'b>> = waiting.by_ref().take(LANES).collect();
        while let Some(steps) = lanes.iter().map(|lane| lane.left).min() {
            for _ in 0..steps {
                for lane in &mut lanes {
                    lane.step(run, backend);
                }
            }
            lanes.retain_mut(|lane| {
                lane.left = lane.left.saturating_sub(steps);
                lane.left > 0 || waiting.next().map(|next| *lane = next).is_some()
            });
        }
    }
}

/// The pattern in blocks: so many are encrypted, so many stepped over.
#[derive(Debug, Clone, Copy)]
struct Run {
    crypt: usize,
    skip: usize,
}

impl Run {
    fn of(pattern: Pattern) -> Self {
        let (crypt, skip) = (usize::from(pattern.crypt), usize::from(pattern.skip));
        if skip == 0 { Self { crypt: usize::MAX, skip } } else { Self { crypt, skip } }
    }

    /// How many of `blocks` are encrypted.
    fn encrypted(self, blocks: usize) -> usize {
        let period = self.crypt.saturating_add(self.skip);
        let (whole, rest) = (blocks.checked_div(period), blocks.checked_rem(period));
        whole.unwrap_or(0).saturating_mul(self.crypt).saturating_add(rest.unwrap_or(0).min(self.crypt))
    }
}

/// A chain on its way.
struct Lane<'b> {
    blocks: std::slice::IterMut<'b, [u8; BLOCK]>,
    /// Blocks still to be encrypted.
    left: usize,
    /// Those of them before the next are stepped over.
    run: usize,
    /// The last block that was encrypted, or the IV.
    last: [u8; BLOCK],
}

impl<'b> Lane<'b> {
    fn new(range: &'b mut [u8], iv: [u8; BLOCK], run: Run) -> Self {
        let (blocks, _) = range.as_chunks_mut();
        let left = run.encrypted(blocks.len());
        Self { blocks: blocks.iter_mut(), left, run: run.crypt, last: iv }
    }

    /// Encrypts its next block.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "it is the inner loop of a backend")]
    fn step<B: BlockCipherEncBackend<BlockSize = U16>>(&mut self, run: Run, backend: &B) {
        let next = if self.run == 0 {
            self.run = run.crypt;
            self.blocks.nth(run.skip)
        } else {
            self.blocks.next()
        };
        self.run = self.run.saturating_sub(1);
        let Some(block) = next else { return };
        let mut state: Block<B> = self.last.into();
        state.iter_mut().zip(&*block).for_each(|(state, clear)| *state ^= clear);
        backend.encrypt_block_inplace(&mut state);
        self.last = state.into();
        *block = self.last;
    }
}
