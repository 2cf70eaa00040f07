//! The packaging engine: the index of an MP4 goes in; a plan, encrypted CMAF segments and manifests come out.
//!
//! # Read the index, then the media once
//!
//! All decisions of a packager depend on the `moov` box, a few megabytes even for a film, and for some codecs on a few bytes of
//! the first samples. So the engine works in three steps, each of which needs only a part of the file in memory:
//!
//! 1. An [`isobmff::IndexReader`] requests the byte ranges of a file that contain its index, and turns them into an
//!    [`Index`](isobmff::Index). [`track::sample_heads`] lists the bytes of samples to add to it. [`track::Movie`] is its parsed
//!    and validated view.
//! 2. A [`cmaf::Planner`] divides the movie into segments that start at sync samples, and groups them into
//!    [`WorkUnit`](cmaf::WorkUnit)s. A work unit contains the byte ranges of the source to read. The planner never reads media.
//! 3. A [`cmaf::Packager`] turns a work unit into segments. It is a pure function, *(work unit, source bytes, keys) → segments*,
//!    and the only code that encrypts and writes segments. The command line calls it through [`cmaf::package_work_unit`], for
//!    source bytes that are complete. The encrypt function of the pipeline calls it through a [`cmaf::StreamingPackager`], which
//!    collects source bytes that are still arriving. Both produce the same bytes.
//!
//! [`dash::mpd`] and [`hls::playlists`] write the manifests from the [`Presentation`](cmaf::Presentation), which the planner
//! returns after the last work unit, and from the sizes of the segments. [`edits`] change a presentation without its media.
//!
//! # Rules of this crate
//!
//! No I/O, clock, randomness, environment or async: values in, values out. Input is hostile: every number of a file is checked
//! before it is used in arithmetic, as an index, or as the size of an allocation. The lints below enforce this. Strictness is
//! never a Cargo feature.

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
pub mod chapters;
pub mod cmaf;
pub mod codec;
pub mod dash;
pub mod edits;
mod error;
pub mod hls;
pub mod isobmff;
mod manifest;
mod matroska;
mod number;
pub mod plain_text;
pub mod preflight;
pub mod sidecar;
pub mod text;
pub mod time;
pub mod track;

pub use error::{Error, Place, Result};
