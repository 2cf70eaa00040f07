//! What a plan is made of.

use std::ops::Range;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::cenc::{ConstantIv, ContentKey, KeyId, Mode, Pattern, Scheme, TrackEncryption};
use crate::codec::{AudioInfo, ProtectionRule, VideoInfo};
use crate::text::TextTrack;
use crate::time::Timescale;
use crate::track::{Sample, TrackKind, TrackLabels};

/// How a movie is to be packaged.
#[derive(Debug, Clone)]
pub struct PlanOptions {
    /// The duration segments should have; each ends at the sync sample nearest to it.
    pub segment_duration: Duration,
    /// Source bytes a work unit should have at most; a single window may have more.
    pub work_unit_bytes: u64,
    /// How the media is protected; `None` leaves it clear.
    pub protection: Option<Protection>,
    /// Whether a movie without video is accepted, and the video of one that has it left out.
    pub audio_only: bool,
    /// How the segments are laid out in files.
    pub layout: Layout,
}

impl Default for PlanOptions {
    /// Six seconds and 32 MiB, in the clear, a file for each segment.
    fn default() -> Self {
        Self {
            segment_duration: Duration::from_secs(6),
            work_unit_bytes: 32 * 1024 * 1024,
            protection: None,
            audio_only: false,
            layout: Layout::Segments,
        }
    }
}

/// How the segments of a track are laid out in files. Their fragments are the same in both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Layout {
    /// An init segment, and a file for each segment.
    #[default]
    Segments,
    /// One file: the init segment, an index of the segments (`sidx`), and all of them.
    SingleFile,
}

impl Layout {
    /// The name, as commands and requests spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Segments => "segments",
            Self::SingleFile => "single-file",
        }
    }

    /// Reads the name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Segments, Self::SingleFile].into_iter().find(|layout| layout.name() == name)
    }
}

/// How a package is protected. All of it is public: the key is not among it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protection {
    /// The scheme.
    pub scheme: Scheme,
    /// Which tracks are encrypted.
    pub tracks: ProtectedTracks,
    /// The key of all tracks, or of the video.
    pub key: KeyParameters,
    /// The key of the audio, where it has one of its own.
    pub audio_key: Option<KeyParameters>,
}

/// What may be known of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyParameters {
    /// `default_KID`.
    pub kid: KeyId,
    /// `default_constant_IV` of `cbcs`; the seed of the IVs of `cenc`.
    pub iv: ConstantIv,
}

impl KeyParameters {
    /// Those of `key`, with the IV that goes with it. `content` is whatever tells the content from all others: `cenc` must
    /// never meet the same key and counter twice.
    #[must_use]
    pub fn derive(scheme: Scheme, key: &ContentKey, kid: KeyId, content: &[u8]) -> Self {
        let iv = match scheme {
            Scheme::Cbcs => ConstantIv::derive(key, &kid),
            Scheme::Cenc => ConstantIv::derive_for_content(key, &kid, content),
        };
        Self { kid, iv }
    }
}

impl Protection {
    /// The parameters of the key for tracks of this kind.
    fn key_of(&self, kind: TrackKind) -> KeyParameters {
        match kind {
            // Text is never encrypted: nobody asks for its key.
            TrackKind::Video | TrackKind::Text => self.key,
            TrackKind::Audio => self.audio_key.unwrap_or(self.key),
        }
    }

    /// What this protection means for track `track_id`, of `kind`.
    #[must_use]
    pub fn of(&self, kind: TrackKind, track_id: u32) -> Option<TrackEncryption> {
        let pattern = match (kind, self.tracks) {
            (TrackKind::Video, _) => Pattern::VIDEO,
            (TrackKind::Audio, ProtectedTracks::All) => Pattern::FULL_SAMPLE,
            (TrackKind::Audio, ProtectedTracks::Video) | (TrackKind::Text, _) => return None,
        };
        let KeyParameters { kid, iv } = self.key_of(kind);
        let mode = match self.scheme {
            Scheme::Cbcs => Mode::Cbcs { iv, pattern },
            Scheme::Cenc => Mode::Cenc { first_iv: iv.first_sample_iv(track_id) },
        };
        Some(TrackEncryption { kid, mode })
    }
}

