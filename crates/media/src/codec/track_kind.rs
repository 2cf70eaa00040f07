//! The kind of a track, from its handler (ISO/IEC 14496-12 8.4.3).

use serde::{Deserialize, Serialize};

/// The kind of media that a track contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TrackKind {
    /// Handler `vide`.
    Video,
    /// Handler `soun`.
    Audio,
    /// Handlers `text`, `sbtl` and `subt`: subtitles.
    Text,
}
