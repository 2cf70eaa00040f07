//! What may be wrong with a movie that can be packaged.
//!
//! A warning is stored as its code and figures; its sentences are made when it is read.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Something about a movie that its owner may want to change. `Display` says what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are named by what they count, and shown in Display")]
pub enum Warning {
    /// The index lies behind the media.
    NoFaststart,
    /// A work unit takes more byte ranges than a worker reads at once.
    PoorInterleaving { ranges: u32 },
    /// Tracks begin or end more than half a second apart.
    UnequalTracks { starts_apart_ms: i64, ends_apart_ms: i64 },
    /// A segment lasts more than half as long again as asked.
    LongGroups { track_id: u32, longest_ms: u64, asked_ms: u64 },
    /// Some groups of pictures are open.
    OpenGroups { track_id: u32, open: u64, groups: u64 },
    /// Pictures last unequally long.
    VariableFrameRate { track_id: u32, shortest_us: u64, longest_us: u64 },
    /// The edit list begins inside a group of pictures.
    TrimmedStart { track_id: u32, hidden_ms: u64 },
    /// The edit list ends before the media.
    TrimmedEnd { track_id: u32, presented_ms: u64 },
    /// Parameter sets lie in the samples: `avc3`, `hev1`, `dvhe`.
    ParameterSetsInBand { track_id: u32, codecs: String },
    /// The track has several sample descriptions.
    ParametersChange { track_id: u32, descriptions: u32 },
    /// No standard says how the codec is encrypted with `cbcs`.
    CbcsUndefined { track_id: u32, codecs: String },
    /// A track is not packaged.
    TrackLeftOut { track_id: u32, handler: String, reason: String },
}

impl Warning {
    /// The stable code, for programs and tables.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoFaststart => "no_faststart",
            Self::PoorInterleaving { .. } => "poor_interleaving",
            Self::UnequalTracks { .. } => "unequal_tracks",
            Self::LongGroups { .. } => "long_groups",
            Self::OpenGroups { .. } => "open_groups",
            Self::VariableFrameRate { .. } => "variable_frame_rate",
            Self::TrimmedStart { .. } => "trimmed_start",
            Self::TrimmedEnd { .. } => "trimmed_end",
            Self::ParameterSetsInBand { .. } => "parameter_sets_in_band",
            Self::ParametersChange { .. } => "parameters_change",
            Self::CbcsUndefined { .. } => "cbcs_undefined",
            Self::TrackLeftOut { .. } => "track_left_out",
        }
    }

    /// The track it is about; `None` when it is about the file.
    #[must_use]
    pub fn track_id(&self) -> Option<u32> {
        match self {
            Self::NoFaststart | Self::PoorInterleaving { .. } | Self::UnequalTracks { .. } => None,
            Self::LongGroups { track_id, .. }
            | Self::OpenGroups { track_id, .. }
            | Self::VariableFrameRate { track_id, .. }
            | Self::TrimmedStart { track_id, .. }
            | Self::TrimmedEnd { track_id, .. }
            | Self::ParameterSetsInBand { track_id, .. }
            | Self::ParametersChange { track_id, .. }
            | Self::CbcsUndefined { track_id, .. }
            | Self::TrackLeftOut { track_id, .. } => Some(*track_id),
        }
    }

    /// What can be done about it.
    #[must_use]
    pub fn action(&self) -> &'static str {
        match self {
            Self::NoFaststart => {
                "nothing for the stream; to play the file itself from a server, write it with faststart"
            }
            Self::PoorInterleaving { .. } => {
                "remux the file, so that its tracks lie side by side and nothing else between them"
            }
            Self::UnequalTracks { .. } => "if it is not meant, trim the tracks to the same length",
            Self::LongGroups { .. } => {
                "encode with a key picture at least every segment duration, or ask for longer segments"
            }
            Self::OpenGroups { .. } => "for seeking without missing pictures, encode with closed groups of pictures",
            Self::VariableFrameRate { .. } => {
                "nothing for playback; for editing and ladders, encode at a constant frame rate"
            }
            Self::TrimmedStart { .. } => {
                "to begin exactly at the cut in every player, encode from there with a key picture first"
            }
            Self::TrimmedEnd { .. } => "remux or encode with the end cut off",
            Self::ParameterSetsInBand { .. } => {
                "for Apple's players, remux as avc1 or hvc1 with the parameter sets in the sample entry"
            }
            Self::ParametersChange { .. } => {
                "test it in the players that matter, or encode it with one set of parameters"
            }
            Self::CbcsUndefined { .. } => "ask for cenc, or for a clear package",
            Self::TrackLeftOut { .. } => "nothing, if it is not needed",
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFaststart => f.write_str("the index (moov box) lies behind the media"),
            Self::PoorInterleaving { ranges } => {
                write!(f, "the media lies so scattered that one work unit of work takes {ranges} reads")
            }
            Self::UnequalTracks { starts_apart_ms, ends_apart_ms } => {
                write!(f, "the tracks begin up to {starts_apart_ms} ms apart and end up to {ends_apart_ms} ms apart")
            }
            Self::LongGroups { track_id, longest_ms, asked_ms } => write!(
                f,
                "key pictures of track {track_id} are so far apart that a segment lasts {longest_ms} ms where {asked_ms} ms were asked for"
            ),
            Self::OpenGroups { track_id, open, groups } => {
                write!(
                    f,
                    "{open} of the {groups} groups of pictures of track {track_id} are open: who enters there misses pictures"
                )
            }
            Self::VariableFrameRate { track_id, shortest_us, longest_us } => {
                write!(f, "pictures of track {track_id} last between {shortest_us} and {longest_us} microseconds")
            }
            Self::TrimmedStart { track_id, hidden_ms } => write!(
                f,
                "the edit list hides the first {hidden_ms} ms of track {track_id}: players in browsers begin up to one group of pictures late"
            ),
            Self::TrimmedEnd { track_id, presented_ms } => {
                write!(
                    f,
                    "track {track_id} goes on for {presented_ms} ms behind the end of its edit list, and is presented to its own end"
                )
            }
            Self::ParameterSetsInBand { track_id, codecs } => {
                write!(
                    f,
                    "the parameter sets of track {track_id} lie in its samples ({codecs}), which Apple's players do not take"
                )
            }
            Self::ParametersChange { track_id, descriptions } => {
                write!(
                    f,
                    "track {track_id} has {descriptions} sets of codec parameters, of which some players know the first only"
                )
            }
            Self::CbcsUndefined { track_id, codecs } => {
                write!(f, "track {track_id} is coded as {codecs}, for which the scheme cbcs is not defined")
            }
            Self::TrackLeftOut { track_id, handler, reason } => {
                write!(f, "track {track_id} ({handler}) is left out: {reason}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_stored_under_its_code() {
        let warning = Warning::OpenGroups { track_id: 1, open: 2, groups: 3 };
        let json = serde_json::to_value(&warning).unwrap();
        assert_eq!(json, serde_json::json!({"code": warning.code(), "track_id": 1, "open": 2, "groups": 3}));
        assert_eq!(serde_json::from_value::<Warning>(json).unwrap(), warning);
    }
}