/// Which tracks are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ProtectedTracks {
    /// Video only; audio stays clear.
    Video,
    /// Video and audio.
    All,
}

/// The package as a whole: everything manifests and init segments need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presentation {
    /// One per packaged track, in the order of the movies and of their tracks.
    pub representations: Vec<Representation>,
    /// Subtitles that were given as files.
    pub sidecars: Vec<Sidecar>,
    /// Number of work units the work is cut into.
    pub work_units: u32,
    /// How the package is protected.
    pub protection: Option<Protection>,
    /// How the segments are laid out in files.
    pub layout: Layout,
}

impl Presentation {
    /// The init segments that are files of their own: path below the package, and bytes.
    pub fn init_segments(&self) -> impl Iterator<Item = (String, &[u8])> {
        let own = self.representations.iter().filter(|_| self.layout == Layout::Segments);
        own.map(|own| (format!("{}/init.mp4", own.name), own.init.as_slice()))
    }
}

/// Subtitles given as a WebVTT file, which is delivered whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sidecar {
    /// Its id in manifests and its folder in the package: `t1`, behind the tracks of text in the movie.
    pub name: String,
    /// BCP 47 language, where known.
    pub language: Option<String>,
    /// What else players choose it by.
    pub labels: TrackLabels,
    /// Length of the file in bytes.
    pub bytes: u64,
    /// Whether players of HLS have a file of their own, which says which media time is its zero.
    pub is_mapped: bool,
}

impl Sidecar {
    /// The file's path below the package.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}/subtitles.vtt", self.name)
    }

    /// The path of the file for HLS, below the folder of its own.
    #[must_use]
    pub fn hls_name(&self) -> &'static str {
        if self.is_mapped { "1.vtt" } else { "subtitles.vtt" }
    }
}

/// One packaged track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Representation {
    /// Its id in manifests and its folder in the package: `v1`, `a1`, `a2`, `t1`.
    pub name: String,
    /// `track_ID` in the output: that of the source, unless another movie of the package has a track of that number.
    pub track_id: u32,
    /// The set of representations among which a player may switch: one content at different rates, from 0.
    pub set: u16,
    /// What it carries.
    pub kind: TrackKind,
    /// Units per second of its times.
    pub timescale: Timescale,
    /// RFC 6381 `codecs`; that of the clear track when it is encrypted.
    pub codecs: String,
    /// BCP 47 language, where known.
    pub language: Option<String>,
    /// What else players choose it by.
    pub labels: TrackLabels,
    /// What is known of the picture, for video.
    pub video: Option<VideoInfo>,
    /// What is known of the sound, for audio.
    pub audio: Option<AudioInfo>,
    /// How it is encrypted, if it is.
    pub encryption: Option<TrackEncryption>,
    /// The media time that is shown at presentation time zero.
    pub presentation_time_offset: u64,
    /// The duration of its samples, where all but the last have the same.
    pub sample_duration: Option<u32>,
    /// Its segments on the media timeline; the first has number 1.
    pub segments: Vec<SegmentTime>,
    /// Its init segment.
    pub init: Vec<u8>,
}

impl Representation {
    /// What every segment starts with; `None` when one cannot be entered at its start at all.
    #[must_use]
    pub fn starts_with(&self) -> Option<SapType> {
        let mut own = self.segments.iter().map(|segment| segment.entry.map(|entry| entry.sap_type));
        own.try_fold(SapType::One, |so_far, own| own.map(|own| so_far.max(own)))
    }

    /// Whether every segment can be decoded, all of it, without another.
    #[must_use]
    pub fn has_independent_segments(&self) -> bool {
        self.starts_with() == Some(SapType::One)
    }

    /// Whether every segment is written as a text file too, for HLS.
    #[must_use]
    pub fn has_text_files(&self) -> bool {
        self.kind == TrackKind::Text && self.codecs == "wvtt"
    }
}

/// The type of a stream access point (ISO/IEC 14496-12 Annex I), as far as an index tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SapType {
    /// Type 1: from the sync sample on, everything can be decoded, and it is presented first.
    One,
    /// Type 3, or 2: pictures behind the sync sample are presented before it. With type 2 they can be decoded from there on,
    /// with type 3 they cannot; what signals type 3 promises less, and holds for both.
    Three,
}

