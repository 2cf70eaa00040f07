//! Edit lists (`edts`, `elst`; ISO/IEC 14496-12 8.6.5, 8.6.6).

use crate::isobmff::BoxView;
use crate::time::Timescale;
use crate::{Error, Result};

/// The normal playback rate, 16.16 fixed point.
const NORMAL_RATE: u32 = 0x0001_0000;

/// An edit list that cannot be represented as one part of the media.
const REARRANGED: Error =
    Error::unsupported("An edit list that repeats, skips or reorders parts of the media, or pauses it");

/// An edit list that changes the speed, or freezes a frame.
const CHANGED_RATE: Error = Error::unsupported("An edit list that changes the playback rate");

/// The effect of an edit list on a track: presentation time = composition time + `presentation_offset`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct EditList {
    /// The length of leading empty edits minus the `media_time` that follows them, in units of the track's timescale.
    pub(super) presentation_offset: i64,
    /// The composition time at which the first media edit starts; `None` without one.
    pub(super) start: Option<i64>,
    /// The composition time at which the last media edit ends; `None` where it lasts to the end of the media.
    pub(super) end: Option<i64>,
    /// The error of `end` that rounding to the movie's timescale can cause.
    pub(super) rounding: u32,
}

impl EditList {
    /// Reads the `edts` box of a track.
    ///
    /// Leading empty edits and one media edit at normal rate are represented exactly. Further media edits are accepted when
    /// each continues the one before it, in the media and in its presentation, within the rounding of durations to the movie's
    /// timescale. An edit of no length presents nothing and is ignored; if no media edit has a length, the first of them lasts
    /// to the end of the media.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for other edit lists.
    pub(super) fn parse(edts: &BoxView<'_>, movie: Timescale, track: Timescale) -> Result<Self> {
        let Some(elst) = edts.child(b"elst")? else { return Ok(Self::default()) };
        let overflow = || elst.malformed("its times overflow");
        // Durations past 64 bits saturate: no media is as long.
        let units = |duration| track.rescale(duration, movie).and_then(|units| i64::try_from(units).ok());
        let rounding = track.hz().div_ceil(movie.hz()).saturating_add(1);
        let (version, _, mut reader) = elst.full()?;
        let count = reader.u32()?;
        let end_of = |start: i64, duration| units(duration).and_then(|length| start.checked_add(length));
        let mut empty: u64 = 0;
        // The media edits so far: the start of the first, and the end of the last, if it fits 64 bits.
        let mut media: Option<(i64, Option<i64>)> = None;
        // The first media edit without a length, and whether it has the normal rate.
        let mut open: Option<(i64, bool)> = None;
        // Whether an empty edit has followed the media.
        let mut has_pause = false;
        for _ in 0..count {
            let duration = reader.word(version)?;
            let media_time = if version == 1 {
                i64::from_be_bytes(reader.array()?)
            } else {
                i64::from(i32::from_be_bytes(reader.array()?))
            };
            let is_normal_rate = reader.u32()? == NORMAL_RATE;
            let is_empty = media_time < 0;
            match &mut media {
                None if is_empty => empty = empty.checked_add(duration).ok_or_else(overflow)?,
                // Trailing empty edits have no effect, unless media follows them.
                Some(_) if is_empty => has_pause |= duration > 0,
                _ if duration == 0 => _ = open.get_or_insert((media_time, is_normal_rate)),
                _ if !is_normal_rate => return Err(CHANGED_RATE),
                None => media = Some((media_time, end_of(media_time, duration))),
                Some((_, end)) => {
                    let continues = end.is_some_and(|end| end.abs_diff(media_time) <= u64::from(rounding));
                    if has_pause || !continues {
                        return Err(REARRANGED);
                    }
                    *end = end_of(media_time, duration);
                }
            }
        }
        let (start, end) = match (media, open) {
            (Some((start, end)), _) => (Some(start), end),
            (None, Some((_, false))) => return Err(CHANGED_RATE),
            (None, open) => (open.map(|(start, _)| start), None),
        };
        let presentation_offset = units(empty).and_then(|empty| empty.checked_sub(start.unwrap_or(0)));
        Ok(Self { presentation_offset: presentation_offset.ok_or_else(overflow)?, start, end, rounding })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isobmff::BoxWriter;

    fn edits(entries: &[(u32, i32, u32)]) -> Result<EditList> {
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
        EditList::parse(&edts, Timescale::new(1000).unwrap(), Timescale::new(48_000).unwrap())
    }

    #[test]
    fn the_presentation_offset_is_the_empty_time_minus_the_media_time() {
        assert_eq!(
            edits(&[(5000, 1024, NORMAL_RATE)]).unwrap(),
            EditList { presentation_offset: -1024, start: Some(1024), end: Some(241_024), rounding: 49 }
        );
        assert_eq!(edits(&[(0, 1024, NORMAL_RATE)]).unwrap().end, None, "to the end of the media");
        assert_eq!(edits(&[(21, -1, NORMAL_RATE), (5000, 0, NORMAL_RATE)]).unwrap().presentation_offset, 1008);
    }

    #[test]
    fn edits_of_64_bits_are_read_like_those_of_32() {
        let mut w = BoxWriter::new();
        w.plain(b"edts", |w| {
            w.full(b"elst", 1, 0, |w| {
                w.u32(2);
                for (duration, media_time) in [(21, -1), (5000, 5_000_000_000_i64)] {
                    w.u64(duration);
                    w.raw(&media_time.to_be_bytes());
                    w.u32(NORMAL_RATE);
                }
            });
        });
        let bytes = w.finish().unwrap();
        let edts = BoxView::parse(&bytes, 0).unwrap();
        let edit = EditList::parse(&edts, Timescale::new(1000).unwrap(), Timescale::new(48_000).unwrap());
        assert_eq!(edit.unwrap().presentation_offset, 1008 - 5_000_000_000);
    }

    #[test]
    fn edits_that_continue_without_a_gap_are_one() {
        let edit_list = edits(&[(1000, 480, NORMAL_RATE), (1000, 48_480, NORMAL_RATE)]).unwrap();
        assert_eq!((edit_list.presentation_offset, edit_list.end), (-480, Some(96_480)));
        assert_eq!(edits(&[(1000, 480, NORMAL_RATE), (500, -1, NORMAL_RATE)]).unwrap().end, Some(48_480));
    }

    /// Edits of 1024 units last 21 thousandths and a third, stored as 21: each continues the one before it within one
    /// thousandth, although all of them together are a second apart.
    #[test]
    fn rounding_does_not_add_up() {
        let many: Vec<_> = (0..3000).map(|number| (21, 1024 * number, NORMAL_RATE)).collect();
        let edit_list = edits(&many).unwrap();
        assert_eq!((edit_list.start, edit_list.end), (Some(0), Some(1024 * 2999 + 1008)));
    }

    /// ISO/IEC 14496-12 8.6.6: the edits are presented one after the other, each for its duration.
    #[test]
    fn an_edit_without_a_length_presents_nothing() {
        let one = edits(&[(1000, 480, NORMAL_RATE)]).unwrap();
        for with_empty_edits in [
            &[(1000, 480, NORMAL_RATE), (0, 0, NORMAL_RATE)][..],
            &[(0, 9_000_000, NORMAL_RATE), (1000, 480, NORMAL_RATE)],
            &[(0, -1, NORMAL_RATE), (1000, 480, NORMAL_RATE), (0, -1, NORMAL_RATE), (0, 5, 0)],
        ] {
            assert_eq!(edits(with_empty_edits).unwrap(), one, "{with_empty_edits:?}");
        }
        let pause_of_no_length = [(1000, 0, NORMAL_RATE), (0, -1, NORMAL_RATE), (1000, 48_000, NORMAL_RATE)];
        assert_eq!(edits(&pause_of_no_length).unwrap().end, Some(96_000));
        let delayed = edits(&[(21, -1, NORMAL_RATE), (0, 1024, NORMAL_RATE), (0, 0, NORMAL_RATE)]).unwrap();
        assert_eq!((delayed.presentation_offset, delayed.start, delayed.end), (-16, Some(1024), None));
    }

    #[test]
    fn a_duration_past_64_bits_lasts_to_the_end() {
        let mut w = BoxWriter::new();
        w.plain(b"edts", |w| {
            w.full(b"elst", 1, 0, |w| {
                w.u32(1);
                w.u64(u64::MAX);
                w.u64(1024);
                w.u32(NORMAL_RATE);
            });
        });
        let bytes = w.finish().unwrap();
        let edts = BoxView::parse(&bytes, 0).unwrap();
        let edit = EditList::parse(&edts, Timescale::new(1000).unwrap(), Timescale::new(48_000).unwrap()).unwrap();
        assert_eq!((edit.start, edit.end), (Some(1024), None));
    }

    #[test]
    fn edits_that_repeat_skip_pause_or_change_the_rate_are_refused() {
        for (refused, reason) in [
            (&[(1000, 480, NORMAL_RATE), (500, -1, NORMAL_RATE), (1000, 48_480, NORMAL_RATE)][..], "pauses"),
            (&[(1000, 480, NORMAL_RATE), (1000, 0, NORMAL_RATE)], "repeats"),
            (&[(1000, 480, NORMAL_RATE), (1000, 48_600, NORMAL_RATE)], "skips"),
            (&[(1000, 480, 0x0002_0000)], "rate"),
            (&[(1000, 480, 0)], "rate"),
            (&[(0, 480, 0x0002_0000)], "rate"),
        ] {
            let error = edits(refused).unwrap_err().to_string();
            assert!(error.contains(reason), "{refused:?}: {error}");
        }
    }
}
