//! The verdict on a file, in the members that a content has in the API.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use vpp_media::Error;
use vpp_media::cmaf::{Presentation, Representation, UnsupportedTracks};
use vpp_media::isobmff::Index;
use vpp_media::preflight::{PreflightView, RequiredOptions, WarningView, examine};
use vpp_media::sidecar::{SidecarFile, SubtitleFormat};
use vpp_media::text::MAX_SIDECAR_BYTES;
use vpp_media::track::{Movie, TrackKind};

use crate::source::{ReadError, Source, read_index};

/// The code of a file that is not MP4. It may be a subtitle file.
const NOT_MP4: &str = "not_mp4";

/// The verdict on a file.
#[derive(Debug, Serialize)]
pub struct Inspection {
    /// `Ingested` or `Refused`.
    pub status: &'static str,
    /// `accepted`, `accepted_with_warnings` or `refused`.
    pub verdict: &'static str,
    /// Bytes of the file.
    pub bytes: u64,
    /// Bytes of the file that were read.
    pub bytes_read: u64,
    /// `subtitles` for a subtitle file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<&'static str>,
    /// The format of a subtitle file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<SubtitleFormat>,
    /// The code of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// The message of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Options with which a refused file can be packaged, as fields of a request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub packageable_with: Vec<Value>,
    /// The preflight report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preflight: Option<Value>,
    /// The tracks that are packaged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tracks: Vec<TrackSummary>,
}

/// A track that is packaged.
#[derive(Debug, Serialize)]
pub struct TrackSummary {
    /// `track_ID`.
    pub id: u32,
    /// `video`, `audio` or `text`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Name of its representation.
    pub name: String,
    /// RFC 6381 `codecs`.
    pub codec: String,
    /// BCP 47 language; `und` if unknown.
    pub language: String,
    /// Pixels, of video.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u16>,
    /// Pixels, of video.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u16>,
    /// Number of channels, of audio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<u16>,
    /// Samples per second, of audio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_rate: Option<u32>,
    /// Its segments.
    pub segments: Vec<SegmentSummary>,
}

/// A segment of a track.
#[derive(Debug, Serialize)]
pub struct SegmentSummary {
    /// Presentation time of its start, in seconds.
    pub start: f64,
    /// Duration in seconds.
    pub duration: f64,
    /// Expected bytes.
    pub bytes: u64,
}

/// Inspects a file for segments of `segment_duration`.
///
/// # Errors
/// The file cannot be read.
pub fn inspect<S: Source>(source: &mut S, segment_duration: Duration) -> Result<Inspection, S::Error> {
    let (bytes, mut bytes_read) = (source.size(), 0);
    let examined = match read_index(source, &mut bytes_read) {
        Ok(index) => movie(&index, segment_duration),
        Err(ReadError::Source(error)) => return Err(error),
        Err(ReadError::Media(error)) => Err(error),
    };
    let examined = match examined {
        Err(error) if error.code() == NOT_MP4 => subtitles(source, &mut bytes_read)?.unwrap_or(Err(error)),
        examined => examined,
    };
    let inspection = examined.unwrap_or_else(|error| Inspection::refused(&error));
    Ok(Inspection { bytes, bytes_read, ..inspection })
}

fn movie(index: &Index, segment_duration: Duration) -> Result<Inspection, Error> {
    let movie = Movie::parse(index)?;
    let examination = examine(index, &movie, segment_duration)?;
    let view = PreflightView::from(&examination.preflight);
    let mut inspection = match &examination.refusal {
        None => Inspection::accepted(examination.preflight.verdict()),
        Some((reason, _)) => Inspection::refused(reason),
    };
    let remedies = examination.refusal.map_or_else(Vec::new, |(_, remedies)| remedies);
    inspection.packageable_with = remedies.into_iter().map(request_fields).collect();
    inspection.preflight = Some(json!(view));
    inspection.tracks = tracks(&examination.presentation);
    Ok(inspection)
}

/// Returns the verdict on a subtitle file; `None` if the file is none.
fn subtitles<S: Source>(source: &mut S, bytes_read: &mut u64) -> Result<Option<Result<Inspection, Error>>, S::Error> {
    let bytes = source.size();
    if usize::try_from(bytes).map_or(true, |bytes| bytes > MAX_SIDECAR_BYTES) {
        return Ok(None);
    }
    let text = source.read(0..bytes)?;
    *bytes_read = bytes_read.saturating_add(bytes);
    if SubtitleFormat::of(&text).is_none() {
        return Ok(None);
    }
    Ok(Some(SidecarFile::read(&text).map(|file| {
        let warnings: Vec<WarningView> = file.warnings.iter().map(WarningView::from).collect();
        let verdict = if warnings.is_empty() { "accepted" } else { "accepted_with_warnings" };
        let preflight = Some(json!({"verdict": verdict, "warnings": warnings}));
        Inspection { media: Some("subtitles"), format: Some(file.format), preflight, ..Inspection::accepted(verdict) }
    })))
}

