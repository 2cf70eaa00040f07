//! The top-level boxes of a source, which may be too large to read whole.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::boxes;

/// Calls `visit` with the type, the start and the size of each box.
fn each_box(file: &mut fs::File, mut visit: impl FnMut(&[u8], u64, u64)) -> io::Result<()> {
    let length = file.metadata()?.len();
    let mut at = 0;
    while at + 8 <= length {
        let mut header = [0; 16];
        file.seek(SeekFrom::Start(at))?;
        let read = file.read(&mut header)?;
        let size = match u32::from_be_bytes(header[..4].try_into().unwrap()) {
            0 => length - at,
            1 if read == 16 => u64::from_be_bytes(header[8..].try_into().unwrap()),
            size => size.into(),
        };
        visit(&header[4..8], at, size);
        at += size.max(8);
    }
    Ok(())
}

/// Returns where a movie fragment starts whose media is cut off by the end of the file.
pub(super) fn cut_fragment(path: &Path) -> io::Result<Option<u64>> {
    let mut file = fs::File::open(path)?;
    let length = file.metadata()?.len();
    let (mut fragment, mut cut) = (None, None);
    each_box(&mut file, |kind, start, size| {
        if kind == b"moof" {
            fragment = Some(start);
        }
        if start + size > length {
            cut = fragment;
        }
    })?;
    Ok(cut)
}

/// Reads the payload of the movie box.
pub(super) fn movie_box(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut file = fs::File::open(path)?;
    let mut found = None;
    each_box(&mut file, |kind, start, size| {
        if kind == b"moov" {
            found = Some((start, size));
        }
    })?;
    let Some((start, size)) = found else { return Ok(None) };
    let mut movie = vec![0; usize::try_from(size).unwrap() - 8];
    file.seek(SeekFrom::Start(start + 8))?;
    file.read_exact(&mut movie)?;
    Ok(Some(movie))
}

/// Returns whether a file has movie fragments, and no edit list.
pub(super) fn is_fragmented_without_edits(path: &Path) -> io::Result<bool> {
    let mut is_fragmented = false;
    each_box(&mut fs::File::open(path)?, |kind, _, _| is_fragmented |= kind == b"moof")?;
    let has_edits = movie_box(path)?.is_some_and(|movie| movie.windows(4).any(|window| window == b"elst"));
    Ok(is_fragmented && !has_edits)
}

/// Returns the units that the edit list of a track adds to the times of its sample tables: the empty edits, less the media time of the
/// first edit that shows media (ISO/IEC 14496-12 8.6.6). `None` without an edit list.
pub(super) fn edit_shift(movie: &[u8], track: usize) -> Option<i64> {
    let number = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | i64::from(*byte));
    // The timescale follows the times of creation and modification.
    let timescale = |header: &[u8]| number(&header[if header[0] == 1 { 20..24 } else { 12..16 }]);
    let movie_timescale = timescale(boxes::all(movie, "mvhd").first()?);
    let track = *boxes::all(movie, "trak").get(track)?;
    let track_timescale = timescale(boxes::all(track, "mdia/mdhd").first()?);
    let list = *boxes::all(track, "edts/elst").first()?;
    let (length, field) = if list[0] == 1 { (20, 8) } else { (12, 4) };
    let mut empty = 0;
    for edit in list[8..].chunks_exact(length) {
        let (duration, time) = (number(&edit[..field]), &edit[field..2 * field]);
        if time.iter().any(|byte| *byte != 0xff) {
            return Some((empty * track_timescale + movie_timescale / 2) / movie_timescale - number(time));
        }
        empty += duration;
    }
    None
}
