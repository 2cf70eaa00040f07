//! Warnings: possible problems in the stream of a movie that can be packaged.
//!
//! A warning is stored as its code and its values. Its message and its action are written when it is shown.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A property of a movie that its owner may want to change. `Display` states what is wrong and where;
/// [`action`](Warning::action) states what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names of the fields state what they count, and Display shows them")]
pub enum Warning {
    /// The recording was interrupted: the file ends inside the box at `offset`, or in bytes that are not a box.
    RecordingCutShort { offset: u64, file_size: u64 },
    /// Boxes and sample groups of the file are not in the stream: their number, by type.
    BoxesDropped { boxes: BTreeMap<String, u64> },
    /// The index (`moov`) follows the media.
    NoFaststart,
    /// A work unit needs more byte ranges than a worker reads in parallel.
    PoorInterleaving { ranges: u32 },
    /// Tracks start or end more than half a second apart.
    TrackTimingMismatch { starts_apart_ms: i64, ends_apart_ms: i64 },
    /// A segment is more than 1.5 times as long as requested, because a group of pictures (GOP) is.
    LongGops { track_id: u32, longest_ms: u64, requested_ms: u64 },
    /// Some GOPs are open.
    OpenGops { track_id: u32, open: u64, gops: u64 },
    /// Frames have different durations.
    VariableFrameRate { track_id: u32, shortest_us: u64, longest_us: u64 },
    /// Frames consist of two fields, or are single fields.
    Interlaced { track_id: u32 },
    /// The edit list starts inside a GOP: frames before it are packaged to be decoded, and not presented.
    TrimmedStart { track_id: u32, hidden_ms: u64 },
    /// The edit list ends before the media: the rest is not packaged.
    TrimmedEnd {
        track_id: u32,
        #[serde(alias = "presented_ms")]
        hidden_ms: u64,
    },
    /// Parameter sets are in the samples: `avc3`, `hev1`, `dvhe`.
    InBandParameterSets { track_id: u32, codecs: String },
    /// The track has several sample descriptions.
    CodecParametersChange { track_id: u32, descriptions: u32 },
    /// No standard defines `cbcs` encryption for the codec.
    CbcsUndefined { track_id: u32, codecs: String },
    /// Every sample is smaller than a block, of which `cbcs` encrypts nothing.
    NothingToEncrypt { track_id: u32, samples: u64 },
    /// The encoding of a subtitle file is guessed.
    SubtitleEncodingGuessed { encoding: String },
    /// A subtitle file has features that its WebVTT file does not have.
    SubtitlesSimplified { format: String, lost: String },
    /// Cues of a subtitle file are left out.
    SubtitleCuesDropped { zero_length: u64, before_start: u64 },
    /// The timestamp map of a WebVTT file is applied to its cues.
    TimestampMapApplied { shift_ms: i64 },
    /// A video shows other content than the main video, so it is not a variant of it.
    AlternativeVideo { track_id: u32, main_track_id: u32 },
    /// A track is not packaged.
    TrackSkipped { track_id: u32, handler: String, reason: String },
}