impl Inspection {
    fn accepted(verdict: &'static str) -> Self {
        Self {
            status: "Ingested",
            verdict,
            bytes: 0,
            bytes_read: 0,
            media: None,
            format: None,
            code: None,
            message: None,
            packageable_with: Vec::new(),
            preflight: None,
            tracks: Vec::new(),
        }
    }

    fn refused(error: &Error) -> Self {
        let (code, message) = (Some(error.code()), Some(error.to_string()));
        Self { status: "Refused", code, message, ..Self::accepted("refused") }
    }
}

fn request_fields(options: RequiredOptions) -> Value {
    let mut fields = json!({});
    if options.audio_only {
        fields["audio_only"] = true.into();
    }
    if options.unsupported == UnsupportedTracks::LeaveOut {
        fields["unsupported"] = options.unsupported.name().into();
    }
    fields
}

pub(crate) fn tracks(presentation: &Presentation) -> Vec<TrackSummary> {
    presentation.representations.iter().map(TrackSummary::from).collect()
}

impl From<&Representation> for TrackSummary {
    fn from(track: &Representation) -> Self {
        let kind = match track.kind {
            TrackKind::Video => "video",
            TrackKind::Audio => "audio",
            TrackKind::Text => "text",
        };
        let (video, audio) = (track.video.as_ref(), track.audio.as_ref());
        Self {
            id: track.track_id,
            kind,
            name: track.id.to_string(),
            codec: track.codecs.clone(),
            language: track.language.clone().unwrap_or_else(|| "und".to_owned()),
            width: video.map(|video| video.width),
            height: video.map(|video| video.height),
            channels: audio.map(|audio| audio.channels),
            sample_rate: audio.map(|audio| audio.sample_rate),
            segments: segments(track),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds and bytes for display")]
fn segments(track: &Representation) -> Vec<SegmentSummary> {
    let seconds = |units: f64| units / f64::from(track.timescale.hz());
    let sizes = track.planned_sizes.iter();
    let summary = |(segment, size): (&vpp_media::cmaf::SegmentTime, &vpp_media::cmaf::SegmentSize)| SegmentSummary {
        start: seconds(segment.start as f64 - track.presentation_time_offset as f64),
        duration: seconds(segment.duration as f64),
        bytes: size.bytes,
    };
    track.segments.iter().zip(sizes).map(summary).collect()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::ops::Range;

    use super::*;

    /// A file in memory.
    struct Bytes<'b>(&'b [u8]);

    impl Source for Bytes<'_> {
        type Error = Infallible;

        fn size(&self) -> u64 {
            self.0.len() as u64
        }

        #[expect(clippy::cast_possible_truncation, reason = "the files of these tests are short")]
        fn read(&mut self, range: Range<u64>) -> Result<Vec<u8>, Infallible> {
            Ok(self.0[range.start as usize..range.end as usize].to_vec())
        }
    }

    fn inspected(file: &[u8]) -> Value {
        let Ok(inspection) = inspect(&mut Bytes(file), Duration::from_secs(6));
        json!(inspection)
    }

    #[test]
    fn a_movie_is_inspected_by_a_part_of_its_bytes() {
        let movie = include_bytes!("../../../tests/media/sample.mp4");
        let inspection = inspected(movie);
        assert_eq!((&inspection["status"], &inspection["bytes"]), (&json!("Ingested"), &json!(movie.len())));
        assert!(inspection["bytes_read"].as_u64().unwrap() < movie.len() as u64 / 10, "{}", inspection["bytes_read"]);
        let kinds: Vec<&Value> = inspection["tracks"].as_array().unwrap().iter().map(|track| &track["type"]).collect();
        assert_eq!(kinds, ["video", "audio"]);
    }

    #[test]
    fn subtitles_are_recognised_and_other_text_is_refused() {
        let subtitles = inspected(b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n");
        assert_eq!((&subtitles["media"], &subtitles["format"]), (&json!("subtitles"), &json!("webvtt")));
        let text = inspected(b"Dear reader, this is a letter.\n");
        assert_eq!((&text["status"], &text["code"]), (&json!("Refused"), &json!("not_mp4")));
        assert_eq!(inspected(b"")["code"], "empty_file");
        let malformed = inspected(b"WEBVTT\n\n00:05.000 --> soon\nHello\n");
        assert_eq!(malformed["code"], "malformed_subtitles");
    }
}
