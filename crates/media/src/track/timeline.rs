//! Edit lists (ISO/IEC 14496-12 8.6.5, 8.6.6): where a track's media stands on the presentation timeline.
//!
//! An edit says that media time `media_time` is shown at presentation time `empty`. Players of fragmented media mostly ignore
//! edit lists, and HLS has nothing in their place: what counts is the times in the fragments themselves. So the edits are
//! worked into those. All tracks of a package get one [`Origin`], the moment of the output's media timeline that is shown at
//! zero, and each track is shifted as a whole so that its edit is true. A manifest gives the origin as
//! `presentationTimeOffset`; a player that knows nothing of it still sees every track at the right distance from the others.
//! Durations and composition offsets are those of the source, and so are decode times but for the shift.
//!
//! # What a cut hides
//!
//! A telephone that trims a clip keeps it whole from the sync sample before the cut, and lets an edit begin between sync
//! samples. All of it is kept here as well: a decoder needs it. What the edit hides lies before the origin, where DASH presents
//! nothing (ISO/IEC 23009-1 5.3.9.2, `@presentationTimeOffset`). A player that decodes by itself (`ExoPlayer`) decodes it and
//! begins to show at the cut. One on Media Source Extensions gives the browser a window to append to, which drops pictures
//! before the window, and with them all that follow up to the next sync sample: it begins up to one group of pictures late.
//! To begin earlier instead would show what someone has cut out, so that is not done. Media behind the end of the edits is
//! presented: it is seldom more than the padding of the last block of sound.

use crate::isobmff::BoxView;
use crate::time::{MediaTime, Timescale, greatest_common_divisor};
use crate::track::{Sample, Track};
use crate::{Error, Result};

/// The moment of the output's media timeline that is shown at presentation time zero: the earliest that is a whole number of
/// units for every track, and leaves no track a decode or composition time before zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// In parts of a second, of which `parts` make one.
    numerator: u64,
    /// Divides every timescale.
    parts: u32,
}

impl Origin {
    /// The origin of a package of these tracks.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when an edit list moves media by more than 64 bits of time.
    pub fn of<'t, 'a: 't>(tracks: impl Iterator<Item = &'t Track<'a>> + Clone) -> Result<Self> {
        let needs = tracks.map(|track| {
            let before_zero = track.samples.earliest_composition_time().saturating_neg().max(0);
            (track.timescale, before_zero.checked_sub(track.presentation_offset))
        });
        Self::from_needs(needs)
    }

    /// The origin when each track, by its timescale, needs at least so many units.
    fn from_needs(needs: impl Iterator<Item = (Timescale, Option<i64>)> + Clone) -> Result<Self> {
        let parts = needs.clone().map(|(timescale, _)| timescale.hz()).fold(0, greatest_common_divisor).max(1);
        let mut numerator = 0;
        for (timescale, units) in needs {
            let units = u64::try_from(units.ok_or(TOO_FAR)?).unwrap_or(0);
            let scaled = u128::from(units).saturating_mul(u128::from(parts)).div_ceil(u128::from(timescale.hz()));
            numerator = numerator.max(u64::try_from(scaled).map_err(|_| TOO_FAR)?);
        }
        Ok(Self { numerator, parts })
    }

    /// The origin in units of `timescale`.
    fn units(self, timescale: Timescale) -> Option<u64> {
        self.numerator.checked_mul(u64::from(timescale.hz().checked_div(self.parts)?))
    }
}

