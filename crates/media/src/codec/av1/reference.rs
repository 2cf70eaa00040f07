//! What frames leave behind for those that refer to them (AV1 7.20), as far as headers depend on it.

/// Slots that frames are kept in (`NUM_REF_FRAMES`).
pub(super) const SLOTS: usize = 8;

/// Frames that a frame refers to (`REFS_PER_FRAME`).
pub(super) const REFERENCES: usize = 7;

/// Segments of a frame (`MAX_SEGMENTS`).
pub(super) const SEGMENTS: usize = 8;

/// The slots.
#[derive(Debug, Clone, Default)]
pub(super) struct References {
    slots: [Slot; SLOTS],
}

/// A slot: `RefOrderHint`, and the frame in it, if there is one.
#[derive(Debug, Clone, Default)]
pub(super) struct Slot {
    pub(super) order_hint: u32,
    pub(super) frame: Option<Saved>,
}

/// A frame that was decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Saved {
    pub(super) is_key: bool,
    pub(super) size: FrameSize,
    pub(super) quantizer_deltas: QuantizerDeltas,
    pub(super) motion: Motion,
}

/// Size in pixels, before and after super-resolution makes it wider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct FrameSize {
    pub(super) width: u32,
    pub(super) upscaled_width: u32,
    pub(super) height: u32,
}

/// What segments add to the quantizer (`SEG_LVL_ALT_Q`), where they do.
pub(super) type QuantizerDeltas = [Option<i32>; SEGMENTS];

/// `gm_params`: six numbers for each reference.
pub(super) type Motion = [[i32; 6]; REFERENCES];

/// No motion: the identity.
pub(super) const STILL: Motion = [[0, 0, 1 << 16, 0, 0, 1 << 16]; REFERENCES];

impl References {
    /// The slot of this number.
    pub(super) fn slot(&self, number: usize) -> Option<&Slot> {
        self.slots.get(number)
    }

    /// The frame in the slot of this number.
    pub(super) fn frame(&self, number: usize) -> Option<&Saved> {
        self.slot(number)?.frame.as_ref()
    }

    /// Order hints of all slots.
    pub(super) fn order_hints(&self) -> [u32; SLOTS] {
        self.slots.each_ref().map(|slot| slot.order_hint)
    }

    /// A key frame that is shown empties all slots.
    pub(super) fn forget(&mut self) {
        self.slots = std::array::from_fn(|_| Slot::default());
    }

    /// States the order hint of a slot; a frame of another one is not what the stream means.
    pub(super) fn expect(&mut self, number: usize, order_hint: u32) {
        if let Some(slot) = self.slots.get_mut(number).filter(|slot| slot.order_hint != order_hint) {
            *slot = Slot { order_hint, frame: None };
        }
    }

    /// Puts a frame into the slots named by the bits of `refresh_frame_flags`.
    pub(super) fn refresh(&mut self, flags: u8, slot: &Slot) {
        let mut flags = flags;
        for own in &mut self.slots {
            if flags & 1 == 1 {
                own.clone_from(slot);
            }
            flags >>= 1;
        }
    }

    /// Shows a frame again. A key frame so shown is as if it came now: it fills all slots.
    pub(super) fn show(&mut self, number: usize) -> Option<()> {
        let shown = self.slot(number)?.clone();
        if shown.frame.as_ref()?.is_key {
            self.refresh(u8::MAX, &shown);
        }
        Some(())
    }
}
