//! The movie: its tracks, and which of them can be packaged.

use super::SampleTable;
use super::fragment::{Fragments, Run};
use super::labels::TrackLabels;
use super::language::bcp47;
use super::timeline::{Edit, start_at_zero};
use crate::codec::{self, AudioInfo, SampleDescriptions, TrackKind, VideoInfo};
use crate::isobmff::{BoxView, Boxes, FourCc, Index};
use crate::text::TextCoding;
use crate::time::Timescale;
use crate::{Error, Result};

/// Tracks a movie may have.
const MAX_TRACKS: usize = 128;

/// A movie (ISO/IEC 14496-12 8.2.1), checked.
#[derive(Debug, Clone)]
pub struct Movie<'a> {
    /// The video, audio and text tracks with samples, in file order.
    pub tracks: Vec<Track<'a>>,
    /// The tracks that are left out of a package, with the reason.
    pub skipped: Vec<SkippedTrack>,
}

/// A track that is not packaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedTrack {
    /// `track_ID`.
    pub id: u32,
    /// Handler type of the track: `text`, `tmcd`, `meta`, `hint`, or one of the media kinds when it has no samples.
    pub handler: FourCc,
    /// Why it is left out.
    pub reason: &'static str,
}

/// A video, audio or text track.
#[derive(Debug, Clone)]
pub struct Track<'a> {
    /// `track_ID`.
    pub id: u32,
    /// What it carries.
    pub kind: TrackKind,
    /// Units per second of its times.
    pub timescale: Timescale,
    /// BCP 47 language; `None` when undetermined.
    pub language: Option<String>,
    /// What else players choose it by.
    pub labels: TrackLabels,
    /// The transformation matrix of `tkhd`, as stored: rotation is kept by carrying it through.
    pub matrix: [u8; 36],
    /// Width and height of `tkhd`, 16.16 fixed point, as stored.
    pub presentation_size: [u8; 8],
    /// What its samples are coded as.
    pub descriptions: SampleDescriptions<'a>,
    /// Its samples.
    pub samples: SampleTable<'a>,
    /// What its edit list does: presentation time less composition time, in units of the timescale.
    pub presentation_offset: i64,
    /// The composition time at which its edit list begins; what comes before is decoded and not meant to be presented.
    pub edit_start: Option<i64>,
    /// The composition time at which its edit list ends, where that says so; fragments go on behind any end.
    pub edit_end: Option<i64>,
}

impl Track<'_> {
    /// What is known of the picture; `None` for audio.
    #[must_use]
    pub fn video(&self) -> Option<&VideoInfo> {
        self.descriptions.video()
    }

    /// What is known of the sound; `None` for video.
    #[must_use]
    pub fn audio(&self) -> Option<&AudioInfo> {
        self.descriptions.audio()
    }
}

impl<'a> Movie<'a> {
    /// Parses and checks the movie that `index` describes.
    ///
    /// # Errors
    /// Why the movie cannot be packaged. A movie without video is not an error here: see [`Movie::require_video`].
    pub fn parse(index: &'a Index) -> Result<Self> {
        let (moov, file_size) = (index.moov()?, index.file_size());
        let mvhd = moov.required(b"mvhd", "it has no movie header (mvhd)")?;
        let (version, _, mut reader) = mvhd.full()?;
        reader.skip(if version == 1 { 16 } else { 8 })?;
        let timescale = Timescale::new(reader.u32()?).ok_or(mvhd.malformed("its timescale is zero"))?;
        let mut fragments = Fragments::parse(moov.child(b"mvex")?.as_ref(), index.moofs(), file_size)?;
        let chapters = chapter_tracks(&moov);
        let mut movie = Self { tracks: Vec::new(), skipped: Vec::new() };
        for child in moov.children() {
            let child = child?;
            if child.kind == b"trak" {
                if movie.tracks.len().saturating_add(movie.skipped.len()) >= MAX_TRACKS {
                    return Err(moov.malformed("it has more tracks than any movie needs"));
                }
                let header = TrackHeader::parse(&child.required(b"tkhd", "it has no track header (tkhd)")?)?;
                let runs = fragments.take(header.id);
                if chapters.contains(&header.id) {
                    let reason = "it is a list of chapters";
                    movie.skipped.push(SkippedTrack { id: header.id, handler: handler(&child)?, reason });
                    continue;
                }
                let parsed = parse_track(&child, &header, runs, timescale, file_size);
                match parsed.map_err(|error| error.in_track(header.id))? {
                    Parsed::Media(track) => movie.tracks.push(*track),
                    Parsed::Skipped(track) => movie.skipped.push(track),
                }
            }
        }
        fragments.none_left()?;
        let total = movie.tracks.iter().map(|track| track.samples.bytes()).fold(0, u64::saturating_add);
        if total > file_size {
            return Err(moov.malformed("its samples overlap: together they are longer than the file"));
        }
        if movie.tracks.iter().all(|track| track.kind == TrackKind::Text) {
            return Err(Error::NoMedia);
        }
        start_at_zero(&mut movie.tracks);
        Ok(movie)
    }

