//! The reference frames (AV1 7.20): the state of each slot that frame headers depend on.

/// Reference slots (`NUM_REF_FRAMES`).
pub(super) const SLOTS: usize = 8;

/// References of a frame (`REFS_PER_FRAME`).
pub(super) const REFS_PER_FRAME: usize = 7;

/// Segments of a frame (`MAX_SEGMENTS`).
pub(super) const MAX_SEGMENTS: usize = 8;

/// The reference slots.
#[derive(Debug, Clone, Default)]
pub(super) struct ReferenceFrames {
    slots: [Slot; SLOTS],
}

/// A slot: its `RefOrderHint`, and the frame in it, if there is one.
#[derive(Debug, Clone, Default)]
pub(super) struct Slot {
    pub(super) order_hint: u32,
    pub(super) frame: Option<SavedFrame>,
}

/// The state of a decoded frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SavedFrame {
    pub(super) is_key_frame: bool,
    pub(super) size: FrameSize,
    pub(super) segment_quantizers: SegmentQuantizers,
    pub(super) global_motion: GlobalMotion,
}

/// Size in pixels, before and after super-resolution upscales the width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct FrameSize {
    pub(super) width: u32,
    pub(super) upscaled_width: u32,
    pub(super) height: u32,
}

/// The quantizer delta of each segment (`SEG_LVL_ALT_Q`), if it has one.
pub(super) type SegmentQuantizers = [Option<i32>; MAX_SEGMENTS];

/// `gm_params`: six parameters for each reference.
pub(super) type GlobalMotion = [[i32; 6]; REFS_PER_FRAME];

/// The identity: no motion.
pub(super) const NO_MOTION: GlobalMotion = [[0, 0, 1 << 16, 0, 0, 1 << 16]; REFS_PER_FRAME];

impl ReferenceFrames {
    /// Returns the slot with this number.
    pub(super) fn slot(&self, number: usize) -> Option<&Slot> {
        self.slots.get(number)
    }

    /// Returns the frame in the slot with this number.
    pub(super) fn frame(&self, number: usize) -> Option<&SavedFrame> {
        self.slot(number)?.frame.as_ref()
    }

    /// Returns the order hints of all slots.
    pub(super) fn order_hints(&self) -> [u32; SLOTS] {
        self.slots.each_ref().map(|slot| slot.order_hint)
    }

    /// Empties all slots, because a key frame is shown.
    pub(super) fn clear(&mut self) {
        self.slots = std::array::from_fn(|_| Slot::default());
    }

    /// Applies the `ref_order_hint` that a header states for a slot. A frame with a different order hint is not the one that
    /// the stream refers to, so it is removed.
    pub(super) fn set_order_hint(&mut self, number: usize, order_hint: u32) {
        if let Some(slot) = self.slots.get_mut(number).filter(|slot| slot.order_hint != order_hint) {
            *slot = Slot { order_hint, frame: None };
        }
    }

    /// Stores a frame in the slots of `refresh_frame_flags`.
    pub(super) fn refresh(&mut self, refresh_frame_flags: u8, frame: &Slot) {
        for (number, slot) in self.slots.iter_mut().enumerate() {
            if refresh_frame_flags >> number & 1 == 1 {
                slot.clone_from(frame);
            }
        }
    }

    /// Applies `show_existing_frame`. A key frame that is shown this way is loaded again and fills all slots (7.21).
    pub(super) fn show_existing(&mut self, number: usize) -> Option<()> {
        let shown = self.slot(number)?.clone();
        if shown.frame.as_ref()?.is_key_frame {
            self.refresh(u8::MAX, &shown);
        }
        Some(())
    }
}
