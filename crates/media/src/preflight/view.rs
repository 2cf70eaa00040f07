//! A preflight as people and programs are shown it: the verdict in front, and what each warning says and asks for.

use serde::Serialize;

use super::{Preflight, TrackReport, Warning};

/// The report, to be shown.
#[derive(Debug, Serialize)]
pub struct PreflightView<'p> {
    verdict: &'static str,
    segment_ms: u64,
    segments: u64,
    work_units: u32,
    most_ranges_in_a_work_unit: u32,
    bytes_to_read: u64,
    tracks: &'p [TrackReport],
    warnings: Vec<WarningView>,
}

#[derive(Debug, Serialize)]
struct WarningView {
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    track_id: Option<u32>,
    message: String,
    action: &'static str,
}

impl<'p> From<&'p Preflight> for PreflightView<'p> {
    fn from(own: &'p Preflight) -> Self {
        Self {
            verdict: own.verdict(),
            segment_ms: own.segment_ms,
            segments: own.segments,
            work_units: own.work_units,
            most_ranges_in_a_work_unit: own.most_ranges_in_a_work_unit,
            bytes_to_read: own.bytes_to_read,
            tracks: &own.tracks,
            warnings: own.warnings.iter().map(WarningView::from).collect(),
        }
    }
}

impl From<&Warning> for WarningView {
    fn from(own: &Warning) -> Self {
        Self { code: own.code(), track_id: own.track_id(), message: own.to_string(), action: own.action() }
    }
}