/// Lets a movie whose tracks all begin late begin at zero: a part of a longer recording keeps that one's times, hours or years
/// of them, and nobody waits for its first picture. What is taken away is whole units of every track, as an [`Origin`] is.
///
/// A `tfdt` says so; a movie without fragments begins at zero, and what an edit list adds to that is meant.
pub(super) fn start_at_zero(tracks: &mut [Track<'_>]) {
    if tracks.iter().any(|track| track.samples.first_decode_time() == 0) {
        return;
    }
    let parts = tracks.iter().map(|track| track.timescale.hz()).fold(0, greatest_common_divisor).max(1);
    let starts = tracks.iter().map(|track| {
        let units = track.samples.earliest_composition_time().saturating_add(track.presentation_offset);
        let parts = i128::from(units).saturating_mul(i128::from(parts)).div_euclid(i128::from(track.timescale.hz()));
        i64::try_from(parts).unwrap_or(0)
    });
    let start = starts.min().unwrap_or(0).max(0);
    for track in tracks {
        let units_per_part = i64::from(track.timescale.hz().checked_div(parts).unwrap_or(1));
        track.presentation_offset = track.presentation_offset.saturating_sub(start.saturating_mul(units_per_part));
    }
}

const TOO_FAR: Error = Error::unsupported("An edit list that moves media by more than 64 bits of time");

/// How a track's media time maps to output media time and to presentation time, in units of its timescale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeline {
    timescale: Timescale,
    /// Added to every decode time of the source: what `tfdt` carries.
    pub shift: u64,
    /// `presentationTimeOffset`: the origin.
    pub presentation_time_offset: u64,
}

impl Timeline {
    /// The timeline of media that is presented `presentation_offset` after its composition time.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when times would leave 64 bits.
    pub fn new(timescale: Timescale, presentation_offset: i64, origin: Origin) -> Result<Self> {
        let origin = origin.units(timescale).ok_or(TOO_FAR)?;
        let shift = origin.checked_add_signed(presentation_offset).filter(|shift| *shift < 1 << 62).ok_or(TOO_FAR)?;
        Ok(Self { timescale, shift, presentation_time_offset: origin })
    }

    /// The timeline of media whose samples name times of their own, which no shift reaches (TTML, ISO/IEC 14496-30): that of
    /// the source, with an origin of its own, as long as its edit does not put it later.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when times would leave 64 bits.
    pub fn unshifted(timescale: Timescale, presentation_offset: i64) -> Result<Self> {
        let shift = u64::try_from(presentation_offset.max(0)).unwrap_or(0);
        let presentation_time_offset = u64::try_from(presentation_offset.saturating_neg().max(0)).unwrap_or(0);
        let fits = shift.max(presentation_time_offset) < 1 << 62;
        fits.then_some(Self { timescale, shift, presentation_time_offset }).ok_or(TOO_FAR)
    }

    /// Units per second of its times.
    #[must_use]
    pub fn timescale(&self) -> Timescale {
        self.timescale
    }

    /// Composition time of a sample, in output media time.
    #[must_use]
    pub fn composition_time(&self, sample: &Sample) -> u64 {
        self.media_time(sample.composition_time())
    }

    /// A time of the source in output media time, which never lies before zero.
    #[must_use]
    pub fn media_time(&self, time: i64) -> u64 {
        let shifted = i128::from(time).saturating_add(i128::from(self.shift));
        u64::try_from(shifted.max(0)).unwrap_or(u64::MAX)
    }

    /// The moment at which media with this output media time is shown.
    #[must_use]
    pub fn presentation_time(&self, media_time: u64) -> MediaTime {
        let units = i128::from(media_time).saturating_sub(i128::from(self.presentation_time_offset));
        self.timescale.at(i64::try_from(units).unwrap_or(i64::MAX))
    }
}

/// What an edit list does to a track: presentation time = composition time + `presentation_offset`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Edit {
    /// In units of the track's timescale: the length of leading empty edits less the `media_time` that follows them.
    pub(super) presentation_offset: i64,
    /// The composition time at which its first stretch of media begins; `None` where it has none.
    pub(super) start: Option<i64>,
    /// The composition time at which its last stretch of media ends; `None` where it goes on to the end of the media.
    pub(super) end: Option<i64>,
}

