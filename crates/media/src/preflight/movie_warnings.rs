//! The warnings that the index of a movie shows without a plan. Packaging reports them too.

use super::Warning;
use crate::isobmff::Index;
use crate::track::Movie;

/// Returns the warnings about `movie`, which is the movie of `index`, that do not depend on a plan.
#[must_use]
pub fn movie_warnings(index: &Index, movie: &Movie<'_>) -> Vec<Warning> {
    let cut = movie.cut_at.map(|offset| Warning::RecordingCutShort { offset, file_size: index.file_size() });
    let boxes = movie.dropped_boxes(index);
    let dropped = (!boxes.is_empty()).then_some(Warning::BoxesDropped { boxes });
    cut.into_iter().chain(dropped).collect()
}
