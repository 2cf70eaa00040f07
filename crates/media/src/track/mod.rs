//! Movies, tracks and samples: the checked view of an index.
//!
//! Parsing validates; iterating does not. [`Movie::parse`] refuses a movie whose tables contradict each other or locate media
//! past the end of the file. So [`Samples`] can walk the tables and fragments in place and yield plain [`Sample`]s.

mod audio_start;
mod chapters;
mod chunks;
mod edit_list;
mod encryption_signs;
mod fragment;
mod labels;
mod language;
mod macintosh_language;
mod movie;
mod movie_header;
mod needed_samples;
mod role;
mod sample;
mod sample_durations;
mod sample_groups;
mod sample_heads;
mod sample_sizes;
mod sample_table;
mod samples;
mod timeline;
mod track_run;
mod trak;
mod trex;

pub use crate::codec::TrackKind;
pub use chapters::{Chapter, ChapterList};
pub use labels::TrackLabels;
pub use language::is_tag as is_language_tag;
pub(crate) use language::{autonym, shortest_tag, three_letters};
pub use movie::Movie;
pub use role::Role;
pub use sample::Sample;
pub use sample_heads::sample_heads;
pub use samples::{Samples, TrackSamples};
pub use timeline::{Origin, Timeline};
pub(crate) use trak::IDENTITY_MATRIX;
pub use trak::{RefusedTrack, SkippedTrack, Track};
