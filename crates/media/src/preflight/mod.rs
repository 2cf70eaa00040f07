//! Preflight: a prediction of a movie's stream from its index alone.
//!
//! A valid file may still make a poor stream: with a key frame every ten seconds, segments last ten seconds, whatever segment
//! duration was requested. The uploader should learn this right after the upload, with numbers, before anyone watches. The
//! index contains all of this. [`preflight`] plans the movie as it would be packaged, collects the statistics of each work
//! unit, and drops the unit: one pass over the sample tables finds the errors of planning and produces the report, and holds
//! only a few numbers per track.
//!
//! A movie that cannot be packaged has no report. Its [`Error`](crate::Error) is the third verdict, `refused`.

mod analysis;
mod examination;
mod movie_warnings;
mod report;
mod statistics;
mod view;
mod warning;

pub use analysis::{preflight, trim_warnings};
pub use examination::{Examination, RequiredOptions, examine};
pub use movie_warnings::movie_warnings;
pub use report::{Distribution, Preflight, TrackReport};
pub use view::{PreflightView, WarningView};
pub use warning::Warning;
