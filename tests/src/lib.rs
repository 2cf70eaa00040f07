//! Shared code of the platform's tests: media fixtures, independent implementations to compare with, and a strict reader of
//! packages.
//!
//! The engine never validates its own output. Implementations of other authors read it back: Bento4's decrypter
//! ([`decrypt`]), ffmpeg's demuxers and decoders ([`ffmpeg`]), the box parser `mp4-atom` and the manifest parser
//! `dash-mpd-core` ([`package`]), Shaka Packager ([`shaka`]) and two manifest parsers from npm ([`npm`]). [`rules`] checks the
//! requirements of the formats that these do not check; its own tests break packages on purpose. [`judge`] derives what manifests
//! must state from what ffprobe and Shaka Packager read from the source. [`planning`] has what tests need that call the engine step
//! by step.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::print_stderr,
    reason = "this library serves tests: a panic is how a test fails"
)]

pub mod boxes;
pub mod decrypt;
pub mod edge_function;
pub mod ffmpeg;
pub mod fixtures;
pub mod judge;
pub mod movies;
pub mod npm;
pub mod package;
pub mod planning;
pub mod rules;
pub mod shaka;
pub mod sidx;
pub mod vpp;
