//! A WebVTT cue without its times, which belong to its sample.

/// The text and settings of a cue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cue {
    /// `source_ID` (`vsid`): the same in all samples that a cue was split into.
    pub(crate) source: Option<u32>,
    /// Identifier (`iden`); may be empty.
    pub(crate) id: String,
    /// Settings (`sttg`): position and alignment; may be empty.
    pub(crate) settings: String,
    /// Text with its tags (`payl`).
    pub(crate) text: String,
}
