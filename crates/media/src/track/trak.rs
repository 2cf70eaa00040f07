//! A track: the `trak` box (ISO/IEC 14496-12 8.3.1), and whether it can be packaged.

use std::borrow::Cow;

use super::edit_list::EditList;
use super::encryption_signs::sign_in_traf;
use super::fragment::FragmentedTrack;
use super::labels::TrackLabels;
use super::language::{extended_language, media_language};
use super::movie_header::MovieHeader;
use super::needed_samples::Edits;
use super::sample_groups::SampleGroups;
use super::samples::TrackSamples;
use crate::codec::{self, AudioInfo, SampleDescriptions, SampleEntry, TrackKind, VideoInfo};
use crate::isobmff::{BoxView, Boxes, FourCc, Index};
use crate::text::TextCoding;
use crate::time::Timescale;
use crate::{Error, Result};

/// A track that is not packaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedTrack {
    /// `track_ID`.
    pub id: u32,
    /// Handler type of the track: `text`, `tmcd`, `meta`, `hint`, or one of the media kinds when it has no samples.
    pub handler: FourCc,
    /// The reason why it is not packaged.
    pub reason: Cow<'static, str>,
}

/// A video, audio or text track that cannot be packaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedTrack {
    /// `track_ID`.
    pub id: u32,
    /// Handler type of the track.
    pub handler: FourCc,
    /// The reason.
    pub error: Error,
}

impl RefusedTrack {
    /// Returns whether it is a video track.
    #[must_use]
    pub fn is_video(&self) -> bool {
        self.handler == b"vide"
    }

    /// Returns whether its codec or a feature is not supported, so that a package may leave it out on request.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        matches!(self.error, Error::UnsupportedCodec { .. } | Error::Unsupported { .. })
    }

    /// Returns the track as one that a package leaves out.
    #[must_use]
    pub fn left_out(&self) -> SkippedTrack {
        let reason = match &self.error {
            Error::UnsupportedCodec { codec, .. } => format!("its codec {codec} is not supported"),
            error => error.to_string(),
        };
        SkippedTrack { id: self.id, handler: self.handler, reason: reason.into() }
    }
}

/// A video, audio or text track.
#[derive(Debug, Clone)]
pub struct Track<'a> {
    /// `track_ID`.
    pub id: u32,
    /// Video, audio or text.
    pub kind: TrackKind,
    /// Units per second of its times.
    pub timescale: Timescale,
    /// BCP 47 language; `None` when undetermined.
    pub language: Option<String>,
    /// Its label and roles, by which players and viewers select it.
    pub labels: TrackLabels,
    /// Whether `tkhd` has the flag `track_enabled`: of several tracks that are alternatives, the file presents the enabled one
    /// (ISO/IEC 14496-12 8.3.2.3).
    pub is_enabled: bool,
    /// The transformation matrix of `tkhd`, as stored. The output has it unchanged, so rotation is preserved.
    pub matrix: [u8; 36],
    /// Width and height of `tkhd`, 16.16 fixed point, as stored.
    pub presentation_size: [u8; 8],
    /// Its sample descriptions: codec and configuration.
    pub descriptions: SampleDescriptions<'a>,
    /// Its samples.
    pub samples: TrackSamples<'a>,
    /// Presentation time minus composition time, by its edit list, in units of the timescale.
    pub presentation_offset: i64,
    /// The composition time at which its edit list starts. Samples before it are decoded, but not presented.
    pub edit_start: Option<i64>,
    /// The composition time at which its edit list ends, if it does. `None` if its fragments follow.
    pub edit_end: Option<i64>,
    /// The sample groups that the stream does not have.
    pub(super) groups: SampleGroups,
}

impl Track<'_> {
    /// Returns the properties of the video; `None` for other tracks.
    #[must_use]
    pub fn video(&self) -> Option<&VideoInfo> {
        self.descriptions.video()
    }

    /// Returns whether the matrix turns the video by a quarter, so that its width is displayed as its height.
    #[must_use]
    pub fn is_quarter_turned(&self) -> bool {
        // a, b, u, c, d, v, x, y, w: a and d are zero, b and c are not.
        let (words, _) = self.matrix.as_chunks::<4>();
        let is_zero = |position: usize| words.get(position).is_none_or(|word| *word == [0; 4]);
        is_zero(0) && is_zero(4) && !is_zero(1) && !is_zero(3)
    }

    /// Returns the properties of the audio; `None` for other tracks.
    #[must_use]
    pub fn audio(&self) -> Option<&AudioInfo> {
        self.descriptions.audio()
    }
}

pub(super) enum ParsedTrack<'a> {
    Media(Box<Track<'a>>),
    Skipped(SkippedTrack),
}

