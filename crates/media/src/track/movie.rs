//! The movie: its tracks, and which of them can be packaged.

use std::collections::BTreeMap;

use super::audio_start::leave_out_unneeded_audio;
use super::chapters::{ChapterList, chapter_tracks};
use super::fragment::{FragmentCut, Fragments, MAX_TRACKS, too_many_tracks};
use super::movie_header::MovieHeader;
use super::timeline::start_at_zero;
use super::trak::{
    NO_SAMPLES, ParsedTrack, RefusedTrack, SkippedTrack, Track, TrackHeader, encryption, handler_type, parse_track,
};
use crate::codec::TrackKind;
use crate::isobmff::{BoxView, Index};
use crate::number::Checked;
use crate::{Error, Result};

/// A movie (ISO/IEC 14496-12 8.2.1), checked.
#[derive(Debug, Clone)]
pub struct Movie<'a> {
    /// The video, audio and text tracks with samples, in file order.
    pub tracks: Vec<Track<'a>>,
    /// The tracks that cannot be packaged. The options of a package decide whether it leaves them out or is refused.
    pub refused: Vec<RefusedTrack>,
    /// The tracks that no package has, with the reason.
    pub skipped: Vec<SkippedTrack>,
    /// The offset at which an interrupted recording is cut off: whatever begins there is not packaged.
    pub cut_at: Option<u64>,
    /// Its chapters, if it has any.
    pub chapters: Option<ChapterList>,
}

impl<'a> Movie<'a> {
    /// Parses and checks the movie that `index` describes.
    ///
    /// # Errors
    /// The reason why the movie cannot be packaged. A movie without video, or with a track that cannot be packaged, is not an
    /// error here: it depends on the options of the package.
    pub fn parse(index: &'a Index) -> Result<Self> {
        let (moov, file_size) = (index.moov()?, index.file_size());
        if let Some(second) = index.second_moov() {
            return Err(second_moov(&second?));
        }
        let movie_header = MovieHeader::parse(&moov)?;
        let mut fragments = Fragments::parse(moov.child(b"mvex")?.as_ref(), index.moofs(), file_size)?;
        let cut = fragments.cut();
        let chapter_tracks = chapter_tracks(&moov);
        let chapters = ChapterList::parse(&moov, index, movie_header.timescale);
        let cut_at = [index.cut_at(), cut.map(|cut| cut.offset)].into_iter().flatten().min();
        let mut movie = Self { tracks: Vec::new(), refused: Vec::new(), skipped: Vec::new(), cut_at, chapters };
        for (position, trak) in traks(&moov).enumerate() {
            let trak = trak?;
            if position >= MAX_TRACKS {
                return Err(too_many_tracks(traks(&moov).count()));
            }
            let header = TrackHeader::parse(&trak.required(b"tkhd", "it has no track header (tkhd)")?)?;
            let (id, handler) = (header.id, handler_type(&trak)?);
            let fragments = fragments.take(id);
            if chapter_tracks.contains(&id) {
                if movie.chapters.is_none() {
                    let reason = "it is a list of chapters without titles".into();
                    movie.skipped.push(SkippedTrack { id, handler, reason });
                }
                continue;
            }
            match parse_track(&trak, &header, fragments, &movie_header, index) {
                Ok(ParsedTrack::Media(track)) => movie.tracks.push(*track),
                Ok(ParsedTrack::Skipped(track)) => movie.skipped.push(track),
                Err(error) => movie.refused.push(RefusedTrack { id, handler, error: error.in_track(id) }),
            }
        }
        fragments.check_all_taken()?;
        let mut sizes = movie.tracks.iter().map(|track| track.samples.bytes());
        let total = sizes.try_fold(0_u64, u64::checked_add).or_out_of_range("The size of all samples")?;
        if total > file_size {
            return Err(moov.malformed("its samples overlap: together they are longer than the file"));
        }
        if movie.refused.is_empty() && movie.tracks.iter().all(|track| track.kind == TrackKind::Text) {
            let truncated = |cut: FragmentCut| Error::TruncatedMedia { file_size, needed: cut.needed };
            return Err(cut.map_or_else(|| movie.no_media(), truncated));
        }
        leave_out_unneeded_audio(&mut movie.tracks);
        start_at_zero(&mut movie.tracks)?;
        Ok(movie)
    }

    /// Returns the error for a movie without video and audio to package.
    fn no_media(&self) -> Error {
        let is_media = |track: &&SkippedTrack| matches!(&track.handler.0, b"vide" | b"soun");
        let empty: Vec<u32> = self
            .skipped
            .iter()
            .filter(|track| track.reason == NO_SAMPLES)
            .filter(is_media)
            .map(|track| track.id)
            .collect();
        if empty.is_empty() { Error::NoMedia } else { Error::NoSamples { track_ids: empty } }
    }

    /// Returns the tracks that a package of this movie leaves out, apart from the video if it is `audio_only`.
    #[must_use]
    pub fn left_out(&self, audio_only: bool) -> Vec<SkippedTrack> {
        let refused = self.refused.iter().filter(|track| !(audio_only && track.is_video()));
        self.skipped.iter().cloned().chain(refused.map(RefusedTrack::left_out)).collect()
    }

    /// Returns the boxes and sample groups of the file that the stream does not have, with their number.
    pub(crate) fn dropped_boxes(&self, index: &Index) -> BTreeMap<String, u64> {
        let mut dropped: BTreeMap<String, u64> = BTreeMap::new();
        let mut add = |kind: String, count: u64| {
            let counted = dropped.entry(kind).or_default();
            *counted = counted.saturating_add(count);
        };
        for kind in index.other_boxes().filter(|kind| matches!(&kind.0, b"emsg" | b"prft")) {
            add(kind.to_string(), 1);
        }
        for (group, count) in self.tracks.iter().flat_map(|track| track.groups.iter()) {
            add(format!("sgpd {group}"), count);
        }
        dropped
    }

    /// Returns the `track_ID` of the first video track.
    #[must_use]
    pub fn video_track_number(&self) -> Option<u32> {
        self.tracks.iter().find(|track| track.kind == TrackKind::Video).map(|track| track.id)
    }

    /// Checks that the movie has video.
    ///
    /// # Errors
    /// [`Error::NoVideo`].
    pub fn require_video(&self) -> Result<()> {
        self.video_track_number().map(drop).ok_or(Error::NoVideo)
    }
}

/// Returns the tracks of a `moov` box.
fn traks<'a>(moov: &BoxView<'a>) -> impl Iterator<Item = Result<BoxView<'a>>> {
    moov.children().filter(|child| child.as_ref().map_or(true, |child| child.kind == b"trak"))
}

/// Returns the reason for refusing a movie with a second `moov`: it continues encrypted, or it is another movie.
fn second_moov(second: &BoxView<'_>) -> Error {
    let encrypted = traks(second).map_while(Result::ok).take(MAX_TRACKS).find_map(|trak| {
        let track_id = TrackHeader::parse(&trak.child(b"tkhd").ok()??).ok()?.id;
        let scheme = encryption(&trak.child(b"mdia").ok()??, handler_type(&trak).ok()?)?;
        Some(Error::AlreadyEncrypted { track_id, scheme })
    });
    encrypted.unwrap_or(Error::SecondMoov { offset: second.offset })
}