    /// The `track_ID` of the first video track.
    #[must_use]
    pub fn video_track_number(&self) -> Option<u32> {
        self.first(TrackKind::Video).map(|track| track.id)
    }

    /// Refuses a movie without video.
    ///
    /// # Errors
    /// [`Error::NoVideo`].
    pub fn require_video(&self) -> Result<()> {
        self.first(TrackKind::Video).map(drop).ok_or(Error::NoVideo)
    }

    fn first(&self, kind: TrackKind) -> Option<&Track<'a>> {
        self.tracks.iter().find(|track| track.kind == kind)
    }
}

enum Parsed<'a> {
    Media(Box<Track<'a>>),
    Skipped(SkippedTrack),
}

fn parse_track<'a>(
    trak: &BoxView<'a>,
    header: &TrackHeader,
    runs: Vec<Run<'a>>,
    movie: Timescale,
    file_size: u64,
) -> Result<Parsed<'a>> {
    let mdia = trak.required(b"mdia", "it has no media (mdia)")?;
    let handler = handler(trak)?;
    let skipped = |reason| Ok(Parsed::Skipped(SkippedTrack { id: header.id, handler, reason }));
    let kind = match &handler.0 {
        b"vide" => TrackKind::Video,
        b"soun" => TrackKind::Audio,
        b"text" | b"sbtl" | b"subt" if is_known_text(&mdia) => TrackKind::Text,
        b"text" | b"sbtl" | b"subt" => return skipped(UNKNOWN_TEXT),
        _ => return skipped("it is neither video, audio nor text"),
    };
    let (timescale, language) = media_header(&mdia)?;
    let minf = mdia.required(b"minf", "it has no media information (minf)")?;
    let stbl = minf.required(b"stbl", "it has no sample table (stbl)")?;
    let is_fragmented = !runs.is_empty();
    let samples = SampleTable::parse(&stbl, runs, kind, file_size)?;
    let stsd = stbl.required(b"stsd", "it has no sample descriptions (stsd)")?;
    let descriptions = SampleDescriptions::parse(&stsd, samples.descriptions(), kind, header.id);
    // That it is encrypted is what the owner of a file without samples has to know first.
    if samples.is_empty() && !matches!(descriptions, Err(Error::AlreadyEncrypted { .. })) {
        return skipped("it has no samples");
    }
    if kind == TrackKind::Text && matches!(descriptions, Err(Error::UnsupportedCodec { .. })) {
        return skipped(UNKNOWN_TEXT);
    }
    let descriptions = descriptions?;
    let edit = trak.child(b"edts")?.map(|edts| Edit::parse(&edts, movie, timescale)).transpose()?;
    let Edit { presentation_offset, start: edit_start, end } = edit.unwrap_or_default();
    let edit_end = end.filter(|_| !is_fragmented);
    let extended = mdia.child(b"elng")?.and_then(|elng| extended_language(&elng));
    let language = extended.or(language.as_deref().and_then(bcp47));
    let texts = descriptions.texts();
    let is_forced = !texts.is_empty() && texts.iter().all(|text| text.is_forced);
    let labels = TrackLabels::parse(trak, &mdia, is_forced);
    let TrackHeader { id, mut matrix, size: mut presentation_size } = *header;
    if texts.iter().any(|text| text.coding == TextCoding::TimedText) {
        // What is written in its place knows no box that text is laid out in.
        (matrix, presentation_size) = (UNMOVED, [0; 8]);
    }
    Ok(Parsed::Media(Box::new(Track {
        id,
        kind,
        timescale,
        language,
        labels,
        matrix,
        presentation_size,
        descriptions,
        samples,
        presentation_offset,
        edit_start,
        edit_end,
    })))
}

const UNKNOWN_TEXT: &str = "its text is of a kind that players do not know";

/// The identity matrix, as stored.
const UNMOVED: [u8; 36] = {
    let mut matrix = [0; 36];
    (matrix[1], matrix[17], matrix[32]) = (1, 1, 0x40);
    matrix
};

