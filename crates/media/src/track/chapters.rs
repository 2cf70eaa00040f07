//! The chapters of a movie: a track of titles that other tracks reference (QuickTime File Format, "Chapter lists"), or the list
//! of Nero in the user data (`chpl`, which no public standard defines).
//!
//! Programs such as ffmpeg write both. The list of Nero is in the index, so it is preferred. Its titles have at most 255 bytes,
//! and it has at most 255 chapters. If it reaches one of these limits, or is missing, the titles are read from the track: they
//! are samples, in the media. See [`sample_heads`](super::sample_heads()).

use serde::{Deserialize, Serialize};

use super::edit_list::EditList;
use super::fragment::MAX_TRACKS;
use super::sample::Sample;
use super::sample_table::SampleTable;
use super::trak::{TrackHeader, language_of, media_header};
use crate::isobmff::{BoxView, Index};
use crate::text::plain_text;
use crate::time::Timescale;

/// Maximum number of chapters of a movie: each title may be a read of the file.
pub(super) const MAX_CHAPTERS: usize = 256;

/// Bytes of a title that are read. A longer one is cut off.
pub(super) const MAX_TITLE_BYTES: u32 = 1024;

/// The greatest number of chapters, and of bytes of a title, that a list of Nero can state.
const NERO_LIMIT: usize = 255;

/// Ticks per second of the times of Nero.
const NERO_HZ: u32 = 10_000_000;

/// The chapters of a movie, in the order of their starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChapterList {
    /// BCP 47 language of the titles, if known.
    pub language: Option<String>,
    /// The chapters.
    pub chapters: Vec<Chapter>,
}

/// A chapter. It ends where the next one starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chapter {
    /// Presentation time of its start, in milliseconds.
    pub start_ms: u64,
    /// Its title.
    pub title: String,
}

impl ChapterList {
    /// Reads the chapters of a movie; `None` if it has none. A list that does not parse is not a reason to refuse a movie.
    pub(super) fn parse(moov: &BoxView<'_>, index: &Index, movie: Timescale) -> Option<Self> {
        let tracks = chapter_traks(moov);
        let nero = nero_chapters(moov);
        let language = || tracks.iter().find_map(|trak| language_of(&trak.child(b"mdia").ok()??));
        let is_complete = nero.len() < NERO_LIMIT && nero.iter().all(|chapter| chapter.title.len() < NERO_LIMIT);
        if !nero.is_empty() && is_complete {
            return Some(Self { language: language(), chapters: in_order(nero) });
        }
        let of_track = tracks.iter().find_map(|trak| {
            let chapters = track_chapters(trak, index, movie).filter(|chapters| !chapters.is_empty())?;
            Some(Self { language: language_of(&trak.child(b"mdia").ok()??), chapters: in_order(chapters) })
        });
        of_track.or_else(|| (!nero.is_empty()).then(|| Self { language: language(), chapters: in_order(nero) }))
    }
}

fn in_order(mut chapters: Vec<Chapter>) -> Vec<Chapter> {
    chapters.sort_by_key(|chapter| chapter.start_ms);
    chapters
}

/// Returns the tracks that other tracks reference as their list of chapters (QuickTime File Format, `chap` references).
pub(super) fn chapter_tracks(moov: &BoxView<'_>) -> Vec<u32> {
    let traks = moov.children().filter_map(Result::ok).filter(|child| child.kind == b"trak").take(MAX_TRACKS);
    let references = traks.filter_map(|trak| trak.child(b"tref").ok()??.child(b"chap").ok()?);
    let track_ids = |chap: BoxView<'_>| {
        chap.payload.as_chunks().0.iter().take(MAX_TRACKS).map(|id| u32::from_be_bytes(*id)).collect::<Vec<_>>()
    };
    references.flat_map(track_ids).collect()
}

/// Returns the `trak` boxes of the lists of chapters.
fn chapter_traks<'a>(moov: &BoxView<'a>) -> Vec<BoxView<'a>> {
    let ids = chapter_tracks(moov);
    let traks = moov.children().filter_map(Result::ok).filter(|child| child.kind == b"trak").take(MAX_TRACKS);
    let is_chapters = |trak: &BoxView<'_>| {
        let header = trak.child(b"tkhd").ok().flatten().and_then(|tkhd| TrackHeader::parse(&tkhd).ok());
        header.is_some_and(|header| ids.contains(&header.id))
    };
    if ids.is_empty() { Vec::new() } else { traks.filter(is_chapters).collect() }
}

