//! What the tests of the platform share: media fixtures, outside oracles, and a strict reader of packages.
//!
//! The engine is never asked whether its own output is right. What it wrote is read back by implementations that no one here
//! made: Bento4's decrypter ([`decrypt`]), ffmpeg's demuxer and decoders ([`ffmpeg`]), the box parser `mp4-atom` and the
//! manifest parser `dash-mpd-core` ([`package`]), Shaka Packager ([`shaka`]) and two parsers of manifests from npm ([`npm`]).
//! What those cannot judge, the rules of the formats, is in [`rules`]: a list of checks that each say what is wrong, and that
//! have tests of their own on packages that were broken on purpose.

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
pub mod ffmpeg;
pub mod fixtures;
pub mod index;
pub mod movies;
pub mod npm;
pub mod package;
pub mod rules;
pub mod shaka;
pub mod vpp;
