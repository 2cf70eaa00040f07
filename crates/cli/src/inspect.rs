//! `vpp inspect`: what a movie's index says of the stream to come, without reading its media.

use std::fmt;

use serde::Serialize;
use vpp_media::cmaf::PlanOptions;
use vpp_media::preflight::{Preflight, PreflightView, preflight};
use vpp_media::track::Movie;

use crate::args::Inspection;
use crate::failure::Failure;
use crate::input::Input;

/// What was found.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Findings(#[serde(serialize_with = "view")] Preflight);

fn view<S: serde::Serializer>(preflight: &Preflight, serializer: S) -> Result<S::Ok, S::Error> {
    PreflightView::from(preflight).serialize(serializer)
}

/// Inspects the movie.
pub(crate) fn run(inspection: &Inspection) -> Result<Findings, Failure> {
    let index = Input::open(&inspection.input)?.index()?;
    let options = PlanOptions {
        segment_duration: inspection.segment_duration,
        audio_only: inspection.audio_only,
        ..PlanOptions::default()
    };
    Ok(Findings(preflight(&index, &Movie::parse(&index)?, &options)?))
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for own in &self.0.tracks {
            write!(f, "{:<4} {:<14} {} to {} ms, ", own.name, own.codecs, own.start_ms, own.end_ms)?;
            write!(f, "{} b/s (peak {}), ", own.average_bitrate, own.peak_bitrate)?;
            writeln!(f, "{} segments of up to {} ms", own.segments.count, own.segments.longest_ms)?;
        }
        for warning in &self.0.warnings {
            writeln!(f, "{}: {warning}: {}", warning.code(), warning.action())?;
        }
        writeln!(f, "{}", self.0.verdict())
    }
}