impl SapType {
    /// The type, as a number.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Three => 3,
        }
    }
}

/// Where a segment can be entered: at the sync sample that it begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryPoint {
    /// What that promises.
    pub sap_type: SapType,
    /// When the sync sample is presented, after the segment's start: zero, unless other pictures lead it.
    pub delay: u64,
}

impl EntryPoint {
    /// The entry point of a segment that begins with `first`, presented `delay` after the segment's start; `None` when it is no
    /// sync sample.
    pub(super) fn of(first: &Sample, delay: u64) -> Option<Self> {
        let sap_type = if delay > 0 { SapType::Three } else { SapType::One };
        first.is_sync.then_some(Self { sap_type, delay })
    }
}

/// A segment on the media timeline of its representation, in units of its timescale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentTime {
    /// Its earliest presentation time.
    pub start: u64,
    /// To the next segment's start; for the last, to the end of its media.
    pub duration: u64,
    /// Where it can be entered, if it can.
    pub entry: Option<EntryPoint>,
}

impl SegmentTime {
    /// Where it ends.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.start.saturating_add(self.duration)
    }
}

/// A unit of work: whole segments of all tracks, and where their bytes lie in the source. It can be packaged knowing nothing
/// else but the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkUnit {
    /// Position among the work units, from 0.
    pub index: u32,
    /// The byte ranges to read: of each source in turn, ascending and apart; one for an interleaved file.
    pub ranges: Vec<SourceRange>,
    /// What packaging needs to know of each track.
    pub tracks: Vec<WorkUnitTrack>,
    /// The segments, in the order of their windows.
    pub segments: Vec<SegmentPlan>,
    /// How they are laid out in files.
    pub layout: Layout,
}

impl WorkUnit {
    /// Bytes that are read from the source.
    #[must_use]
    pub fn source_bytes(&self) -> u64 {
        self.ranges.iter().map(SourceRange::length).fold(0, u64::saturating_add)
    }
}

/// Bytes of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRange {
    /// Position of the source among the movies of the package.
    pub input: u16,
    /// Where they lie in it.
    pub bytes: Range<u64>,
}

impl SourceRange {
    /// How many they are.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.bytes.end.saturating_sub(self.bytes.start)
    }
}

/// What packaging a work unit needs to know of a track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkUnitTrack {
    /// The representation's name.
    pub name: String,
    /// Position of its source among the movies of the package.
    pub input: u16,
    /// `track_ID`.
    pub track_id: u32,
    /// How it is encrypted, if it is.
    pub encryption: Option<TrackEncryption>,
    /// Which bytes of its samples may be, for each of its sample descriptions.
    pub rules: Vec<ProtectionRule>,
    /// How its text is coded, for text.
    pub text: Option<TextTrack>,
}

/// One segment: a movie fragment of one track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentPlan {
    /// Position of the track in [`WorkUnit::tracks`].
    pub track: u16,
    /// Segment number, from 1.
    pub number: u32,
    /// Position of its samples' description in [`WorkUnitTrack::rules`].
    pub description: u32,
    /// Position in the track of its first sample, from 0.
    pub first_sample: u32,
    /// `baseMediaDecodeTime`.
    pub decode_time: u64,
    /// Where its samples lie.
    pub extents: Vec<Extent>,
    /// Its samples, in decode order.
    pub samples: Vec<PlannedSample>,
}

impl SegmentPlan {
    /// Bytes of all its samples. The segment has more: those of the boxes around them.
    #[must_use]
    pub fn payload_bytes(&self) -> u64 {
        self.extents.iter().map(|extent| extent.bytes).fold(0, u64::saturating_add)
    }
}

/// Samples that lie back to back in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// Offset of the first byte in the source.
    pub offset: u64,
    /// Bytes of all of them.
    pub bytes: u64,
}

/// A sample as a segment describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedSample {
    /// Bytes, in the source: `tx3g` is written otherwise, and a segment says what was written.
    pub size: u32,
    /// Time to the next sample's decode time.
    pub duration: u32,
    /// Composition time less decode time.
    pub composition_offset: i32,
    /// Whether decoding may start here.
    pub is_sync: bool,
}
