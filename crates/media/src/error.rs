//! The errors of the engine.
//!
//! Every error is a verdict about the *input*: a retry gives the same verdict. It has a stable [`code`](Error::code) for
//! programs and a sentence for people: what is wrong, where, and what to do.

use std::fmt;

use crate::isobmff::FourCc;

/// The result of reading, planning or packaging media.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A reason for refusing a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file has no bytes.
    #[error("the file is empty: upload it again")]
    EmptyFile,

    /// The first bytes are not those of an ISO base media file.
    #[error("this is not an MP4 or QuickTime file but {found}: remux it to MP4 first")]
    NotMp4 {
        /// The format that the first bytes indicate.
        found: &'static str,
    },

    /// The file has no `moov` box.
    #[error("the file has no index (moov box): the recording or the upload is incomplete; export or upload it again")]
    MoovMissing,

    /// The `moov` box is larger than [`isobmff::MAX_MOOV_BYTES`](crate::isobmff::MAX_MOOV_BYTES).
    #[error("the index (moov box) has {size} bytes, more than the limit of {limit}: split the movie")]
    MoovTooLarge {
        /// Size of the box in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },

    /// The `moov` box extends past the end of the file.
    #[error("the file ends at byte {file_size}, but its index (moov box) ends at byte {needed}: upload the whole file")]
    TruncatedIndex {
        /// Length of the file in bytes.
        file_size: u64,
        /// End of the box, by its size.
        needed: u64,
    },

    /// The index locates media past the end of the file.
    #[error("the file ends at byte {file_size}, but its media ends at byte {needed}: upload the whole file")]
    TruncatedMedia {
        /// Length of the file in bytes.
        file_size: u64,
        /// End of the media.
        needed: u64,
    },

    /// A box violates the clause that specifies it.
    #[error("the {kind} box at byte {offset} is malformed: {reason}")]
    Malformed {
        /// Type of the innermost box that is known.
        kind: FourCc,
        /// Offset of that box from the start of the file, in bytes.
        offset: u64,
        /// The violated rule.
        reason: &'static str,
    },

    /// A sample does not parse as its codec.
    #[error("the sample at byte {offset} is malformed: {reason}")]
    MalformedSample {
        /// Offset of the sample from the start of the file, in bytes.
        offset: u64,
        /// The violated rule.
        reason: &'static str,
    },

    /// A subtitle file is not valid WebVTT.
    #[error("the subtitles are malformed at line {line}: {reason}")]
    MalformedSubtitles {
        /// The line number, from 1.
        line: u64,
        /// The violated rule.
        reason: &'static str,
    },

    /// The movie has no video track with samples, and the options do not request an audio-only package.
    #[error("the file has no video track: request an audio-only package, or upload a file with video")]
    NoVideo,

    /// The movie has no track that can be packaged.
    #[error("the file has neither video nor audio: upload a movie")]
    NoMedia,

    /// A track of the source is encrypted.
    #[error("track {track_id} is already encrypted ({scheme}): upload the clear original")]
    AlreadyEncrypted {
        /// The encrypted track.
        track_id: u32,
        /// The protection scheme, or the sample entry type if no scheme is named.
        scheme: FourCc,
    },

    /// The codec of a track is not supported.
    #[error("track {track_id} uses the codec {codec}, which is not supported: encode it with a supported codec")]
    UnsupportedCodec {
        /// The track.
        track_id: u32,
        /// Its sample entry type or RFC 6381 string.
        codec: String,
    },

    /// No standard defines the requested scheme for the codec of a track.
    #[error(
        "track {track_id} uses the codec {codec}, for which {scheme} is not defined: request another scheme, or a clear \
         package"
    )]
    SchemeUndefined {
        /// The track.
        track_id: u32,
        /// Its RFC 6381 string.
        codec: String,
        /// Name of the scheme.
        scheme: &'static str,
    },

    /// The file uses a feature that is not supported.
    #[error("{feature} is not supported{place}: remux or encode the movie without it")]
    Unsupported {
        /// The feature, as the start of a sentence.
        feature: &'static str,
        /// The place in the file.
        place: Place,
    },

    /// A quantity exceeds a limit that bounds the cost of packaging.
    #[error("{what} is {found}, more than the limit of {limit}")]
    LimitExceeded {
        /// The limited quantity, as the start of a sentence.
        what: &'static str,
        /// Its value in the file or the request.
        found: u64,
        /// The limit.
        limit: u64,
    },

    /// A number in the file, or one derived from it, does not fit the field that it is written to.
    #[error("{what} is out of range: a number in the file is too large; remux it")]
    OutOfRange {
        /// The number, as the start of a sentence.
        what: &'static str,
    },

    /// The movies of one package do not have key frames at the same presentation times.
    #[error(
        "the movies share too few key frames to be segmented at the same times; the first key frames that do not match \
         are at: {table}. Encode all movies with key frames at the same fixed interval"
    )]
    InputsMisaligned {
        /// Presentation times as a table: one column for each video track, a header line, and one line for each of the first
        /// mismatches.
        table: String,
    },

    /// A stored plan is malformed.
    #[error("the plan is malformed: {reason}")]
    BadPlan {
        /// The fault.
        reason: &'static str,
    },

    /// The source bytes or the keys of a work unit are not those that its plan names.
    #[error("the source does not match the plan: {reason}")]
    SourceMismatch {
        /// The difference.
        reason: &'static str,
    },
}