impl Edit {
    /// Reads the `edts` box of a track.
    ///
    /// Leading empty edits and one stretch of media at normal rate are expressed exactly. Further edits are accepted where
    /// they go on without a gap, neither in the media nor in its presentation, and refused otherwise.
    pub(super) fn parse(edts: &BoxView<'_>, movie: Timescale, track: Timescale) -> Result<Self> {
        let Some(elst) = edts.child(b"elst")? else { return Ok(Self::default()) };
        let (version, _, mut reader) = elst.full()?;
        let count = reader.u32()?;
        let (mut empty, mut media): (u64, Option<(i64, u64)>) = (0, None);
        // Whether an empty edit has followed the media.
        let mut pause = false;
        for _ in 0..count {
            let duration = reader.word(version)?;
            let media_time = if version == 1 {
                i64::from_be_bytes(reader.array()?)
            } else {
                i64::from(i32::from_be_bytes(reader.array()?))
            };
            let rate = reader.u32()?;
            match media {
                None if media_time < 0 => {
                    empty = empty.checked_add(duration).ok_or(elst.malformed("its times overflow"))?;
                }
                None => media = Some((media_time, duration)),
                // Trailing empty edits show nothing more, unless media comes behind them.
                Some(_) if media_time < 0 => pause |= duration > 0,
                Some((start, length)) => {
                    let length_in_media = track.rescale(length, movie).and_then(|length| i64::try_from(length).ok());
                    let end = length_in_media.and_then(|length| start.checked_add(length));
                    // Rounding to the movie's timescale may cost one of its units.
                    let slack = i64::from(track.hz().div_ceil(movie.hz())).saturating_add(1);
                    if pause || end.is_none_or(|end| end.abs_diff(media_time) > slack.unsigned_abs()) {
                        return Err(Error::unsupported("An edit list that rearranges the media"));
                    }
                    media = Some((start, length.saturating_add(duration)));
                }
            }
            if rate != 0x0001_0000 && media_time >= 0 {
                return Err(Error::unsupported("An edit list that changes the playback rate"));
            }
        }
        let end = media.filter(|(_, length)| *length > 0).and_then(|(start, length)| {
            let length = i64::try_from(track.rescale(length, movie)?).ok()?;
            start.checked_add(length)
        });
        let start = media.map(|(media_time, _)| media_time);
        let media_time = start.unwrap_or(0);
        let empty = track.rescale(empty, movie).and_then(|empty| i64::try_from(empty).ok());
        let presentation_offset = empty.and_then(|empty| empty.checked_sub(media_time));
        presentation_offset
            .map(|presentation_offset| Self { presentation_offset, start, end })
            .ok_or(elst.malformed("its times overflow"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isobmff::BoxWriter;

    fn edits(entries: &[(u32, i32, u32)]) -> Result<Edit> {
        let mut w = BoxWriter::new();
        w.plain(b"edts", |w| {
            w.full(b"elst", 0, 0, |w| {
                w.u32(u32::try_from(entries.len()).unwrap());
                for (duration, media_time, rate) in entries {
                    w.u32(*duration);
                    w.raw(&media_time.to_be_bytes());
                    w.u32(*rate);
                }
            });
        });
        let bytes = w.finish().unwrap();
        let edts = BoxView::parse(&bytes, 0).unwrap();
        Edit::parse(&edts, Timescale::new(1000).unwrap(), Timescale::new(48_000).unwrap())
    }

    /// (shift, presentation time offset) of tracks at 12,288, 48,000 and 44,100 Hz with these presentation offsets.
    fn timelines(offsets: [i64; 3]) -> Vec<(u64, u64)> {
        let timescales = [12_288, 48_000, 44_100].map(|hz| Timescale::new(hz).unwrap());
        let tracks = timescales.into_iter().zip(offsets);
        let origin = Origin::from_needs(tracks.clone().map(|(timescale, offset)| (timescale, Some(-offset)))).unwrap();
        let timeline = |(timescale, offset)| Timeline::new(timescale, offset, origin).unwrap();
        tracks.map(timeline).map(|own| (own.shift, own.presentation_time_offset)).collect()
    }

    const NORMAL: u32 = 0x0001_0000;

    #[test]
    fn an_edit_is_the_empty_time_less_the_media_time() {
        assert_eq!(
            edits(&[(5000, 1024, NORMAL)]).unwrap(),
            Edit { presentation_offset: -1024, start: Some(1024), end: Some(241_024) }
        );
        assert_eq!(edits(&[(0, 1024, NORMAL)]).unwrap().end, None, "to the end of the media");
        assert_eq!(edits(&[(21, -1, NORMAL), (5000, 0, NORMAL)]).unwrap().presentation_offset, 1008);
    }

    #[test]
    fn edits_of_64_bits_are_read_as_those_of_32() {
        let mut w = BoxWriter::new();
        w.plain(b"edts", |w| {
            w.full(b"elst", 1, 0, |w| {
                w.u32(2);
                for (duration, media_time) in [(21, -1), (5000, 5_000_000_000_i64)] {
                    w.u64(duration);
                    w.raw(&media_time.to_be_bytes());
                    w.u32(NORMAL);
                }
            });
        });
        let bytes = w.finish().unwrap();
        let edts = BoxView::parse(&bytes, 0).unwrap();
        let edit = Edit::parse(&edts, Timescale::new(1000).unwrap(), Timescale::new(48_000).unwrap());
        assert_eq!(edit.unwrap().presentation_offset, 1008 - 5_000_000_000);
    }

    #[test]
    fn the_origin_is_one_moment_on_every_track() {
        // Reordering by two pictures and priming: 1/12 s is the earliest moment that is whole for all and before none.
        let timelines = timelines([-1024, -1024, -1024]);
        assert_eq!(timelines, [(0, 1024), (2976, 4000), (2651, 3675)]);
    }

    #[test]
    fn media_that_names_its_own_times_keeps_them() {
        let timeline = |offset| Timeline::unshifted(Timescale::new(1000).unwrap(), offset).unwrap();
        let kept = [0, -80, 700].map(|offset| (timeline(offset).shift, timeline(offset).presentation_time_offset));
        assert_eq!(kept, [(0, 0), (0, 80), (700, 0)]);
    }

    #[test]
    fn tracks_that_need_no_origin_keep_their_times() {
        assert_eq!(timelines([0, 0, 0]), [(0, 0); 3]);
        assert_eq!(timelines([0, 1008, 0]), [(0, 0), (1008, 0), (0, 0)], "an empty edit shifts its own track only");
    }

    #[test]
    fn an_origin_no_track_shares_a_unit_with_is_a_whole_second() {
        let needs = [(Timescale::new(1001).unwrap(), Some(3)), (Timescale::new(48_000).unwrap(), Some(0))];
        let origin = Origin::from_needs(needs.into_iter()).unwrap();
        assert_eq!(origin.units(needs[0].0), Some(1001));
        assert_eq!(origin.units(needs[1].0), Some(48_000));
    }

    #[test]
    fn edits_that_go_on_without_a_gap_are_one() {
        assert_eq!(edits(&[(1000, 480, NORMAL), (1000, 48_480, NORMAL)]).unwrap().presentation_offset, -480);
        assert_eq!(edits(&[(1000, 480, NORMAL), (500, -1, NORMAL)]).unwrap().presentation_offset, -480);
        assert!(edits(&[(1000, 480, NORMAL), (500, -1, NORMAL), (1000, 48_480, NORMAL)]).is_err(), "a pause");
        assert!(edits(&[(1000, 480, NORMAL), (1000, 0, NORMAL)]).is_err());
        assert!(edits(&[(1000, 480, 0x0002_0000)]).is_err());
    }
}
