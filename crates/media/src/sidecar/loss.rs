//! What the conversion to WebVTT leaves out.

use std::collections::BTreeMap;

/// A feature of a subtitle format that WebVTT files of a package do not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Loss {
    /// Colours of text and background.
    Colours,
    /// Font families, sizes and effects.
    Fonts,
    /// Positions that differ from centred lines.
    Positions,
    /// Bitmap images.
    Images,
    /// Ruby annotations and other layouts of text.
    Layouts,
    /// Styles and positions that change while a cue is shown.
    Animations,
    /// Captions of another channel than the first (CC1).
    Channels,
}

impl Loss {
    fn name(self) -> &'static str {
        match self {
            Self::Colours => "colours",
            Self::Fonts => "fonts",
            Self::Positions => "exact positions",
            Self::Images => "images",
            Self::Layouts => "ruby and vertical text",
            Self::Animations => "animations",
            Self::Channels => "caption channels other than CC1",
        }
    }
}

/// The losses of a file, with the number of times that each occurs.
#[derive(Debug, Clone, Default)]
pub(super) struct Losses {
    counts: BTreeMap<Loss, u64>,
    /// Cues that are dropped because they end when they start.
    pub(super) zero_length_cues: u64,
}

impl Losses {
    /// Counts a loss.
    pub(super) fn add(&mut self, loss: Loss) {
        let count = self.counts.entry(loss).or_default();
        *count = count.saturating_add(1);
    }

    /// Returns the losses as text, such as `colours (12), fonts (3)`; `None` without any.
    pub(super) fn description(&self) -> Option<String> {
        let losses: Vec<String> =
            self.counts.iter().map(|(loss, count)| format!("{} ({count})", loss.name())).collect();
        (!losses.is_empty()).then(|| losses.join(", "))
    }
}
