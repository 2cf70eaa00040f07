//! MPEG-DASH (ISO/IEC 23009-1): a presentation and the sizes of its segments in, a manifest out.

mod bandwidth;
mod choice;
mod mpd;
mod picture;
mod sound;

pub use mpd::{MpdOptions, mpd};
