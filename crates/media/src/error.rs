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
    #[error("the file has no bytes: copy or export it again")]
    EmptyFile,

    /// The first bytes are not those of an ISO base media file, nor of a Matroska file.
    #[error("this is not an MP4, QuickTime, Matroska or WebM file but {found}: {}", action_for(found))]
    NotMp4 {
        /// The format that the first bytes indicate.
        found: &'static str,
    },

    /// The file has no `moov` box.
    #[error(
        "the file has no index (moov box): it is incomplete, or its recording was interrupted; repair it with the software that \
         made it, or export it again"
    )]
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
    #[error("the file has {file_size} bytes, but its index (moov box or moof box) ends at byte {needed}: {INCOMPLETE}")]
    TruncatedIndex {
        /// Length of the file in bytes.
        file_size: u64,
        /// End of the box, by its size.
        needed: u64,
    },

    /// The index locates media past the end of the file.
    #[error("the file has {file_size} bytes, but its media ends at byte {needed}: {INCOMPLETE}")]
    TruncatedMedia {
        /// Length of the file in bytes.
        file_size: u64,
        /// End of the media.
        needed: u64,
    },

    /// A `moov` box follows whose bytes are not those of the first.
    #[error(
        "a second index (moov box) at byte {offset} differs from the first: the file is several movies joined end to end; remux \
         them into one movie, or use each as a file"
    )]
    SecondMoov {
        /// Offset of the second `moov` from the start of the file, in bytes.
        offset: u64,
    },

    /// A box violates the clause that specifies it.
    #[error("the {kind} box at byte {offset} is malformed: {reason}; remux the file, or export it again")]
    Malformed {
        /// Type of the innermost box that is known.
        kind: FourCc,
        /// Offset of that box from the start of the file, in bytes.
        offset: u64,
        /// The violated rule.
        reason: &'static str,
    },

    /// An element of a Matroska or WebM file violates the specification.
    #[error("the Matroska element at byte {offset} is malformed: {reason}; remux the file, or record it again")]
    MalformedMatroska {
        /// Offset of the element from the start of the file, in bytes.
        offset: u64,
        /// The violated rule.
        reason: &'static str,
    },

    /// A sample does not parse as its codec.
    #[error("the sample at byte {offset} is malformed: {reason}; encode the movie again")]
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
    #[error("the file has no video track with samples: request an audio-only package, or use a file with video")]
    NoVideo,

    /// The movie has no video or audio track.
    #[error("the file has neither video nor audio: use a movie")]
    NoMedia,

    /// The video and audio tracks of the movie have no samples.
    #[error(
        "the video and audio tracks of the file have no samples (track {}): it is an init segment, or a recording that ended \
         before its first fragment; join an init segment and its media segments into one file, or record again",
        listed(track_ids)
    )]
    NoSamples {
        /// The tracks.
        track_ids: Vec<u32>,
    },

    /// A track of the source is encrypted.
    #[error("track {track_id} is already encrypted ({scheme}): use the clear original")]
    AlreadyEncrypted {
        /// The encrypted track.
        track_id: u32,
        /// The protection scheme. If none is named: the sample entry type, or the box that shows it.
        scheme: FourCc,
    },

    /// The codec of a track is not supported.
    #[error(
        "track {track_id} uses the codec {codec}, which is not supported: encode it with a supported codec, or request a package \
         that leaves unsupported tracks out"
    )]
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
    #[error("{what} is {found}, more than the limit of {limit}: {action}")]
    LimitExceeded {
        /// The limited quantity, as the start of a sentence.
        what: &'static str,
        /// Its value in the file or the request.
        found: u64,
        /// The limit.
        limit: u64,
        /// What to do about it.
        action: &'static str,
    },

    /// A number in the file, or one derived from it, does not fit the field that it is written to.
    #[error("{what} is out of range: a number in the file is too large; remux the file")]
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
    #[error("the plan is malformed: {reason}; request the package again")]
    BadPlan {
        /// The fault.
        reason: &'static str,
    },

    /// The source bytes or the keys of a work unit are not those that its plan names.
    #[error("the source does not match the plan: {reason}; request the package again, with the same file and keys")]
    SourceMismatch {
        /// The difference.
        reason: &'static str,
    },

    /// One of several movies is refused.
    #[error("movie {}: {error}", position.saturating_add(1))]
    InMovie {
        /// Position of the movie among those of the package, from 0.
        position: u16,
        /// The reason.
        error: Box<Error>,
    },
}

/// The action for a file that ends early. The size that was uploaded is the size that was sent, so the file was incomplete before.
const INCOMPLETE: &str = "if the original has as many bytes, it is incomplete itself, and sending it again does not help; copy \
                          or export it again, up to its end";

/// Returns the action for a file in the format `found`.
fn action_for(found: &str) -> &'static str {
    if found.ends_with("image") || found.ends_with("document") || matches!(found, "text" | "data of an unknown kind") {
        return "use a movie";
    }
    match found {
        "an MPEG transport stream" => "remux it first: ffmpeg -i INPUT -c copy OUTPUT.mp4",
        _ if found.ends_with("archive") => "unpack it first",
        _ => "remux or convert it to MP4 first",
    }
}

/// Returns numbers as a list for people.
fn listed(numbers: &[u32]) -> String {
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
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

    /// Adds the position of the movie in a package of `movies`, if it has several.
    #[must_use]
    pub(crate) fn in_movie(self, position: u16, movies: usize) -> Self {
        match self {
            Self::InMovie { .. } => self,
            error if movies > 1 => Self::InMovie { position, error: Box::new(error) },
            error => error,
        }
    }

    /// Returns the position of the movie that the error is about, if a package has several, and the error itself.
    #[must_use]
    pub fn into_movie(self) -> (Option<usize>, Self) {
        match self {
            Self::InMovie { position, error } => (Some(usize::from(position)), *error),
            error => (None, error),
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
            Self::SecondMoov { .. } => "second_moov",
            Self::Malformed { .. } | Self::MalformedMatroska { .. } => "malformed",
            Self::MalformedSample { .. } => "malformed_sample",
            Self::MalformedSubtitles { .. } => "malformed_subtitles",
            Self::NoVideo => "no_video",
            Self::NoMedia => "no_media",
            Self::NoSamples { .. } => "no_samples",
            Self::AlreadyEncrypted { .. } => "already_encrypted",
            Self::UnsupportedCodec { .. } => "unsupported_codec",
            Self::SchemeUndefined { .. } => "scheme_undefined",
            Self::Unsupported { .. } => "unsupported_feature",
            Self::LimitExceeded { .. } => "limit_exceeded",
            Self::OutOfRange { .. } => "out_of_range",
            Self::InputsMisaligned { .. } => "inputs_misaligned",
            Self::BadPlan { .. } => "bad_plan",
            Self::SourceMismatch { .. } => "source_mismatch",
            Self::InMovie { error, .. } => error.code(),
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