/// Parses and checks a `trak` box with the fragments of the track.
pub(super) fn parse_track<'a>(
    trak: &BoxView<'a>,
    header: &TrackHeader,
    fragments: FragmentedTrack<'a>,
    movie: &MovieHeader,
    index: &Index,
) -> Result<ParsedTrack<'a>> {
    let mdia = trak.required(b"mdia", "it has no media (mdia)")?;
    let handler = handler_type(trak)?;
    let encryption = encryption(&mdia, handler).or(fragments.encryption);
    if let Some(scheme) = encryption {
        return Err(Error::AlreadyEncrypted { track_id: header.id, scheme });
    }
    let skipped =
        |reason: &'static str| Ok(ParsedTrack::Skipped(SkippedTrack { id: header.id, handler, reason: reason.into() }));
    let kind = match &handler.0 {
        b"vide" => TrackKind::Video,
        b"soun" => TrackKind::Audio,
        b"text" | b"sbtl" | b"subt" if is_known_text(&mdia) => TrackKind::Text,
        b"text" | b"sbtl" | b"subt" => return skipped(UNKNOWN_TEXT),
        _ => return skipped(unpackaged_kind(handler)),
    };
    let (timescale, language) = media_header(&mdia)?;
    let minf = mdia.required(b"minf", "it has no media information (minf)")?;
    let stbl = minf.required(b"stbl", "it has no sample table (stbl)")?;
    let FragmentedTrack { runs, mut groups, .. } = fragments;
    let is_fragmented = !runs.is_empty();
    let parsed = trak.child(b"edts")?.map(|edts| EditList::parse(&edts, movie.timescale, timescale)).transpose();
    let mut edit_list = parsed.as_ref().ok().copied().flatten().unwrap_or_default();
    if is_fragmented && !movie.edits_last_as_fragments {
        // Only the media in the moov box ends there.
        edit_list.end = None;
    }
    let edits = Edits { list: edit_list, timescale, movie_duration: movie.duration_in(timescale) };
    let mut samples = TrackSamples::parse(&stbl, runs, kind, &edits, index.file_size())?;
    if samples.is_empty() {
        return skipped(if samples.has_unneeded() { NOTHING_SHOWN } else { NO_SAMPLES });
    }
    let stsd = stbl.required(b"stsd", "it has no sample descriptions (stsd)")?;
    let descriptions = SampleDescriptions::parse(&stsd, samples.descriptions(), kind, header.id);
    if kind == TrackKind::Text && matches!(descriptions, Err(Error::UnsupportedCodec { .. })) {
        return skipped(UNKNOWN_TEXT);
    }
    let mut descriptions = descriptions?;
    // Heads were read from the first samples of the tables, whether they are needed or not.
    for sample in samples.with_unneeded().take(descriptions.heads()) {
        descriptions.complete(sample.description, index.media(sample.offset, sample.size), sample.size);
    }
    if descriptions.entries().iter().any(SampleEntry::has_dependent_samples) {
        samples = samples.with_sync_flags();
    }
    parsed?;
    stbl.children().map_while(Result::ok).for_each(|child| groups.add_box(&child));
    let extended = mdia.child(b"elng")?.and_then(|elng| extended_language(&elng));
    let language = extended.or(language);
    let texts = descriptions.texts();
    let is_forced = !texts.is_empty() && texts.iter().all(|text| text.is_forced);
    let labels = TrackLabels::parse(trak, &mdia, is_forced);
    let TrackHeader { id, is_enabled, mut matrix, size: mut presentation_size } = *header;
    if texts.iter().any(|text| text.coding == TextCoding::TimedText) {
        // The output is WebVTT, which has no text box to place.
        (matrix, presentation_size) = (IDENTITY_MATRIX, [0; 8]);
    }
    if let Some(video) = descriptions.video()
        && presentation_size == [0; 8]
    {
        presentation_size = display_size(video);
    }
    Ok(ParsedTrack::Media(Box::new(Track {
        id,
        kind,
        timescale,
        language,
        labels,
        is_enabled,
        matrix,
        presentation_size,
        descriptions,
        samples,
        presentation_offset: edit_list.presentation_offset,
        edit_start: edit_list.start,
        edit_end: edit_list.end,
        groups,
    })))
}

/// Returns width and height of a video with square pixels, 16.16 fixed point, for a track header without them.
fn display_size(video: &VideoInfo) -> [u8; 8] {
    let fixed = |size: u32| size.saturating_mul(0x1_0000).to_be_bytes();
    let (width, height) = video.display_size();
    let (width, height) = (fixed(width), fixed(height));
    let mut size = [0; 8];
    let (left, right) = size.split_at_mut(4);
    left.copy_from_slice(&width);
    right.copy_from_slice(&height);
    size
}

const NOTHING_SHOWN: &str = "its edit list shows none of its samples";
const UNKNOWN_TEXT: &str = "its text format is not supported";
pub(super) const NO_SAMPLES: &str = "it has no samples";