/// The handler type of a track (ISO/IEC 14496-12 8.4.3).
fn handler(trak: &BoxView<'_>) -> Result<FourCc> {
    let mdia = trak.required(b"mdia", "it has no media (mdia)")?;
    let hdlr = mdia.required(b"hdlr", "it has no handler (hdlr)")?;
    let (_, _, mut reader) = hdlr.full()?;
    reader.skip(4)?;
    Ok(FourCc(reader.array()?))
}

/// Whether all sample entries of a text track are of kinds that can be packaged. Of other tracks nothing more is read.
fn is_known_text(mdia: &BoxView<'_>) -> bool {
    let entries = || {
        let stsd = mdia.child(b"minf").ok()??.child(b"stbl").ok()??.child(b"stsd").ok()??;
        let (_, _, mut reader) = stsd.full().ok()?;
        reader.skip(4).ok()?;
        Some(Boxes::after(&reader, &stsd).all(|entry| entry.is_ok_and(|entry| codec::is_known_text(entry.kind))))
    };
    entries().unwrap_or(false)
}

/// Tracks that others name as their list of chapters (QuickTime File Format, `chap` references).
fn chapter_tracks(moov: &BoxView<'_>) -> Vec<u32> {
    let traks = moov.children().filter_map(Result::ok).filter(|child| child.kind == b"trak").take(MAX_TRACKS);
    let references = traks.filter_map(|trak| trak.child(b"tref").ok()??.child(b"chap").ok()?);
    let numbers = |chap: BoxView<'_>| {
        chap.payload.as_chunks().0.iter().take(MAX_TRACKS).map(|id| u32::from_be_bytes(*id)).collect::<Vec<_>>()
    };
    references.flat_map(numbers).collect()
}

/// `tkhd` (ISO/IEC 14496-12 8.3.2).
struct TrackHeader {
    id: u32,
    matrix: [u8; 36],
    size: [u8; 8],
}

impl TrackHeader {
    fn parse(tkhd: &BoxView<'_>) -> Result<Self> {
        let (version, _, mut reader) = tkhd.full()?;
        reader.skip(if version == 1 { 16 } else { 8 })?;
        let id = reader.u32()?;
        if id == 0 {
            return Err(tkhd.malformed("its track_ID is zero"));
        }
        // reserved, duration, reserved, layer, alternate_group, volume, reserved
        reader.skip(4)?;
        reader.word(version)?;
        reader.skip(16)?;
        Ok(Self { id, matrix: reader.array()?, size: reader.array()? })
    }
}

/// `mdhd` (ISO/IEC 14496-12 8.4.2): timescale and language.
fn media_header(mdia: &BoxView<'_>) -> Result<(Timescale, Option<String>)> {
    let mdhd = mdia.required(b"mdhd", "it has no media header (mdhd)")?;
    let (version, _, mut reader) = mdhd.full()?;
    reader.skip(if version == 1 { 16 } else { 8 })?;
    let timescale = Timescale::new(reader.u32()?).ok_or(mdhd.malformed("its timescale is zero"))?;
    reader.word(version)?;
    Ok((timescale, packed_language(reader.u16()?)))
}

/// Three letters of five bits each; Macintosh language codes, `und` and blanks count as undetermined.
fn packed_language(packed: u16) -> Option<String> {
    let letter = |shift: u32| {
        let five = packed.checked_shr(shift).unwrap_or(0) & 31;
        u8::try_from(five).ok().and_then(|five| five.checked_add(0x60))
    };
    let letters = [letter(10)?, letter(5)?, letter(0)?];
    let known = packed >= 0x400 && letters.iter().all(u8::is_ascii_lowercase) && letters != *b"und";
    known.then(|| letters.iter().copied().map(char::from).collect())
}

/// `elng` (ISO/IEC 14496-12 8.4.6): a BCP 47 tag.
fn extended_language(elng: &BoxView<'_>) -> Option<String> {
    let (_, _, reader) = elng.full().ok()?;
    let tag: String = reader.rest().iter().take_while(|byte| **byte != 0).copied().map(char::from).collect();
    let valid = !tag.is_empty() && tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') && tag != "und";
    valid.then_some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_languages_are_three_letters_or_nothing() {
        assert_eq!(packed_language(0x15c7).as_deref(), Some("eng"));
        assert_eq!(packed_language(0x55c4), None, "und");
        assert_eq!(packed_language(0), None, "Macintosh English");
        assert_eq!(packed_language(0x7fff), None, "unspecified");
    }
}
