//! Why a file is not packaged.
//!
//! Every error is a verdict about the *input*: it has a stable [`code`](Error::code) for programs, a sentence for people
//! that says what is wrong, where, and what to do, and it never changes on a retry.

use crate::isobmff::FourCc;

/// The result of reading, planning or packaging media.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A reason why a file cannot be packaged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file has no bytes.
    #[error("the file is empty: upload it again")]
    EmptyFile,

    /// The first bytes are not those of an ISO base media file.
    #[error("this is not an MP4 or QuickTime file but {found}: remux it to MP4 first")]
    NotMp4 {
        /// What the first bytes look like.
        found: &'static str,
    },

    /// No `moov` box in the whole file.
    #[error("the file has no index (moov box): the recording or the upload was cut off before it was finished")]
    MoovMissing,

    /// The `moov` box is larger than [`isobmff::MAX_MOOV_BYTES`](crate::isobmff::MAX_MOOV_BYTES).
    #[error("the index (moov box) has {size} bytes; at most {limit} are accepted: split the movie")]
    MoovTooLarge {
        /// Size of the box in bytes.
        size: u64,
        /// The bound in bytes.
        limit: u64,
    },

    /// The `moov` box runs past the end of the file.
    #[error("the file ends at byte {file_size} inside its index (moov box, to byte {needed}): upload the whole file")]
    TruncatedIndex {
        /// Length of the file in bytes.
        file_size: u64,
        /// Where the box says it ends.
        needed: u64,
    },

    /// Media that the index names lies past the end of the file.
    #[error("the file ends at byte {file_size} but its media goes on to byte {needed}: upload the whole file")]
    TruncatedMedia {
        /// Length of the file in bytes.
        file_size: u64,
        /// Where the media ends.
        needed: u64,
    },

    /// A box breaks the rules of its clause.
    #[error("the {kind} box at byte {offset} is malformed: {reason}")]
    Malformed {
        /// Type of the innermost box that could be named.
        kind: FourCc,
        /// Offset of that box from the start of the file, in bytes.
        offset: u64,
        /// Which rule is broken.
        reason: &'static str,
    },

    /// A sample's bytes do not parse as its codec.
    #[error("the sample at byte {offset} is malformed: {reason}")]
    MalformedSample {
        /// Offset of the sample from the start of the file, in bytes.
        offset: u64,
        /// Which rule is broken.
        reason: &'static str,
    },

    /// A subtitle file breaks the rules of WebVTT.
    #[error("the subtitles are malformed at line {line}: {reason}")]
    MalformedSubtitles {
        /// The line, from 1.
        line: u64,
        /// Which rule is broken.
        reason: &'static str,
    },

    /// The movie has no video track with samples, and was not asked for as audio only.
    #[error("the file has no video track: ask for an audio-only package, or upload a file with video")]
    NoVideo,

    /// The movie has no track that can be packaged at all.
    #[error("the file has neither video nor audio")]
    NoMedia,

    /// A track is protected already.
    #[error("track {track_id} is already encrypted ({scheme}): upload the clear original")]
    AlreadyEncrypted {
        /// Track the protection was found on.
        track_id: u32,
        /// The protection scheme, or the sample entry where none is named.
        scheme: FourCc,
    },

    /// A track's codec is not one the platform packages.
    #[error("track {track_id} is coded as {codec}, which is not supported: encode it with a supported codec")]
    UnsupportedCodec {
        /// The track.
        track_id: u32,
        /// Its sample entry type or RFC 6381 string.
        codec: String,
    },

    /// No standard says how a track's codec is protected by the scheme that was asked for.
    #[error(
        "track {track_id} is coded as {codec}, for which {scheme} is not defined: ask for another scheme, or for none"
    )]
    SchemeUndefined {
        /// The track.
        track_id: u32,
        /// Its RFC 6381 string.
        codec: String,
        /// The scheme's name.
        scheme: &'static str,
    },

    /// A feature of the file format or of the request that is not supported.
    #[error("{feature} is not supported")]
    Unsupported {
        /// What is not supported, as the start of a sentence.
        feature: &'static str,
    },

    /// The file would cost more than the platform's bounds allow.
    #[error("{what} is {found}; at most {limit} is accepted")]
    LimitExceeded {
        /// The bounded quantity.
        what: &'static str,
        /// What the file asks for.
        found: u64,
        /// The bound.
        limit: u64,
    },

    /// A number that the file states, or that follows from its numbers, does not fit the field that it belongs in.
    #[error("{what} is out of range: the file states a number that is too large; remux it")]
    OutOfRange {
        /// The number, as the start of a sentence.
        what: &'static str,
    },

    /// Several movies were asked for as one package, but do not have key pictures at the same moments.
    #[error(
        "the movies cannot be cut at the same moments; key pictures that do not match are at: {table}. Encode them all with \
         key pictures at the same fixed distance"
    )]
    InputsMisaligned {
        /// Presentation times: a column for each video track, a row of their names, and a row for each of the first mismatches.
        table: String,
    },

    /// A stored plan does not read as one.
    #[error("the plan cannot be read: {reason}")]
    BadPlan {
        /// What is wrong with it.
        reason: &'static str,
    },

    /// The bytes handed over for a work unit are not the ranges it asked for.
    #[error("the source bytes do not match the plan: {reason}")]
    SourceMismatch {
        /// How they differ.
        reason: &'static str,
    },
}

impl Error {
    /// The stable code of this error, for programs and tables.
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
