//! The movie header (`mvhd`, ISO/IEC 14496-12 8.2.2), and how long the movie lasts.

use super::fragment::MAX_TRACKS;
use crate::Result;
use crate::isobmff::{BoxView, Reader};
use crate::time::Timescale;

/// What a movie states about its time.
#[derive(Debug, Clone, Copy)]
pub(super) struct MovieHeader {
    pub(super) timescale: Timescale,
    /// Duration of the movie, without its fragments; `None` when it is unknown.
    duration: Option<u64>,
    /// Whether edit lists end where the media of all fragments ends, and not where that of the `moov` box ends.
    pub(super) edits_last_as_fragments: bool,
}

impl MovieHeader {
    /// Reads the `mvhd` box of a `moov`.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::Error::Malformed) when it is missing, or its timescale is zero.
    pub(super) fn parse(moov: &BoxView<'_>) -> Result<Self> {
        let mvhd = moov.required(b"mvhd", "it has no movie header (mvhd)")?;
        let (version, _, mut reader) = mvhd.full()?;
        reader.skip(if version == 1 { 16 } else { 8 })?;
        let timescale = Timescale::new(reader.u32()?).ok_or(mvhd.malformed("its timescale is zero"))?;
        let duration = known_duration(&mut reader, version);
        let edits_last_as_fragments = fragment_duration(moov)
            .is_some_and(|duration| longest_edit_list(moov).is_some_and(|longest| longest.abs_diff(duration) <= 1));
        Ok(Self { timescale, duration, edits_last_as_fragments })
    }

    /// Returns the duration of the movie in units of `timescale`, if it is known and fits.
    pub(super) fn duration_in(&self, timescale: Timescale) -> Option<u32> {
        timescale.rescale(self.duration?, self.timescale).and_then(|units| u32::try_from(units).ok())
    }
}

/// Reads a duration of 32 or 64 bits. All ones mean that it is unknown.
fn known_duration(reader: &mut Reader<'_>, version: u8) -> Option<u64> {
    let unknown = if version == 1 { u64::MAX } else { u64::from(u32::MAX) };
    reader.word(version).ok().filter(|duration| *duration != unknown)
}

/// Returns the duration of the movie with all its fragments (`mehd`, 8.8.2), if it is stated.
fn fragment_duration(moov: &BoxView<'_>) -> Option<u64> {
    let mehd = moov.child(b"mvex").ok()??.child(b"mehd").ok()??;
    let (version, _, mut reader) = mehd.full().ok()?;
    known_duration(&mut reader, version).filter(|duration| *duration > 0)
}

/// Returns the duration of the longest edit list of a movie, in units of its timescale.
///
/// The edit list of a fragmented movie may be written for the samples of the `moov` box, or for all. It is the latter if the
/// longest lasts as long as the movie with its fragments.
fn longest_edit_list(moov: &BoxView<'_>) -> Option<u64> {
    let traks = moov.children().filter_map(Result::ok).filter(|child| child.kind == b"trak").take(MAX_TRACKS);
    traks.filter_map(|trak| edit_list_duration(&trak)).max()
}

fn edit_list_duration(trak: &BoxView<'_>) -> Option<u64> {
    let elst = trak.child(b"edts").ok()??.child(b"elst").ok()??;
    let (version, _, mut reader) = elst.full().ok()?;
    let count = reader.u32().ok()?;
    let mut total: u64 = 0;
    for _ in 0..count {
        total = total.saturating_add(reader.word(version).ok()?);
        reader.skip(if version == 1 { 12 } else { 8 }).ok()?;
    }
    Some(total)
}
