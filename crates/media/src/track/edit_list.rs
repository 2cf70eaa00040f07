//! Edit lists (`edts`, `elst`; ISO/IEC 14496-12 8.6.5, 8.6.6).

use crate::isobmff::BoxView;
use crate::time::Timescale;
use crate::{Error, Result};

/// The normal playback rate, 16.16 fixed point.
const NORMAL_RATE: u32 = 0x0001_0000;

/// The effect of an edit list on a track: presentation time = composition time + `presentation_offset`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct EditList {
    /// The length of leading empty edits minus the `media_time` that follows them, in units of the track's timescale.
    pub(super) presentation_offset: i64,
    /// The composition time at which the first media edit starts; `None` without one.
    pub(super) start: Option<i64>,
    /// The composition time at which the last media edit ends; `None` where it lasts to the end of the media.
    pub(super) end: Option<i64>,
}

impl EditList {
    /// Reads the `edts` box of a track.
    ///
    /// Leading empty edits and one media edit at normal rate are represented exactly. Further media edits are accepted when
    /// they continue without a gap, in the media and in its presentation.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for other edit lists.
    pub(super) fn parse(edts: &BoxView<'_>, movie: Timescale, track: Timescale) -> Result<Self> {
        let Some(elst) = edts.child(b"elst")? else { return Ok(Self::default()) };
        let overflow = || elst.malformed("its times overflow");
        let units = |duration: u64| track.rescale(duration, movie).and_then(|units| i64::try_from(units).ok());
        // Rounding to the movie's timescale may cost one unit of it.
        let tolerance = u64::from(track.hz().div_ceil(movie.hz())).saturating_add(1); // at most 2^32 + 1
        let (version, _, mut reader) = elst.full()?;
        let count = reader.u32()?;
        let (mut empty, mut media): (u64, Option<(i64, u64)>) = (0, None);
        // Whether an empty edit has followed the media.
        let mut has_pause = false;
        for _ in 0..count {
            let duration = reader.word(version)?;
            let media_time = if version == 1 {
                i64::from_be_bytes(reader.array()?)
            } else {
                i64::from(i32::from_be_bytes(reader.array()?))
            };
            let rate = reader.u32()?;
            match media {
                None if media_time < 0 => empty = empty.checked_add(duration).ok_or_else(overflow)?,
                None => media = Some((media_time, duration)),
                // Trailing empty edits have no effect, unless media follows them.
                Some(_) if media_time < 0 => has_pause |= duration > 0,
                Some((start, length)) => {
                    let end = units(length).and_then(|length| start.checked_add(length));
                    if has_pause || end.is_none_or(|end| end.abs_diff(media_time) > tolerance) {
                        return Err(Error::unsupported("An edit list that rearranges the media"));
                    }
                    media = Some((start, length.checked_add(duration).ok_or_else(overflow)?));
                }
            }
            if rate != NORMAL_RATE && media_time >= 0 {
                return Err(Error::unsupported("An edit list that changes the playback rate"));
            }
        }
        let start = media.map(|(media_time, _)| media_time);
        let end = media.filter(|(_, length)| *length > 0);
        let end = end.and_then(|(start, length)| start.checked_add(units(length)?));
        let presentation_offset = units(empty).and_then(|empty| empty.checked_sub(start.unwrap_or(0)));
        Ok(Self { presentation_offset: presentation_offset.ok_or_else(overflow)?, start, end })
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
            EditList { presentation_offset: -1024, start: Some(1024), end: Some(241_024) }
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
        assert_eq!(edits(&[(1000, 480, NORMAL_RATE), (1000, 48_480, NORMAL_RATE)]).unwrap().presentation_offset, -480);
        assert_eq!(edits(&[(1000, 480, NORMAL_RATE), (500, -1, NORMAL_RATE)]).unwrap().presentation_offset, -480);
        let pause = [(1000, 480, NORMAL_RATE), (500, -1, NORMAL_RATE), (1000, 48_480, NORMAL_RATE)];
        assert!(edits(&pause).is_err(), "a pause");
        assert!(edits(&[(1000, 480, NORMAL_RATE), (1000, 0, NORMAL_RATE)]).is_err());
        assert!(edits(&[(1000, 480, 0x0002_0000)]).is_err());
    }
}
