//! `vpp inspect`: reports the tracks, segments and warnings of a movie from its index, without reading its media.

use std::fmt;

use serde::Serialize;
use vpp_media::cmaf::PlanOptions;
use vpp_media::preflight::{Preflight, PreflightView, preflight};
use vpp_media::track::Movie;

use crate::args::InspectArgs;
use crate::argument_types::LeaveOutArg;
use crate::failure::Failure;
use crate::input::Input;

/// The result of an inspection.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Inspection(#[serde(serialize_with = "as_view")] Preflight);

fn as_view<S: serde::Serializer>(preflight: &Preflight, serializer: S) -> Result<S::Ok, S::Error> {
    PreflightView::from(preflight).serialize(serializer)
}

/// Inspects the movie.
pub(crate) fn run(args: &InspectArgs) -> Result<Inspection, Failure> {
    let index = Input::open(&args.input)?.index()?;
    let options = PlanOptions {
        segment_duration: args.segment_duration,
        audio_only: args.audio_only,
        unsupported: LeaveOutArg::unsupported_tracks(args.leave_out),
        ..PlanOptions::default()
    };
    Ok(Inspection(preflight(&index, &Movie::parse(&index)?, &options)?))
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for track in &self.0.tracks {
            write!(f, "{:<4} {:<14} {} to {} ms, ", track.name, track.codecs, track.start_ms, track.end_ms)?;
            write!(f, "{} b/s (peak {}), ", track.average_bitrate, track.peak_bitrate)?;
            writeln!(f, "{} segments of up to {} ms", track.segments.count, track.segments.longest_ms)?;
        }
        for warning in &self.0.warnings {
            writeln!(f, "{}: {warning}: {}", warning.code(), warning.action())?;
        }
        writeln!(f, "{}", self.0.verdict())
    }
}
