//! Sample heads: the first bytes of the first samples of a track.
//!
//! A sample entry does not always state what a manifest has to. The number of channels of MP3 is in the header of every frame,
//! and nowhere else. So a caller that has read an [`Index`] asks [`sample_heads`] for a few short ranges of the media, reads
//! them, and adds them by [`Index::add_media`]. [`Movie::parse`](super::Movie::parse) then completes the sample entries. Without
//! them, a movie parses as well, and its sample entries are taken at their word.
//!
//! The codec decides how many samples it needs, and how many bytes of each:
//! [`SampleEntry::heads`](crate::codec::SampleEntry::heads). Most need none.

use std::ops::Range;

use super::chapters::{MAX_TITLE_BYTES, chapter_samples};
use super::fragment::{Fragments, MAX_TRACKS};
use super::sample::Sample;
use super::sample_table::SampleTable;
use super::trak::{TrackHeader, handler_type};
use crate::Result;
use crate::codec::{SampleDescriptions, SampleHeads, TrackKind};
use crate::isobmff::{BoxView, Index};

/// Maximum number of ranges, each of which is a request to an object store.
const MAX_RANGES: usize = 8;

/// Maximum length of a range in bytes. Together with the index, all ranges stay within what ingest reads.
const MAX_RANGE: u64 = 4 * 1024;

/// Ranges that are less than this many bytes apart are read as one.
const NEAR: u64 = 2 * 1024;

/// Fragments in which the first samples of a track are searched.
const MAX_FRAGMENTS: usize = 16;

/// Returns the byte ranges of the file whose content completes the sample entries and the chapters of a movie, in file order: at
/// most 8 ranges of at most 4 KiB for sample entries, and as many for chapters as a movie may have. A movie that does not parse
/// has none; [`Movie::parse`](super::Movie::parse) returns the reason.
#[must_use]
pub fn sample_heads(index: &Index) -> Vec<Range<u64>> {
    let mut ranges = merged(all_heads(index).unwrap_or_default());
    ranges.truncate(MAX_RANGES);
    ranges.extend(merged(titles(index).unwrap_or_default()));
    ranges.sort_unstable_by_key(|range| range.start);
    ranges
}

/// Returns the ranges in file order. Those that are near each other become one.
fn merged(mut heads: Vec<Range<u64>>) -> Vec<Range<u64>> {
    heads.sort_unstable_by_key(|head| head.start);
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for head in heads {
        match ranges.last_mut() {
            Some(last)
                if head.start.saturating_sub(last.end) < NEAR && head.end.saturating_sub(last.start) <= MAX_RANGE =>
            {
                last.end = last.end.max(head.end);
            }
            _ => ranges.push(head),
        }
    }
    ranges
}

/// Returns the ranges of the titles of chapters that are not in the index.
fn titles(index: &Index) -> Result<Vec<Range<u64>>> {
    let samples = chapter_samples(&index.moov()?);
    Ok(samples.iter().filter_map(|sample| head(sample, MAX_TITLE_BYTES, index)).collect())
}

/// Returns the range of the first bytes of a sample, at most `bytes`; `None` if it has none within the file.
fn head(sample: &Sample, bytes: u32, index: &Index) -> Option<Range<u64>> {
    let end = sample.offset.checked_add(u64::from(sample.size.min(bytes)))?;
    Some(sample.offset..end.min(index.file_size())).filter(|head| !head.is_empty())
}

/// Returns the range of every head that a track needs.
fn all_heads(index: &Index) -> Result<Vec<Range<u64>>> {
    let moov = index.moov()?;
    let mvex = moov.child(b"mvex")?;
    let mut fragments = None;
    let mut heads = Vec::new();
    let traks = moov.children().filter_map(Result::ok).filter(|child| child.kind == b"trak").take(MAX_TRACKS);
    for trak in traks {
        let Some((wanted, table, track_id)) = wanted_heads(&trak) else { continue };
        let mut samples: Vec<Sample> = table.samples().take(wanted.samples).collect();
        if samples.is_empty() && mvex.is_some() {
            let moofs = || Fragments::parse(mvex.as_ref(), index.moofs().take(MAX_FRAGMENTS), index.file_size());
            let fragments = fragments.get_or_insert_with(|| moofs().unwrap_or_default());
            let runs = fragments.take(track_id).runs;
            samples = runs.iter().flat_map(|run| run.samples()).take(wanted.samples).collect();
        }
        heads.extend(samples.iter().filter_map(|sample| head(sample, wanted.bytes, index)));
    }
    Ok(heads)
}

/// Returns the heads that a track needs, its sample table, and its `track_ID`; `None` if it needs none.
fn wanted_heads<'a>(trak: &BoxView<'a>) -> Option<(SampleHeads, SampleTable<'a>, u32)> {
    let kind = match &handler_type(trak).ok()?.0 {
        b"vide" => TrackKind::Video,
        b"soun" => TrackKind::Audio,
        _ => return None,
    };
    let track_id = TrackHeader::parse(&trak.child(b"tkhd").ok()??).ok()?.id;
    let stbl = trak.child(b"mdia").ok()??.child(b"minf").ok()??.child(b"stbl").ok()??;
    let table = SampleTable::parse(&stbl).ok()?;
    let used = table.samples().next().map_or(1, |first| first.description);
    let descriptions = SampleDescriptions::parse(&stbl.child(b"stsd").ok()??, &[used], kind, track_id).ok()?;
    let heads = descriptions.entries().first()?.heads()?;
    Some((heads, table, track_id))
}
