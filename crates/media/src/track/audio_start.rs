//! Where the audio of a trimmed movie starts.
//!
//! Video starts at a sync sample before the edit list does: see [`super::needed_samples`]. The audio starts there as well, although
//! it could start later, because some HLS players (Shaka Player) present the first segments of video and audio at the same time,
//! whatever times are in them. Samples before that are left out, except for the short time that a decoder needs before the first
//! sample that is heard.

use super::trak::Track;
use crate::codec::TrackKind;

/// A fifth of a second, as units per second. The longest delay of an encoder in use is that of HE-AAC, 5186 samples at 44,100 Hz;
/// a decoder of Opus needs 80 ms to converge (RFC 7845 4.6).
const PREROLL_HZ: u32 = 5;

/// Leaves out the audio samples that neither a decoder nor synchronisation with the video needs.
pub(super) fn leave_out_unneeded_audio(tracks: &mut [Track<'_>]) {
    // A presentation time as a fraction: units, and units per second.
    let start = |track: &Track<'_>| {
        let units = track.samples.earliest_composition_time().saturating_add(track.presentation_offset);
        (i128::from(units), i128::from(track.timescale.hz()))
    };
    let video = tracks.iter().filter(|track| track.kind == TrackKind::Video).map(start);
    // 64 bits times 32 bits.
    let earliest = video.min_by(|(a, a_hz), (b, b_hz)| a.saturating_mul(*b_hz).cmp(&b.saturating_mul(*a_hz)));
    for track in tracks.iter_mut().filter(|track| track.kind == TrackKind::Audio) {
        let Some(edit_start) = track.edit_start else { continue };
        let hz = track.timescale.hz();
        let preroll = i64::from(hz.div_ceil(PREROLL_HZ));
        let with_video = earliest.and_then(|(units, video_hz)| {
            let units = units.saturating_mul(i128::from(hz)).checked_div_euclid(video_hz)?;
            i64::try_from(units).ok()?.checked_sub(track.presentation_offset)
        });
        let needed = edit_start.saturating_sub(preroll);
        let start = with_video.map_or(needed, |with_video| with_video.min(needed));
        // A few frames more are what a cut without encoding leaves at the start.
        if start.saturating_sub(track.samples.earliest_composition_time()) > preroll {
            track.samples.start_from(start);
        }
    }
}
