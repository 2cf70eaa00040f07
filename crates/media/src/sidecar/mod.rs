//! Sidecar subtitle files of any supported format, converted to WebVTT.
//!
//! Editors and broadcasters deliver `SubRip` (SRT), TTML (IMSC1 text profile) and SCC (Scenarist closed captions, CEA-608). DASH
//! and HLS players of browsers support WebVTT, so a package contains every file as WebVTT. The format is recognised by the
//! content of a file, never by its name.
//!
//! The conversion keeps times, text, bold, italic and underlined spans, and the vertical position where it is not the usual one.
//! Everything else is counted, and reported as a [`Warning`](crate::preflight::Warning): colours, fonts, horizontal positions,
//! images.
//!
//! A file that breaks a rule of its format is refused with the line, as WebVTT files are.

mod cea608;
mod cea608_characters;
mod cea608_screen;
mod cues;
mod encoding;
mod format;
mod loss;
mod scc;
mod sidecar_file;
mod srt;
mod srt_markup;
mod ttml;
mod ttml_style;
mod ttml_text;
mod ttml_time;

pub use format::SubtitleFormat;
pub use sidecar_file::SidecarFile;
