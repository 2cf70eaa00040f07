//! Subtitles: the samples of text tracks, and the formats in which players receive them.
//!
//! # Codings
//!
//! Players of fragmented media support `wvtt` (WebVTT cues in boxes) and `stpp` (TTML documents), both of ISO/IEC 14496-30;
//! their samples are copied unchanged. Phones, editors and ffmpeg write `tx3g` (3GPP TS 26.245), which no DASH or HLS player
//! supports; so its samples are rewritten as `wvtt`, one for one: times, durations and the number of samples stay the same. The
//! text keeps its bold, italic and underlined spans. Fonts, sizes, colours and the text box are dropped, because in WebVTT the
//! player or the viewer selects them. HLS requires WebVTT text files (RFC 8216bis 3.1.4), so every `wvtt` segment is also
//! written as a text file, from the same samples.
//!
//! Text is never encrypted: no browser decrypts it. The sample entry of a text track is clear as well.
//!
//! The times in a TTML document are on the timeline of its track. So a TTML track is not shifted to the common origin of the
//! other tracks (see [`Origin`](crate::track::Origin)). In DASH it has a separate `presentationTimeOffset`, and is in sync. HLS
//! has no such attribute: there, TTML is early by the shift of the other tracks, which is a few frames where video is
//! reordered.
//!
//! # Cues across segment boundaries
//!
//! Segment boundaries are at the same times on all tracks. A text sample may last for minutes, and no boundary splits it: the
//! sample is in the segment in which it starts. Such a segment lasts until the next sample starts, over as many windows as
//! that takes; a window in which no sample starts has no segment. Nothing is lost: text samples follow each other without gap
//! or overlap (ISO/IEC 14496-30), so the text at a time is in the segment that covers that time in the `SegmentTimeline`, and a
//! player that seeks into a long cue fetches that segment. Repeating the cue in every window would change the number of
//! samples, and each player would have to detect that it is the same cue. HLS allows subtitle playlists a separate target
//! duration (RFC 8216bis 6.2.4). For the same reason no text file repeats a cue of another: the segment with the cue covers its
//! whole duration.

mod coding;
mod cue;
mod markup;
mod tx3g;
mod webvtt;
mod webvtt_file;
mod webvtt_segment;
mod wvtt;

pub use coding::{TextCoding, TextTrack};
pub(crate) use cue::Cue;
pub(crate) use markup::{BOLD, CueMarkup, ITALIC, UNDERLINED};
pub(crate) use tx3g::{expected_rewritten_bytes, plain_text};
pub(crate) use webvtt::{ARROW, SIGNATURE, format_timestamp};
pub(crate) use webvtt_file::check_size;
pub use webvtt_file::{MAX_SIDECAR_BYTES, WebVttFile};
pub(crate) use webvtt_segment::WebVttSegment;
pub(crate) use wvtt::write as write_sample;