/// Returns the samples whose titles are needed and are not in the index.
pub(super) fn chapter_samples(moov: &BoxView<'_>) -> Vec<Sample> {
    let nero = nero_chapters(moov);
    if !nero.is_empty() && nero.len() < NERO_LIMIT && nero.iter().all(|chapter| chapter.title.len() < NERO_LIMIT) {
        return Vec::new();
    }
    let tables = chapter_traks(moov);
    let mut tables = tables.iter().filter_map(sample_table).filter(|table| table.count > 0);
    tables.next().map(|table| table.samples().take(MAX_CHAPTERS).collect()).unwrap_or_default()
}

fn sample_table<'a>(trak: &BoxView<'a>) -> Option<SampleTable<'a>> {
    let stbl = trak.child(b"mdia").ok()??.child(b"minf").ok()??.child(b"stbl").ok()??;
    SampleTable::parse(&stbl).ok()
}

/// Reads the chapters of a track; `None` if a title is not in `index`.
fn track_chapters(trak: &BoxView<'_>, index: &Index, movie: Timescale) -> Option<Vec<Chapter>> {
    let (timescale, _) = media_header(&trak.child(b"mdia").ok()??).ok()?;
    let edit_list = trak.child(b"edts").ok()?.and_then(|edts| EditList::parse(&edts, movie, timescale).ok());
    let offset = edit_list.unwrap_or_default().presentation_offset;
    let mut chapters = Vec::new();
    for sample in sample_table(trak)?.samples().take(MAX_CHAPTERS) {
        let bytes = index.media(sample.offset, sample.size.min(MAX_TITLE_BYTES));
        if bytes.is_empty() && sample.size > 0 {
            return None;
        }
        let title = plain_text(bytes);
        let start = i64::try_from(sample.decode_time).ok()?.saturating_add(offset).max(0).unsigned_abs();
        let start_ms = Timescale::new(1000)?.rescale(start, timescale)?;
        // A sample without a title is the space before the first chapter, or after the last.
        if !title.is_empty() {
            chapters.push(Chapter { start_ms, title });
        }
    }
    Some(chapters)
}

/// Reads the list of Nero: version and flags, in version 1 a reserved word, a count, and for each chapter its start in units of
/// 100 ns, the length of its title, and the title.
fn nero_chapters(moov: &BoxView<'_>) -> Vec<Chapter> {
    let mut chapters = Vec::new();
    let chpl = moov.child(b"udta").ok().flatten().and_then(|udta| udta.child(b"chpl").ok().flatten());
    let Some((version, _, mut reader)) = chpl.as_ref().and_then(|chpl| chpl.full().ok()) else { return chapters };
    if version > 0 && reader.skip(4).is_err() {
        return chapters;
    }
    let count = reader.u8().unwrap_or(0);
    for _ in 0..count {
        let chapter = reader.u64().and_then(|start| {
            let length = reader.u8()?;
            Ok((start, reader.bytes(usize::from(length))?))
        });
        let Ok((start, title)) = chapter else { break };
        let hz = Timescale::new(1000).zip(Timescale::new(NERO_HZ));
        let Some(start_ms) = hz.and_then(|(milliseconds, nero)| milliseconds.rescale(start, nero)) else { break };
        let title = String::from_utf8_lossy(title).trim_matches(['\0', ' ']).to_owned();
        if !title.is_empty() {
            chapters.push(Chapter { start_ms, title });
        }
    }
    chapters
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isobmff::BoxWriter;

    fn nero(payload: &[u8]) -> Vec<(u64, String)> {
        let mut w = BoxWriter::new();
        w.plain(b"moov", |w| w.plain(b"udta", |w| w.plain(b"chpl", |w| w.raw(payload))));
        let bytes = w.finish().unwrap();
        let chapters = nero_chapters(&BoxView::parse(&bytes, 0).unwrap());
        chapters.into_iter().map(|chapter| (chapter.start_ms, chapter.title)).collect()
    }

    #[test]
    fn the_list_of_nero_is_read_as_far_as_it_goes() {
        let [first, second] = [(0_u64, "Anfang"), (25_000_000, "Ende")]
            .map(|(start, title)| [&start.to_be_bytes()[..], &[title.len() as u8], title.as_bytes()].concat());
        let expected = [(0, "Anfang".to_owned()), (2500, "Ende".to_owned())];
        let version_1 = [&[1, 0, 0, 0, 0, 0, 0, 0, 2][..], &first, &second].concat();
        assert_eq!(nero(&version_1), expected);
        let version_0 = [&[0, 0, 0, 0, 2][..], &first, &second].concat();
        assert_eq!(nero(&version_0), expected);
        assert_eq!(nero(&version_1[..version_1.len() - 1]), expected[..1], "cut off");
        assert_eq!(nero(&[1, 0, 0, 0]), []);
        assert_eq!(nero(b""), []);
    }
}
