//! Movies, tracks and samples: the checked view of an index.
//!
//! Parsing validates; iterating does not. [`Movie::parse`] refuses a movie whose tables contradict each other or point past
//! the end of the file, so that [`Samples`] can walk the tables and fragments where they lie and yield plain [`Sample`]s.

mod fragment;
mod labels;
mod language;
mod movie;
mod sample_table;
mod samples;
mod timeline;

pub use crate::codec::TrackKind;
pub use labels::{Role, TrackLabels};
pub use language::is_tag as is_language_tag;
pub(crate) use language::{autonym, three_letters};
pub use movie::{Movie, SkippedTrack, Track};
pub use samples::{Sample, SampleTable, Samples};
pub use timeline::{Origin, Timeline};