/// The place in a file that an error refers to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Place {
    /// The whole movie.
    #[default]
    Movie,
    /// A track, by its `track_ID`.
    Track(u32),
    /// A sample, by its offset from the start of the file in bytes.
    Sample(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Movie => Ok(()),
            Self::Track(track_id) => write!(f, " (track {track_id})"),
            Self::Sample(offset) => write!(f, " (sample at byte {offset})"),
        }
    }
}

impl Error {
    /// Returns the error for an unsupported feature of the movie as a whole, or of a track that the caller adds with
    /// [`in_track`](Self::in_track).
    pub(crate) const fn unsupported(feature: &'static str) -> Self {
        Self::Unsupported { feature, place: Place::Movie }
    }

    /// Adds the track to an error that does not have a narrower place.
    #[must_use]
    pub(crate) fn in_track(self, track_id: u32) -> Self {
        match self {
            Self::Unsupported { feature, place: Place::Movie } => {
                Self::Unsupported { feature, place: Place::Track(track_id) }
            }
            error => error,
        }
    }

    /// Returns the stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::EmptyFile => "empty_file",
            Self::NotMp4 { .. } => "not_mp4",
            Self::MoovMissing => "moov_missing",
            Self::MoovTooLarge { .. } => "moov_too_large",
            Self::TruncatedIndex { .. } => "truncated_index",
            Self::TruncatedMedia { .. } => "truncated_media",
            Self::Malformed { .. } => "malformed",
            Self::MalformedSample { .. } => "malformed_sample",
            Self::MalformedSubtitles { .. } => "malformed_subtitles",
            Self::NoVideo => "no_video",
            Self::NoMedia => "no_media",
            Self::AlreadyEncrypted { .. } => "already_encrypted",
            Self::UnsupportedCodec { .. } => "unsupported_codec",
            Self::SchemeUndefined { .. } => "scheme_undefined",
            Self::Unsupported { .. } => "unsupported_feature",
            Self::LimitExceeded { .. } => "limit_exceeded",
            Self::OutOfRange { .. } => "out_of_range",
            Self::InputsMisaligned { .. } => "inputs_misaligned",
            Self::BadPlan { .. } => "bad_plan",
            Self::SourceMismatch { .. } => "source_mismatch",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unsupported_feature_is_reported_with_its_narrowest_place() {
        let error = Error::unsupported("An edit list that changes the playback rate").in_track(3);
        assert_eq!(
            error.to_string(),
            "An edit list that changes the playback rate is not supported (track 3): remux or encode the movie without it"
        );
        let sample = Error::Unsupported { feature: "H.264 data partitioning", place: Place::Sample(48) };
        assert_eq!(sample.clone().in_track(3), sample);
    }
}