/// Returns what a track with a handler that is not packaged holds (ISO/IEC 14496-12 8.4.3, mp4ra.org).
fn unpackaged_kind(handler: FourCc) -> &'static str {
    match &handler.0 {
        b"clcp" => "it has closed captions (CEA-608 or CEA-708) in a track of their own, which is not supported",
        b"tmcd" => "it is a list of timecodes",
        b"hint" => "it has instructions for streaming servers (hint track)",
        b"meta" | b"mdta" => "it has timed metadata",
        b"auxv" => "it is auxiliary video, such as depth or transparency",
        b"pict" => "it is a sequence of images",
        b"sdsm" | b"odsm" => "it has MPEG-4 scene or object descriptions",
        b"subp" => "it has subtitles as images (DVD)",
        _ => "its handler is not one of video (vide), audio (soun) and text (text, sbtl, subt)",
    }
}

/// Returns the scheme or the sign by which the `mdia` of a track tells that samples are encrypted. Every sample entry counts, used
/// or not: a clear start of an encrypted stream uses the clear one.
pub(super) fn encryption(mdia: &BoxView<'_>, handler: FourCc) -> Option<FourCc> {
    let stbl = mdia.child(b"minf").ok()??.child(b"stbl").ok()??;
    let by_entry = || codec::protection_of_any(&stbl.child(b"stsd").ok()??, handler);
    by_entry().or_else(|| stbl.children().map_while(Result::ok).find_map(|child| sign_in_traf(&child)))
}

/// The identity matrix, as stored in `tkhd`.
pub(crate) const IDENTITY_MATRIX: [u8; 36] = {
    let mut matrix = [0; 36];
    (matrix[1], matrix[17], matrix[32]) = (1, 1, 0x40);
    matrix
};

/// Reads the handler type of a track (`hdlr`, ISO/IEC 14496-12 8.4.3).
pub(super) fn handler_type(trak: &BoxView<'_>) -> Result<FourCc> {
    let mdia = trak.required(b"mdia", "it has no media (mdia)")?;
    let hdlr = mdia.required(b"hdlr", "it has no handler (hdlr)")?;
    let (_, _, mut reader) = hdlr.full()?;
    reader.skip(4)?;
    Ok(FourCc(reader.array()?))
}

/// Returns whether all sample entries of a text track can be packaged. If not, the track is skipped without further checks.
fn is_known_text(mdia: &BoxView<'_>) -> bool {
    let entries = || {
        let stsd = mdia.child(b"minf").ok()??.child(b"stbl").ok()??.child(b"stsd").ok()??;
        let (_, _, mut reader) = stsd.full().ok()?;
        reader.skip(4).ok()?;
        Some(Boxes::after(&reader, &stsd).all(|entry| entry.is_ok_and(|entry| codec::is_known_text(entry.kind))))
    };
    entries().unwrap_or(false)
}

/// `tkhd` flag `track_enabled` (ISO/IEC 14496-12 8.3.2.3).
const TRACK_ENABLED: u32 = 1;

/// `tkhd` (ISO/IEC 14496-12 8.3.2).
pub(super) struct TrackHeader {
    pub(super) id: u32,
    is_enabled: bool,
    matrix: [u8; 36],
    size: [u8; 8],
}

impl TrackHeader {
    pub(super) fn parse(tkhd: &BoxView<'_>) -> Result<Self> {
        let (version, flags, mut reader) = tkhd.full()?;
        reader.skip(if version == 1 { 16 } else { 8 })?;
        let id = reader.u32()?;
        if id == 0 {
            return Err(tkhd.malformed("its track_ID is zero"));
        }
        // reserved, duration, reserved, layer, alternate_group, volume, reserved
        reader.skip(4)?;
        reader.word(version)?;
        reader.skip(16)?;
        let is_enabled = flags & TRACK_ENABLED != 0;
        Ok(Self { id, is_enabled, matrix: reader.array()?, size: reader.array()? })
    }
}

/// Reads the language of a track, as a BCP 47 tag; `None` when undetermined.
pub(super) fn language_of(mdia: &BoxView<'_>) -> Option<String> {
    let extended = mdia.child(b"elng").ok()?.and_then(|elng| extended_language(&elng));
    extended.or_else(|| media_header(mdia).ok()?.1)
}

/// Component type of the handler of QuickTime media (QuickTime File Format, "Handler reference atoms"). It is 0 in ISO files.
const QUICKTIME_MEDIA_HANDLER: &[u8] = b"mhlr";

/// Reads timescale and language of `mdhd` (ISO/IEC 14496-12 8.4.2).
pub(super) fn media_header(mdia: &BoxView<'_>) -> Result<(Timescale, Option<String>)> {
    let mdhd = mdia.required(b"mdhd", "it has no media header (mdhd)")?;
    let (version, _, mut reader) = mdhd.full()?;
    reader.skip(if version == 1 { 16 } else { 8 })?;
    let timescale = Timescale::new(reader.u32()?).ok_or(mdhd.malformed("its timescale is zero"))?;
    reader.word(version)?;
    let handler = mdia.child(b"hdlr")?;
    let is_quicktime = handler.is_some_and(|hdlr| hdlr.payload.get(4..8) == Some(QUICKTIME_MEDIA_HANDLER));
    Ok((timescale, media_language(reader.u16()?, is_quicktime)))
}
