//! The verdict on a movie: with the default options, or with those that accept a movie that the default options refuse.

use std::time::Duration;

use super::{Preflight, analysis};
use crate::cmaf::{PlanOptions, Presentation, UnsupportedTracks};
use crate::isobmff::Index;
use crate::track::Movie;
use crate::{Error, Result};

/// Options without which a movie is refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequiredOptions {
    /// Only the audio is packaged.
    pub audio_only: bool,
    /// What is done about unsupported tracks.
    pub unsupported: UnsupportedTracks,
}

impl RequiredOptions {
    /// Every set of options that may be required, the smallest first.
    pub const ALL: [Self; 3] = [
        Self { audio_only: false, unsupported: UnsupportedTracks::LeaveOut },
        Self { audio_only: true, unsupported: UnsupportedTracks::Refuse },
        Self { audio_only: true, unsupported: UnsupportedTracks::LeaveOut },
    ];

    /// Returns whether a request with the options `given` has all of these.
    #[must_use]
    pub fn are_in(self, given: Self) -> bool {
        (!self.audio_only || given.audio_only)
            && (self.unsupported == UnsupportedTracks::Refuse || given.unsupported == UnsupportedTracks::LeaveOut)
    }

    /// Returns the name of the set, under which it is stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match (self.audio_only, self.unsupported) {
            (false, UnsupportedTracks::Refuse) => "none",
            (false, UnsupportedTracks::LeaveOut) => "leave_out",
            (true, UnsupportedTracks::Refuse) => "audio_only",
            (true, UnsupportedTracks::LeaveOut) => "audio_only+leave_out",
        }
    }

    /// Parses a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|options| options.name() == name)
    }
}

/// What is found in a movie that can be packaged, if need be with other options than the default.
#[derive(Debug)]
pub struct Examination {
    /// The report on the stream: with the default options, else with the first set of those that accept the movie.
    pub preflight: Preflight,
    /// The stream.
    pub presentation: Presentation,
    /// Why the default options refuse the movie, and the options that do not.
    pub refusal: Option<(Error, Vec<RequiredOptions>)>,
}

/// Examines `movie`, which is the movie of `index`. It is planned as a whole, so that every error that planning would find is
/// reported now. A movie that lacks video, or has a track that cannot be packaged, is planned with further options.
///
/// # Errors
/// The reason why the movie cannot be packaged, whatever the options.
pub fn examine(index: &Index, movie: &Movie<'_>, segment_duration: Duration) -> Result<Examination> {
    let plan = |RequiredOptions { audio_only, unsupported }| {
        let options = PlanOptions { segment_duration, audio_only, unsupported, ..PlanOptions::default() };
        analysis::analyse(index, movie, &options)
    };
    let reason = match plan(RequiredOptions::default()) {
        Ok((preflight, presentation)) => return Ok(Examination { preflight, presentation, refusal: None }),
        Err(reason) => reason,
    };
    let depends_on_options = !movie.refused.is_empty() || reason == Error::NoVideo;
    let mut remedies: Vec<RequiredOptions> = Vec::new();
    let mut first = None;
    for options in RequiredOptions::ALL.into_iter().filter(|_| depends_on_options) {
        if !remedies.iter().any(|smaller| smaller.are_in(options))
            && let Ok(found) = plan(options)
        {
            remedies.push(options);
            first = first.or(Some(found));
        }
    }
    match first {
        None => Err(reason),
        Some((preflight, presentation)) => {
            Ok(Examination { preflight, presentation, refusal: Some((reason, remedies)) })
        }
    }
}
