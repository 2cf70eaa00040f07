//! The movie: its tracks, and which of them can be packaged.

use super::audio_start::leave_out_unneeded_audio;
use super::fragment::{Fragments, MAX_TRACKS};
use super::movie_header::MovieHeader;
use super::timeline::start_at_zero;
use super::trak::{ParsedTrack, SkippedTrack, Track, TrackHeader, handler_type, parse_track};
use crate::codec::TrackKind;
use crate::isobmff::{BoxView, Index};
use crate::number::Checked;
use crate::{Error, Result};

/// A movie (ISO/IEC 14496-12 8.2.1), checked.
#[derive(Debug, Clone)]
pub struct Movie<'a> {
    /// The video, audio and text tracks with samples, in file order.
    pub tracks: Vec<Track<'a>>,
    /// The tracks that are not packaged, with the reason.
    pub skipped: Vec<SkippedTrack>,
}

impl<'a> Movie<'a> {
    /// Parses and checks the movie that `index` describes.
    ///
    /// # Errors
    /// The reason why the movie cannot be packaged. A movie without video is not an error here: see [`Movie::require_video`].
    pub fn parse(index: &'a Index) -> Result<Self> {
        let (moov, file_size) = (index.moov()?, index.file_size());
        let movie_header = MovieHeader::parse(&moov)?;
        let mut fragments = Fragments::parse(moov.child(b"mvex")?.as_ref(), index.moofs(), file_size)?;
        let chapters = chapter_tracks(&moov);
        let mut movie = Self { tracks: Vec::new(), skipped: Vec::new() };
        let is_trak = |child: &Result<BoxView<'_>>| child.as_ref().map_or(true, |child| child.kind == b"trak");
        for (position, trak) in moov.children().filter(is_trak).enumerate() {
            let trak = trak?;
            if position >= MAX_TRACKS {
                return Err(moov.malformed("it has more tracks than any movie needs"));
            }
            let header = TrackHeader::parse(&trak.required(b"tkhd", "it has no track header (tkhd)")?)?;
            let runs = fragments.take(header.id);
            if chapters.contains(&header.id) {
                let (id, handler) = (header.id, handler_type(&trak)?);
                movie.skipped.push(SkippedTrack { id, handler, reason: "it is a list of chapters" });
                continue;
            }
            let parsed = parse_track(&trak, &header, runs, &movie_header, index);
            match parsed.map_err(|error| error.in_track(header.id))? {
                ParsedTrack::Media(track) => movie.tracks.push(*track),
                ParsedTrack::Skipped(track) => movie.skipped.push(track),
            }
        }
        fragments.check_all_taken()?;
        let mut sizes = movie.tracks.iter().map(|track| track.samples.bytes());
        let total = sizes.try_fold(0_u64, u64::checked_add).or_out_of_range("The size of all samples")?;
        if total > file_size {
            return Err(moov.malformed("its samples overlap: together they are longer than the file"));
        }
        if movie.tracks.iter().all(|track| track.kind == TrackKind::Text) {
            return Err(Error::NoMedia);
        }
        leave_out_unneeded_audio(&mut movie.tracks);
        start_at_zero(&mut movie.tracks)?;
        Ok(movie)
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

/// Returns the tracks that other tracks reference as their list of chapters (QuickTime File Format, `chap` references).
fn chapter_tracks(moov: &BoxView<'_>) -> Vec<u32> {
    let traks = moov.children().filter_map(Result::ok).filter(|child| child.kind == b"trak").take(MAX_TRACKS);
    let references = traks.filter_map(|trak| trak.child(b"tref").ok()??.child(b"chap").ok()?);
    let track_ids = |chap: BoxView<'_>| {
        chap.payload.as_chunks().0.iter().take(MAX_TRACKS).map(|id| u32::from_be_bytes(*id)).collect::<Vec<_>>()
    };
    references.flat_map(track_ids).collect()
}
