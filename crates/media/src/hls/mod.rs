//! HLS (RFC 8216bis): playlists over the same segments as the MPD.
//!
//! There is one multivariant playlist, one media playlist for each track, and one playlist of key frames for each video track,
//! for trick play. URIs are relative, so one token or one prefix applies to all of them. The playlists of a single file state
//! byte ranges.
//!
//! All subtitles are in one group. For `wvtt` tracks, playlists list the WebVTT text files of the segments, because HLS players
//! support WebVTT only as text. For `stpp` tracks, they list the segments (IMSC1, RFC 8216bis 3.1.5).

mod audio_groups;
mod captions;
mod key_frames;
mod keys;
mod media_playlist;
mod multivariant;
mod options;
mod playlists;
mod rate;
mod renditions;
mod resource;
mod start;
mod subtitles;
mod tags;

pub use options::HlsOptions;
pub use playlists::{MULTIVARIANT, Playlist, playlists};
