//! The result of `vpp package`.

use std::collections::HashMap;
use std::fmt;

use serde::Serialize;
use vpp_media::cmaf::{Representation, RepresentationId};
use vpp_media::preflight::WarningView;
use vpp_media::sidecar::SubtitleFormat;

/// The result of `vpp package`.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    pub(crate) manifest: String,
    pub(crate) source_bytes: u64,
    pub(crate) bytes_read: u64,
    pub(crate) bytes_written: u64,
    pub(crate) work_units: u32,
    pub(crate) representations: Vec<RepresentationSummary>,
    pub(crate) skipped_tracks: Vec<SkippedTrackSummary>,
    /// What edit lists hide, and what of the file is not packaged. `vpp inspect` reports all warnings.
    pub(crate) warnings: Vec<InputWarning>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) subtitles: Vec<SubtitleSummary>,
}

/// A subtitle file, and what its WebVTT file in the package has not, or has differently.
#[derive(Debug, Serialize)]
pub(crate) struct SubtitleSummary {
    pub(crate) file: String,
    pub(crate) format: SubtitleFormat,
    pub(crate) warnings: Vec<WarningView>,
}

/// A representation of the package.
#[derive(Debug, Serialize)]
pub(crate) struct RepresentationSummary {
    name: String,
    track_id: u32,
    codecs: String,
    segments: usize,
    encrypted: bool,
    /// The number of samples of which bytes are encrypted; absent for a clear track.
    #[serde(skip_serializing_if = "Option::is_none")]
    encrypted_samples: Option<u64>,
    /// Whether it is video of other content than the main video (the warning `alternative_video` of `vpp inspect`).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    alternative: bool,
}

/// A track that is not packaged.
#[derive(Debug, Serialize)]
pub(crate) struct SkippedTrackSummary {
    pub(crate) track_id: u32,
    pub(crate) handler: String,
    pub(crate) reason: String,
}

/// A warning about an input.
#[derive(Debug, Serialize)]
pub(crate) struct InputWarning {
    pub(crate) input: String,
    #[serde(flatten)]
    pub(crate) warning: WarningView,
}

impl RepresentationSummary {
    /// Describes a representation, with the numbers of samples of which bytes are encrypted.
    pub(crate) fn new(representation: Representation, encrypted_samples: &HashMap<RepresentationId, u64>) -> Self {
        let samples = encrypted_samples.get(&representation.id).copied().unwrap_or(0);
        Self {
            encrypted: representation.encryption.is_some(),
            encrypted_samples: representation.encryption.map(|_| samples),
            segments: representation.segments.len(),
            name: representation.id.to_string(),
            track_id: representation.track_id,
            alternative: representation.is_alternative,
            codecs: representation.codecs,
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for RepresentationSummary { name, codecs, segments, encrypted_samples, alternative, .. } in
            &self.representations
        {
            let protection = match encrypted_samples {
                None => "clear",
                Some(0) => "signalled as encrypted, but no sample is large enough to encrypt",
                Some(_) => "encrypted",
            };
            let other = if *alternative {
                ", other content than the main video: an alternative in DASH, not in HLS"
            } else {
                ""
            };
            writeln!(f, "{name:<4} {codecs:<14} {protection}, {segments} segments{other}")?;
        }
        for SkippedTrackSummary { track_id, handler, reason } in &self.skipped_tracks {
            writeln!(f, "track {track_id} ({handler}) skipped: {reason}")?;
        }
        for InputWarning { input, warning } in &self.warnings {
            writeln!(f, "{input}: {warning}")?;
        }
        for SubtitleSummary { file, warnings, .. } in &self.subtitles {
            for warning in warnings {
                writeln!(f, "{file}: {warning}")?;
            }
        }
        writeln!(f, "{} bytes read, {} written: {}", self.bytes_read, self.bytes_written, self.manifest)
    }
}