impl Warning {
    /// Returns the stable code, for programs and tables.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::RecordingCutShort { .. } => "recording_cut_short",
            Self::BoxesDropped { .. } => "boxes_dropped",
            Self::NoFaststart => "no_faststart",
            Self::PoorInterleaving { .. } => "poor_interleaving",
            Self::TrackTimingMismatch { .. } => "track_timing_mismatch",
            Self::LongGops { .. } => "long_gops",
            Self::OpenGops { .. } => "open_gops",
            Self::VariableFrameRate { .. } => "variable_frame_rate",
            Self::Interlaced { .. } => "interlaced",
            Self::TrimmedStart { .. } => "trimmed_start",
            Self::TrimmedEnd { .. } => "trimmed_end",
            Self::InBandParameterSets { .. } => "in_band_parameter_sets",
            Self::CodecParametersChange { .. } => "codec_parameters_change",
            Self::CbcsUndefined { .. } => "cbcs_undefined",
            Self::NothingToEncrypt { .. } => "nothing_to_encrypt",
            Self::SubtitleEncodingGuessed { .. } => "subtitle_encoding_guessed",
            Self::SubtitlesSimplified { .. } => "subtitles_simplified",
            Self::SubtitleCuesDropped { .. } => "subtitle_cues_dropped",
            Self::TimestampMapApplied { .. } => "timestamp_map_applied",
            Self::AlternativeVideo { .. } => "alternative_video",
            Self::TrackSkipped { .. } => "track_skipped",
        }
    }

    /// Returns the track that the warning is about; `None` when it is about the file.
    #[must_use]
    pub fn track_id(&self) -> Option<u32> {
        match self {
            Self::RecordingCutShort { .. }
            | Self::BoxesDropped { .. }
            | Self::NoFaststart
            | Self::PoorInterleaving { .. }
            | Self::TrackTimingMismatch { .. }
            | Self::SubtitleEncodingGuessed { .. }
            | Self::SubtitlesSimplified { .. }
            | Self::SubtitleCuesDropped { .. }
            | Self::TimestampMapApplied { .. } => None,
            Self::LongGops { track_id, .. }
            | Self::OpenGops { track_id, .. }
            | Self::VariableFrameRate { track_id, .. }
            | Self::Interlaced { track_id }
            | Self::TrimmedStart { track_id, .. }
            | Self::TrimmedEnd { track_id, .. }
            | Self::InBandParameterSets { track_id, .. }
            | Self::CodecParametersChange { track_id, .. }
            | Self::CbcsUndefined { track_id, .. }
            | Self::NothingToEncrypt { track_id, .. }
            | Self::AlternativeVideo { track_id, .. }
            | Self::TrackSkipped { track_id, .. } => Some(*track_id),
        }
    }

    /// Returns the action to take.
    #[must_use]
    pub fn action(&self) -> &'static str {
        match self {
            Self::RecordingCutShort { .. } => {
                "none if the recording was interrupted there; otherwise, copy or export the file again, up to its end"
            }
            Self::BoxesDropped { .. } => "none, unless an application of yours reads them",
            Self::NoFaststart => {
                "none for the stream; to play the file itself over HTTP, remux it with the moov box first (faststart)"
            }
            Self::PoorInterleaving { .. } => "remux the file with its audio and video interleaved",
            Self::TrackTimingMismatch { .. } => "trim the tracks to the same start and end, unless it is intended",
            Self::LongGops { .. } => {
                "encode with at least one key frame per segment duration, or request longer segments"
            }
            Self::OpenGops { .. } => "encode with closed GOPs, so that a seek shows every frame",
            Self::VariableFrameRate { .. } => {
                "none for playback; for editing and ladders, encode at a constant frame rate"
            }
            Self::Interlaced { .. } => "deinterlace and encode the video as progressive frames",
            Self::TrimmedStart { .. } => {
                "to start exactly at the trim point in every player, encode the video again from there"
            }
            Self::TrimmedEnd { .. } => "none, unless the end of the media is missing: then remove the edit list",
            Self::InBandParameterSets { .. } => {
                "for Apple players, remux as avc1 or hvc1, with the parameter sets in the sample entry"
            }
            Self::CodecParametersChange { .. } => {
                "test it in the players that you support, or encode it with the same codec parameters throughout"
            }
            Self::CbcsUndefined { .. } => "request cenc, or a clear package",
            Self::NothingToEncrypt { .. } => "request cenc if the track must be encrypted, or leave it clear",
            Self::SubtitleEncodingGuessed { .. } => "check its accented letters; to be certain, save the file as UTF-8",
            Self::SubtitlesSimplified { .. } => "none, unless viewers need these features: players style WebVTT",
            Self::SubtitleCuesDropped { .. } => "correct the times of these cues, if viewers should see them",
            Self::TimestampMapApplied { .. } => {
                "if the cues are not in sync, remove X-TIMESTAMP-MAP from the file: it is for the stream that it was made for"
            }
            Self::AlternativeVideo { .. } => {
                "none, if it is another angle; to present it instead, package a file in which it is the enabled video track"
            }
            Self::TrackSkipped { .. } => "none, unless you need the track",
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RecordingCutShort { offset, file_size } => write!(
                f,
                "the file ends at byte {file_size}, and the fragment that begins at byte {offset} is not complete: each track ends \
                 with its last whole fragment"
            ),
            Self::BoxesDropped { boxes } => {
                f.write_str("boxes of the file are not in the stream:")?;
                for (position, (kind, count)) in boxes.iter().enumerate() {
                    let separator = if position == 0 { "" } else { "," };
                    write!(f, "{separator} {kind} ({count})")?;
                }
                Ok(())
            }
            Self::NoFaststart => f.write_str("the index (moov box) follows the media"),
            Self::PoorInterleaving { ranges } => {
                write!(f, "the media is poorly interleaved: one work unit needs {ranges} reads")
            }
            Self::TrackTimingMismatch { starts_apart_ms, ends_apart_ms } => {
                write!(f, "the tracks start up to {starts_apart_ms} ms apart and end up to {ends_apart_ms} ms apart")
            }
            Self::LongGops { track_id, longest_ms, requested_ms } => write!(
                f,
                "the key frames of track {track_id} are so far apart that a segment lasts {longest_ms} ms instead of {requested_ms} ms"
            ),
            Self::OpenGops { track_id, open, gops } => {
                write!(
                    f,
                    "{open} of {gops} GOPs of track {track_id} are open: playback that starts there misses frames"
                )
            }
            Self::VariableFrameRate { track_id, shortest_us, longest_us } => {
                write!(f, "the frames of track {track_id} last between {shortest_us} and {longest_us} microseconds")
            }
            Self::Interlaced { track_id } => write!(
                f,
                "the video of track {track_id} is interlaced: most players show its fields as combs, and some cannot play it"
            ),
            Self::TrimmedStart { track_id, hidden_ms } => write!(
                f,
                "the edit list hides the first {hidden_ms} ms of track {track_id}: in browsers, DASH players start up to one GOP late"
            ),
            Self::TrimmedEnd { track_id, hidden_ms } => {
                write!(f, "the edit list hides the last {hidden_ms} ms of track {track_id}, which are not packaged")
            }
            Self::InBandParameterSets { track_id, codecs } => {
                write!(
                    f,
                    "the parameter sets of track {track_id} are in its samples ({codecs}), which Apple players reject"
                )
            }
            Self::CodecParametersChange { track_id, descriptions } => {
                write!(f, "track {track_id} has {descriptions} sample descriptions; some players only use the first")
            }
            Self::CbcsUndefined { track_id, codecs } => {
                write!(f, "the codec of track {track_id} is {codecs}, for which the scheme cbcs is not defined")
            }
            Self::NothingToEncrypt { track_id, samples } => {
                write!(
                    f,
                    "all {samples} samples of track {track_id} are smaller than a block of 16 bytes: cbcs encrypts none of them"
                )
            }
            Self::SubtitleEncodingGuessed { encoding } => {
                write!(f, "the subtitles are not UTF-8: they are read as {encoding}")
            }
            Self::SubtitlesSimplified { format, lost } => {
                write!(f, "the conversion from {format} to WebVTT leaves out: {lost}")
            }
            Self::SubtitleCuesDropped { zero_length, before_start } => write!(
                f,
                "{zero_length} cues that end when they start, and {before_start} that end before the presentation \
                 starts, are left out"
            ),
            Self::TimestampMapApplied { shift_ms } => {
                write!(f, "the timestamp map (X-TIMESTAMP-MAP) of the subtitles moves their cues by {shift_ms} ms")
            }
            Self::AlternativeVideo { track_id, main_track_id } => {
                write!(
                    f,
                    "track {track_id} is another video than track {main_track_id}: DASH offers it as an alternative, HLS does not"
                )
            }
            Self::TrackSkipped { track_id, handler, reason } => {
                write!(f, "track {track_id} ({handler}) is not packaged: {reason}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_stored_under_its_code() {
        let warning = Warning::OpenGops { track_id: 1, open: 2, gops: 3 };
        let json = serde_json::to_value(&warning).unwrap();
        assert_eq!(json, serde_json::json!({"code": warning.code(), "track_id": 1, "open": 2, "gops": 3}));
        assert_eq!(serde_json::from_value::<Warning>(json).unwrap(), warning);
    }
}
