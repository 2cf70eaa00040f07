//! MPEG-DASH (ISO/IEC 23009-1): writes the manifest of a presentation, given the sizes of its segments.

mod adaptation_set;
mod audio;
mod bandwidth;
mod captions;
mod content_protection;
mod mpd;
mod options;
mod representation;
mod segment_addressing;
mod selection;
mod trick_mode;
mod video;
mod xml;

pub use mpd::{MANIFEST, mpd};
pub use options::MpdOptions;
