//! Output timelines: how the media time of a track maps to the output and to presentation time.
//!
//! An edit list presents media time `media_time` after the length of its empty edits. Players of fragmented media mostly ignore
//! edit lists, and HLS has no equivalent: players use the times in the fragments. So the packager applies the edits to those
//! times. All tracks of a package have one [`Origin`]: the output media time that is presented at zero. Each track is shifted
//! as a whole, so that it is presented as its edit list requires. The manifest states the origin as `presentationTimeOffset`; a
//! player that ignores the attribute still presents all tracks in sync. Durations and composition offsets are those of the
//! source, and decode times are those of the source plus the shift.
//!
//! # Trimmed media
//!
//! A phone that trims a clip stores it from the sync sample before the trim point, with an edit that starts between sync
//! samples. The package contains it from there, because a decoder needs it. The hidden part is before the origin, where DASH
//! presents nothing (ISO/IEC 23009-1 5.3.9.2, `@presentationTimeOffset`). A player with its own decoder (`ExoPlayer`) decodes
//! it, and starts to present at the trim point. A player that uses Media Source Extensions sets an append window: the browser
//! drops the frames before the window, and then all frames up to the next sync sample, so playback starts up to one group of
//! pictures late. Starting earlier would present media that the owner has trimmed, so the packager does not. HLS has no origin:
//! its playlists state where to start (`EXT-X-START`). Samples that nothing shown needs are not in the package at all: see
//! [`super::needed_samples`].

use super::sample::Sample;
use super::trak::Track;
use crate::time::{MediaTime, Timescale, greatest_common_divisor};
use crate::{Error, Result};

const TOO_FAR: Error = Error::unsupported("An edit list that moves media by more than 64 bits of time");

/// Upper bound of shifts and origins, in units of a track's timescale. Sample times have the same bound, so sums fit 64 bits.
const MAX_SHIFT: u64 = 1 << 62;

/// The output media time that is presented at zero: the earliest that is a whole number of units on every track and leaves no
/// decode or composition time below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The time, in units of 1/`hz` second.
    units: u64,
    /// A divisor of every timescale.
    hz: u32,
}

impl Origin {
    /// Returns the origin of a package of these tracks.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when an edit list moves media by more than 64 bits of time.
    pub fn of<'t, 'a: 't>(tracks: impl Iterator<Item = &'t Track<'a>> + Clone) -> Result<Self> {
        let minima = tracks.map(|track| {
            let before_zero = track.samples.earliest_composition_time().min(0).checked_neg();
            let minimum = before_zero.and_then(|before_zero| before_zero.checked_sub(track.presentation_offset));
            (track.timescale, minimum)
        });
        Self::at_least(minima)
    }

    /// Returns the earliest origin that is at or after these times, each on the timescale of a track.
    fn at_least(minima: impl Iterator<Item = (Timescale, Option<i64>)> + Clone) -> Result<Self> {
        let hz = common_hz(minima.clone().map(|(timescale, _)| timescale));
        let mut origin = 0;
        for (timescale, minimum) in minima {
            let minimum = minimum.ok_or(TOO_FAR)?.max(0).unsigned_abs();
            let scaled = u128::from(minimum).checked_mul(u128::from(hz)).ok_or(TOO_FAR)?;
            let units = scaled.div_ceil(u128::from(timescale.hz()));
            origin = origin.max(u64::try_from(units).map_err(|_| TOO_FAR)?);
        }
        Ok(Self { units: origin, hz })
    }

    /// Returns the origin in units of `timescale`.
    fn units(self, timescale: Timescale) -> Option<u64> {
        self.units.checked_mul(u64::from(timescale.hz().checked_div(self.hz)?))
    }
}

/// Returns the greatest common divisor of the timescales of a movie.
fn common_hz(timescales: impl Iterator<Item = Timescale>) -> u32 {
    timescales.map(Timescale::hz).fold(0, greatest_common_divisor).max(1)
}

/// Moves a movie whose tracks all start late to zero. An excerpt of a longer recording has the times of that recording, hours
/// or years after zero, and a viewer should not wait for its first frame. The movie moves by a whole number of units of every
/// track, as for an [`Origin`].
///
/// The late start comes from `tfdt`. A movie without fragments starts at zero, and a delay by its edit list is intended.
///
/// # Errors
/// [`Error::Unsupported`] when times do not fit 64 bits.
pub(super) fn start_at_zero(tracks: &mut [Track<'_>]) -> Result<()> {
    if tracks.iter().any(|track| track.samples.with_unneeded().next().is_none_or(|first| first.decode_time == 0)) {
        return Ok(());
    }
    let hz = common_hz(tracks.iter().map(|track| track.timescale));
    let mut start = None;
    for track in &*tracks {
        let first = track.samples.earliest_composition_time().checked_add(track.presentation_offset).ok_or(TOO_FAR)?;
        let scaled = i128::from(first).checked_mul(i128::from(hz)).ok_or(TOO_FAR)?;
        let units = i64::try_from(scaled.div_euclid(i128::from(track.timescale.hz()))).map_err(|_| TOO_FAR)?;
        start = Some(start.map_or(units, |start: i64| start.min(units)));
    }
    let start = start.unwrap_or(0).max(0);
    for track in tracks {
        let units_per_hz = i64::from(track.timescale.hz().checked_div(hz).ok_or(TOO_FAR)?);
        let moved = start.checked_mul(units_per_hz).and_then(|start| track.presentation_offset.checked_sub(start));
        track.presentation_offset = moved.ok_or(TOO_FAR)?;
    }
    Ok(())
}

/// The mapping of a track's media time to output media time and to presentation time, in units of its timescale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeline {
    timescale: Timescale,
    /// Output decode time (`tfdt`) minus decode time of the source.
    pub shift: u64,
    /// `presentationTimeOffset`: the origin.
    pub presentation_time_offset: u64,
}

