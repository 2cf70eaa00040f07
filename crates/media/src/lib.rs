//! The packaging engine: the index of an MP4 goes in; a plan, encrypted CMAF segments and manifests come out.
//!
//! # Index first, bytes move once
//!
//! Everything a packager decides lives in the `moov` box, a few megabytes even for a film. So the engine works in three
//! steps that need ever less of the file at a time:
//!
//! 1. [`isobmff::IndexReader`] says which byte ranges of a file hold its index, and turns them into an
//!    [`Index`](isobmff::Index); [`track::Movie`] is the parsed, checked view of it.
//! 2. [`cmaf::Planner`] cuts the movie into segments that start on sync samples and groups them into
//!    [`WorkUnit`](cmaf::WorkUnit)s: the units of work, each with the byte ranges of the source it needs. It never sees media.
//! 3. [`cmaf::package_work_unit`] is the heart, one pure function: *(work unit, source bytes, key) → segment bytes*. The encrypt
//!    function of the pipeline, the command line and a just-in-time origin call the same function and get the same bytes.
//!
//! [`dash::mpd`] and [`hls::playlists`] write the manifests from the [`Presentation`](cmaf::Presentation) that planning leaves
//! behind.
//!
//! # What this crate may not do
//!
//! No I/O, clock, randomness, environment or async: values in, values out. Input is hostile: every number a file holds is
//! checked before it is added to, multiplied by, indexed with or allocated by, and the lints below hold the code to it.
//! Strictness is never a Cargo feature.

#![warn(clippy::arithmetic_side_effects, clippy::as_conversions, clippy::indexing_slicing, clippy::panic)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::single_range_in_vec_init
    )
)]

pub mod cenc;
pub mod cmaf;
pub mod codec;
pub mod dash;
mod error;
pub mod hls;
pub mod isobmff;
mod number;
pub mod preflight;
pub mod text;
pub mod time;
pub mod track;

pub use error::{Error, Place, Result};
