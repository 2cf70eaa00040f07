//! Several files as the inputs of one package: the rungs of a ladder.

use std::time::Duration;

use serde::Serialize;
use vpp_media::Error;
use vpp_media::cmaf::{PlanOptions, Planner, Presentation};
use vpp_media::track::Movie;

use crate::inspection::{TrackSummary, tracks};
use crate::source::{ReadError, Source, read_index};

/// Whether files fit into one package.
#[derive(Debug, Serialize)]
pub struct Ladder {
    /// Whether one package can have all of them.
    pub is_aligned: bool,
    /// The code of the error, if not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// The reason, if not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The times of the first key frames that do not match: a line with the names of the video tracks, and a line for each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub key_frames: Vec<Vec<String>>,
    /// The tracks of the package.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tracks: Vec<TrackSummary>,
}

/// Plans one package of all files, with segments of `segment_duration`.
///
/// # Errors
/// A file cannot be read.
pub fn align<S: Source>(files: &mut [S], segment_duration: Duration) -> Result<Ladder, S::Error> {
    let planned = match plan(files, segment_duration) {
        Ok(presentation) => Ok(presentation),
        Err(ReadError::Media(error)) => Err(error),
        Err(ReadError::Source(error)) => return Err(error),
    };
    Ok(match planned {
        Ok(presentation) => {
            let tracks = tracks(&presentation);
            Ladder { is_aligned: true, code: None, message: None, key_frames: Vec::new(), tracks }
        }
        Err(error) => {
            let (code, message) = (Some(error.code()), Some(error.to_string()));
            Ladder { is_aligned: false, code, message, key_frames: key_frames(&error), tracks: Vec::new() }
        }
    })
}

fn key_frames(error: &Error) -> Vec<Vec<String>> {
    let Error::InputsMisaligned { table } = error else { return Vec::new() };
    table.split("; ").map(|line| line.split(" | ").map(str::to_owned).collect()).collect()
}

fn plan<S: Source>(files: &mut [S], segment_duration: Duration) -> Result<Presentation, ReadError<S::Error>> {
    let mut indexes = Vec::new();
    for file in files {
        indexes.push(read_index(file, &mut 0)?);
    }
    let movies = indexes.iter().map(Movie::parse).collect::<Result<Vec<Movie<'_>>, Error>>()?;
    let mut planner = Planner::of_movies(&movies, &PlanOptions { segment_duration, ..PlanOptions::default() })?;
    for work_unit in &mut planner {
        work_unit?;
    }
    Ok(planner.finish()?)
}
