//! Movies, tracks and samples: the checked view of an index.
//!
//! Parsing validates; iterating does not. [`Movie::parse`] refuses a movie whose tables contradict each other or point past
//! the end of the file, so that [`Samples`] can walk the tables where they lie and yield plain [`Sample`]s.

mod edit;
mod movie;
mod sample_table;

pub use edit::{Origin, Timeline};
pub use movie::{Movie, SkippedTrack, Track, TrackKind};
pub use sample_table::{Sample, SampleTable, Samples};
