//! A cue, as WebVTT knows it, without its times: those are its sample's.

/// What is shown, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cue {
    /// `source_ID` (`vsid`): the same in samples that were one cue.
    pub(crate) source: Option<u32>,
    /// Identifier (`iden`); empty for none.
    pub(crate) id: String,
    /// Settings (`sttg`): place and alignment; empty for none.
    pub(crate) settings: String,
    /// The text with its tags (`payl`).
    pub(crate) text: String,
}
