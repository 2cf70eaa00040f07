//! Where a player starts (`EXT-X-START`, RFC 8216bis 4.4.2.2): after the media that an edit list hides at the start.
//!
//! `TIME-OFFSET` counts from the beginning of the playlist. hls.js and Shaka Player take the decode time of the first sample for
//! the beginning, and other players may take its presentation time, which is later by the reordering delay of the video. The
//! offset is the greater of both, so no player shows a hidden frame.
//!
//! All media playlists state the same offset, because Shaka Player may use that of the audio. The multivariant playlist has none:
//! hls.js reads it too late, and shows the first frame before.

use crate::cmaf::{Presentation, Representation};
use crate::track::TrackKind;

/// Audio that is hidden for at most a tenth of a second is the delay of its encoder, which no player needs to skip.
const MAX_DELAY_HZ: u64 = 10;

/// Returns the tag of the media playlists of a presentation; an empty string if its edit lists hide nothing at the start.
pub(super) fn tag(presentation: &Presentation) -> String {
    let of_kind = |kind| presentation.media().filter(move |track| track.kind == kind);
    let microseconds = if of_kind(TrackKind::Video).next().is_some() {
        of_kind(TrackKind::Video).map(hidden_microseconds).max()
    } else {
        of_kind(TrackKind::Audio).filter(|track| is_longer_than_delay(track)).map(hidden_microseconds).max()
    };
    match microseconds.unwrap_or(0) {
        0 => String::new(),
        hidden => {
            let (seconds, fraction) = (hidden / 1_000_000, hidden % 1_000_000);
            format!("#EXT-X-START:TIME-OFFSET={seconds}.{fraction:06},PRECISE=YES\n")
        }
    }
}

/// Returns the earliest presentation time of a track, in output media time.
fn start(track: &Representation) -> u64 {
    track.segments.first().map_or(u64::MAX, |first| first.start)
}

fn is_longer_than_delay(track: &Representation) -> bool {
    let hidden = track.presentation_time_offset.saturating_sub(start(track));
    hidden.saturating_mul(MAX_DELAY_HZ) > u64::from(track.timescale.hz())
}

/// Returns the time from the beginning of the track's playlist to presentation time zero, rounded up so that the frame before
/// does not show; zero if presentation starts with the first frame.
fn hidden_microseconds(track: &Representation) -> u128 {
    let offset = track.presentation_time_offset;
    if start(track) >= offset {
        return 0;
    }
    let hidden = offset.saturating_sub(start(track).min(track.first_decode_time));
    // 64 bits times 20.
    u128::from(hidden).saturating_mul(1_000_000).div_ceil(u128::from(track.timescale.hz()).max(1))
}
