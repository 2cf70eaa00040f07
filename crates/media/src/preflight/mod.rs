//! Preflight: what a movie's index alone predicts of its stream.
//!
//! A valid file may still make a poor stream: with a key frame every ten seconds, segments last ten seconds, whatever segment
//! duration was requested. The uploader should know this right after the upload, with numbers, before anyone watches. The
//! index has all of it. [`preflight`] plans the movie as it would be packaged, collects the statistics of each work unit, and
//! drops the unit: one pass over the sample tables gives both the refusals of planning and the report, and holds a few
//! numbers per track.
//!
//! A movie that cannot be packaged has no report but its [`Error`](crate::Error): the third verdict, `refused`.

mod analysis;
mod report;
mod statistics;
mod view;
mod warning;

pub use analysis::preflight;
pub use report::{Distribution, Preflight, TrackReport};
pub use view::PreflightView;
pub use warning::Warning;
