//! The preflight report as it is shown to people and programs: with the verdict, and with the message and action of each
//! warning.

use std::fmt;

use serde::Serialize;

use super::{Preflight, TrackReport, Warning};
use crate::track::ChapterList;

/// A preflight report, ready to be shown.
#[derive(Debug, Serialize)]
pub struct PreflightView<'p> {
    verdict: &'static str,
    segment_ms: u64,
    segments: u64,
    work_units: u32,
    max_ranges_per_work_unit: u32,
    bytes_to_read: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    chapters: Option<&'p ChapterList>,
    tracks: &'p [TrackReport],
    warnings: Vec<WarningView>,
}

/// A warning, ready to be shown.
#[derive(Debug, Serialize)]
pub struct WarningView {
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    track_id: Option<u32>,
    message: String,
    action: &'static str,
}

impl<'p> From<&'p Preflight> for PreflightView<'p> {
    fn from(preflight: &'p Preflight) -> Self {
        Self {
            verdict: preflight.verdict(),
            segment_ms: preflight.segment_ms,
            segments: preflight.segments,
            work_units: preflight.work_units,
            max_ranges_per_work_unit: preflight.max_ranges_per_work_unit,
            bytes_to_read: preflight.bytes_to_read,
            chapters: preflight.chapters.as_ref(),
            tracks: &preflight.tracks,
            warnings: preflight.warnings.iter().map(WarningView::from).collect(),
        }
    }
}

impl fmt::Display for WarningView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.code, self.message, self.action)
    }
}

impl From<&Warning> for WarningView {
    fn from(warning: &Warning) -> Self {
        let (code, track_id) = (warning.code(), warning.track_id());
        Self { code, track_id, message: warning.to_string(), action: warning.action() }
    }
}