impl Timeline {
    /// Returns the timeline of a track that is presented `presentation_offset` after its composition times.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when times would leave 64 bits.
    pub fn new(timescale: Timescale, presentation_offset: i64, origin: Origin) -> Result<Self> {
        let origin = origin.units(timescale).ok_or(TOO_FAR)?;
        let shift = origin.checked_add_signed(presentation_offset).filter(|shift| *shift < MAX_SHIFT).ok_or(TOO_FAR)?;
        Ok(Self { timescale, shift, presentation_time_offset: origin })
    }

    /// Returns the timeline of a track whose samples contain times that the packager cannot shift (TTML, ISO/IEC 14496-30):
    /// the timeline of the source, with a separate origin. Only an edit that delays the track shifts it.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when times would leave 64 bits.
    pub fn unshifted(timescale: Timescale, presentation_offset: i64) -> Result<Self> {
        let shift = presentation_offset.max(0).unsigned_abs();
        let presentation_time_offset = presentation_offset.min(0).unsigned_abs();
        let fits = shift.max(presentation_time_offset) < MAX_SHIFT;
        fits.then_some(Self { timescale, shift, presentation_time_offset }).ok_or(TOO_FAR)
    }

    /// Returns the units per second.
    #[must_use]
    pub fn timescale(&self) -> Timescale {
        self.timescale
    }

    /// Returns the composition time of a sample in output media time.
    #[must_use]
    pub fn composition_time(&self, sample: &Sample) -> u64 {
        self.media_time(sample.composition_time())
    }

    /// Converts a time of the source to output media time. A time below zero becomes zero.
    #[must_use]
    pub fn media_time(&self, time: i64) -> u64 {
        // The sum of 63 bits and a shift below 2^62 fits 64 bits: it saturates at zero only.
        self.shift.saturating_add_signed(time)
    }

    /// Converts output media time to presentation time.
    #[must_use]
    pub fn presentation_time(&self, media_time: u64) -> MediaTime {
        // Media ends below 2^63; a segment boundary after that saturates.
        self.timescale.at(media_time.checked_signed_diff(self.presentation_time_offset).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns (shift, presentation time offset) of tracks at 12,288, 48,000 and 44,100 Hz with these presentation offsets.
    fn timelines(offsets: [i64; 3]) -> Vec<(u64, u64)> {
        let timescales = [12_288, 48_000, 44_100].map(|hz| Timescale::new(hz).unwrap());
        let tracks = timescales.into_iter().zip(offsets);
        let origin = Origin::at_least(tracks.clone().map(|(timescale, offset)| (timescale, Some(-offset)))).unwrap();
        let timeline = |(timescale, offset)| Timeline::new(timescale, offset, origin).unwrap();
        tracks.map(timeline).map(|timeline| (timeline.shift, timeline.presentation_time_offset)).collect()
    }

    #[test]
    fn the_origin_is_the_same_time_on_every_track() {
        // Reordering by two frames and priming: 1/12 s is the earliest time that is whole on all tracks and late enough.
        let timelines = timelines([-1024, -1024, -1024]);
        assert_eq!(timelines, [(0, 1024), (2976, 4000), (2651, 3675)]);
    }

    #[test]
    fn a_track_with_times_in_its_samples_is_not_shifted() {
        let timeline = |offset| Timeline::unshifted(Timescale::new(1000).unwrap(), offset).unwrap();
        let unshifted = [0, -80, 700].map(|offset| (timeline(offset).shift, timeline(offset).presentation_time_offset));
        assert_eq!(unshifted, [(0, 0), (0, 80), (700, 0)]);
    }

    #[test]
    fn tracks_that_need_no_origin_keep_their_times() {
        assert_eq!(timelines([0, 0, 0]), [(0, 0); 3]);
        assert_eq!(timelines([0, 1008, 0]), [(0, 0), (1008, 0), (0, 0)], "an empty edit shifts only its track");
    }

    #[test]
    fn the_origin_of_tracks_without_a_common_unit_is_a_whole_second() {
        let minima = [(Timescale::new(1001).unwrap(), Some(3)), (Timescale::new(48_000).unwrap(), Some(0))];
        let origin = Origin::at_least(minima.into_iter()).unwrap();
        assert_eq!(origin.units(minima[0].0), Some(1001));
        assert_eq!(origin.units(minima[1].0), Some(48_000));
    }
}
