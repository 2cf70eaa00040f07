//! Edit lists (ISO/IEC 14496-12 8.6.5, 8.6.6): where a track's media stands on the presentation timeline.
//!
//! A player of fragmented media mostly ignores edit lists, so their effect is expressed without them: the edit says that
//! media time `media_time` is shown at presentation time `empty`. Decode times and composition offsets are kept as they are;
//! what the manifest gets is a `presentationTimeOffset`. Only where the result would have to be negative (a leading empty
//! edit, or composition offsets that reach before zero) is the media shifted, by the least amount that avoids it.

use crate::isobmff::BoxView;
use crate::time::{MediaTime, Timescale};
use crate::{Error, Result};

/// How media time maps to output media time and to presentation time, in units of the track's timescale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeline {
    timescale: Timescale,
    /// Added to every decode time of the source: what `tfdt` carries.
    pub shift: u64,
    /// `presentationTimeOffset`: the output media time that is shown at zero.
    pub presentation_time_offset: u64,
}

impl Timeline {
    /// The timeline that `edit` asks for, of media whose earliest composition time is `earliest`.
    pub(super) fn new(timescale: Timescale, edit: Edit, earliest: i64) -> Result<Self> {
        let offset = edit.presentation_offset;
        let shift = offset.max(earliest.saturating_neg()).max(0);
        let timeline = || {
            Some(Self {
                timescale,
                shift: u64::try_from(shift).ok()?,
                presentation_time_offset: u64::try_from(shift.checked_sub(offset)?).ok()?,
            })
        };
        timeline().ok_or(Error::Unsupported { feature: "An edit list that moves media by more than 64 bits of time" })
    }

    /// The moment at which media with this output media time is shown.
    #[must_use]
    pub fn presentation(&self, media_time: u64) -> MediaTime {
        let units = i128::from(media_time).saturating_sub(i128::from(self.presentation_time_offset));
        self.timescale.at(i64::try_from(units).unwrap_or(i64::MAX))
    }
}

/// What an edit list does to a track: presentation time = composition time + `presentation_offset`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Edit {
    /// In units of the track's timescale: the length of leading empty edits less the `media_time` that follows them.
    pub(super) presentation_offset: i64,
}

impl Edit {
    /// Reads the `edts` box of a track.
    ///
    /// Leading empty edits and one stretch of media at normal rate are expressed exactly. Further edits are accepted where
    /// they go on without a gap, and refused otherwise.
    pub(super) fn parse(edts: &BoxView<'_>, movie: Timescale, track: Timescale) -> Result<Self> {
        let Some(elst) = edts.child(b"elst")? else { return Ok(Self::default()) };
        let (version, _, mut reader) = elst.full()?;
        let count = reader.u32()?;
        let (mut empty, mut media): (u64, Option<(i64, u64)>) = (0, None);
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
                // Trailing empty edits show nothing more.
                Some(_) if media_time < 0 => continue,
                Some((start, length)) => {
                    let length_in_media = track.rescale(length, movie).and_then(|length| i64::try_from(length).ok());
                    let end = length_in_media.and_then(|length| start.checked_add(length));
                    // Rounding to the movie's timescale may cost one of its units.
                    let slack = i64::from(track.hz().div_ceil(movie.hz())).saturating_add(1);
                    if end.is_none_or(|end| end.abs_diff(media_time) > slack.unsigned_abs()) {
                        return Err(Error::Unsupported { feature: "An edit list that rearranges the media" });
                    }
                    media = Some((start, length.saturating_add(duration)));
                }
            }
            if rate != 0x0001_0000 && media_time >= 0 {
                return Err(Error::Unsupported { feature: "An edit list that changes the playback rate" });
            }
        }
        let media_time = media.map_or(0, |(media_time, _)| media_time);
        let empty = track.rescale(empty, movie).and_then(|empty| i64::try_from(empty).ok());
        let presentation_offset = empty.and_then(|empty| empty.checked_sub(media_time));
        presentation_offset
            .map(|presentation_offset| Self { presentation_offset })
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
        let bytes = w.finish();
        let edts = BoxView::parse(&bytes, 0).unwrap();
        Edit::parse(&edts, Timescale::new(1000).unwrap(), Timescale::new(48_000).unwrap())
    }

    fn timeline(offset: i64, earliest: i64) -> (u64, u64) {
        let timescale = Timescale::new(48_000).unwrap();
        let timeline = Timeline::new(timescale, Edit { presentation_offset: offset }, earliest).unwrap();
        (timeline.shift, timeline.presentation_time_offset)
    }

    const NORMAL: u32 = 0x0001_0000;

    #[test]
    fn priming_becomes_a_presentation_time_offset() {
        assert_eq!(edits(&[(5000, 1024, NORMAL)]).unwrap().presentation_offset, -1024);
        assert_eq!(timeline(-1024, 0), (0, 1024));
    }

    #[test]
    fn a_leading_empty_edit_shifts_the_media() {
        assert_eq!(edits(&[(21, -1, NORMAL), (5000, 0, NORMAL)]).unwrap().presentation_offset, 1008);
        assert_eq!(timeline(1008, 0), (1008, 0));
    }

    #[test]
    fn composition_before_zero_shifts_by_as_much_as_it_must() {
        assert_eq!(timeline(0, -512), (512, 512));
        assert_eq!(timeline(-100, -512), (512, 612));
        assert_eq!(timeline(2000, -512), (2000, 0));
    }

    #[test]
    fn edits_that_go_on_without_a_gap_are_one() {
        assert_eq!(edits(&[(1000, 480, NORMAL), (1000, 48_480, NORMAL)]).unwrap().presentation_offset, -480);
        assert!(edits(&[(1000, 480, NORMAL), (1000, 0, NORMAL)]).is_err());
        assert!(edits(&[(1000, 480, 0x0002_0000)]).is_err());
    }
}
