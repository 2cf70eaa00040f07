//! The index of a Matroska file as a `moov` box (ISO/IEC 14496-12 8.2), which the rest of the engine reads like that of an MP4.
//!
//! Offsets in it are offsets in the Matroska file: no byte of media is copied. Every frame is a chunk of its own, because the header
//! of a block precedes it.

use super::ac3::eac3_samples;
use super::chapters::Chapter;
use super::frames::{Frame, TrackFrames};
use super::opus;
use super::sample_entry::Configuration;
use super::timing::{SECOND, Timing, nanoseconds_to_units, of_audio, of_video};
use super::track_entry::{TrackEntry, TrackType};
use crate::Result;
use crate::codec::mp3_frame_samples;
use crate::isobmff::BoxWriter;
use crate::number::Checked;
use crate::time::Timescale;
use crate::track::IDENTITY_MATRIX;

/// Nanoseconds of a tick of the times in `chpl`.
const CHAPTER_TICK: u64 = 100;

/// The greatest number of chapters, and of bytes of a title, in `chpl`.
const MAX_CHPL: usize = 255;

/// Returns the `moov` box of a file. `scale` is its timestamp scale in nanoseconds.
pub(super) fn movie_box(tracks: &[TrackFrames], chapters: &[Chapter], scale: u64) -> Result<Vec<u8>> {
    let timings: Vec<Timing> = tracks.iter().map(|track| timing(track, scale)).collect::<Result<_>>()?;
    let mut w = BoxWriter::new();
    let mut result = Ok(());
    w.plain(b"moov", |w| {
        w.full(b"mvhd", 1, 0, |w| {
            w.zeros(16); // creation_time, modification_time
            w.u32(SECOND); // timescale: nanoseconds, as in Matroska
            w.u64(0); // duration: that of the tracks
            w.u32(0x0001_0000); // rate
            w.u16(0x0100); // volume
            w.zeros(10);
            w.raw(&IDENTITY_MATRIX);
            w.zeros(24);
            w.u32(u32::MAX); // next_track_ID: unknown
        });
        for (track, timing) in tracks.iter().zip(&timings) {
            if result.is_ok() {
                result = write_trak(w, track, timing);
            }
        }
        write_chapters(w, chapters);
    });
    result.and_then(|()| w.finish())
}

/// Returns the times of the frames of a track.
fn timing(track: &TrackFrames, scale: u64) -> Result<Timing> {
    let TrackFrames { entry, frames, head, last_duration, .. } = track;
    let timing = match entry.kind {
        TrackType::Audio => {
            let rate = sampling_rate(entry);
            of_audio(frames, scale, rate, packet_samples(entry, head))
        }
        _ => of_video(frames, scale, entry.default_duration, *last_duration),
    };
    let mut timing = timing?;
    let delay = nanoseconds_to_units(entry.codec_delay, timing.timescale);
    timing.start = delay.and_then(|delay| timing.start.checked_sub(delay)).or_out_of_range("The delay of a codec")?;
    Ok(timing)
}

fn sampling_rate(entry: &TrackEntry) -> u32 {
    if entry.codec_id == "A_OPUS" { opus::SAMPLE_RATE } else { entry.audio.sample_rate.max(1) }
}

/// Returns the number of samples of each packet of audio, if the codec has packets of one length.
fn packet_samples(entry: &TrackEntry, head: &[u8]) -> Option<u32> {
    match entry.codec_id.as_str() {
        "A_AAC" => Some(1024),
        "A_MPEG/L3" => Some(mp3_frame_samples(entry.audio.sample_rate)),
        "A_AC3" => Some(1536),
        "A_EAC3" => eac3_samples(head),
        "A_FLAC" => {
            // "fLaC", the header of STREAMINFO, then its minimum and maximum block size (RFC 9639 8.2).
            let [a, b, c, d] = *entry.codec_private.get(8..)?.first_chunk::<4>()?;
            let (minimum, maximum) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            (minimum == maximum).then_some(u32::from(minimum))
        }
        _ => None,
    }
}

fn write_trak(w: &mut BoxWriter, track: &TrackFrames, timing: &Timing) -> Result<()> {
    /// `tkhd` flags `track_enabled` and `track_in_movie`.
    const ENABLED: u32 = 1;
    const IN_MOVIE: u32 = 2;
    let TrackFrames { entry, .. } = track;
    let track_id = u32::try_from(entry.number).or_out_of_range("The number of a track")?;
    let edits = edits(track, timing)?;
    w.plain(b"trak", |w| {
        w.full(b"tkhd", 1, IN_MOVIE | if entry.is_default { ENABLED } else { 0 }, |w| {
            w.zeros(16); // creation_time, modification_time
            w.u32(track_id);
            w.zeros(4);
            w.u64(0); // duration: that of the edit list
            w.zeros(8);
            w.u16(0); // layer
            w.u16(0); // alternate_group
            w.u16(if entry.kind == TrackType::Audio { 0x0100 } else { 0 }); // volume
            w.zeros(2);
            w.raw(&IDENTITY_MATRIX);
            w.zeros(8); // width and height: those of the video
        });
        if !edits.is_empty() {
            w.plain(b"edts", |w| {
                w.full(b"elst", 1, 0, |w| {
                    w.u32_of(edits.len());
                    for Edit { duration, media_time } in &edits {
                        w.u64(*duration);
                        w.raw(&media_time.to_be_bytes());
                        w.u32(0x0001_0000); // media_rate
                    }
                });
            });
        }
        w.plain(b"mdia", |w| write_media(w, track, timing));
        write_user_data(w, entry);
    });
    Ok(())
}

struct Edit {
    /// In units of the movie.
    duration: u64,
    /// In units of the track; -1 for an empty edit.
    media_time: i64,
}

/// Returns the edit list of a track: its start in the movie, the frames that are decoded before it, and the end that is not
/// presented.
fn edits(track: &TrackFrames, timing: &Timing) -> Result<Vec<Edit>> {
    let timescales = Timescale::new(SECOND).zip(Timescale::new(timing.timescale));
    let in_movie = |units: u64| {
        let duration = timescales.and_then(|(movie, track)| movie.rescale(units, track));
        duration.or_out_of_range("The time of an edit")
    };
    let mut edits = Vec::new();
    if timing.start > 0 {
        edits.push(Edit { duration: in_movie(timing.start.unsigned_abs())?, media_time: -1 });
    }
    let hidden = timing.start.min(0).unsigned_abs();
    let media_time = u64::from(timing.delay).checked_add(hidden).or_out_of_range("The time of an edit")?;
    let discarded = nanoseconds_to_units(track.discard_padding.max(0), timing.timescale).unwrap_or(0).unsigned_abs();
    // An edit of no duration lasts to the end of the media.
    let mut duration = 0;
    if discarded > 0 {
        duration = in_movie(timing.total().saturating_sub(hidden).saturating_sub(discarded))?;
    }
    if media_time > 0 || duration > 0 || !edits.is_empty() {
        let media_time = i64::try_from(media_time).or_out_of_range("The time of an edit")?;
        edits.push(Edit { duration, media_time });
    }
    Ok(edits)
}

fn write_media(w: &mut BoxWriter, track: &TrackFrames, timing: &Timing) {
    /// The language code `und`, in three times five bits.
    const UNDETERMINED: u16 = 0x55c4;
    let TrackFrames { entry, frames, head, .. } = track;
    w.full(b"mdhd", 1, 0, |w| {
        w.zeros(16); // creation_time, modification_time
        w.u32(timing.timescale);
        w.u64(timing.total());
        w.u16(UNDETERMINED);
        w.u16(0);
    });
    if entry.language != "und" {
        w.full(b"elng", 0, 0, |w| {
            w.raw(entry.language.as_bytes());
            w.u8(0);
        });
    }
    let handler = match entry.kind {
        TrackType::Video => b"vide",
        TrackType::Audio => b"soun",
        TrackType::Subtitle => b"text",
        TrackType::Other => b"meta",
    };
    w.full(b"hdlr", 0, 0, |w| {
        w.zeros(4);
        w.raw(handler);
        w.zeros(13); // reserved, empty name
    });
    w.plain(b"minf", |w| {
        match entry.kind {
            TrackType::Video => w.full(b"vmhd", 0, 1, |w| w.zeros(8)),
            TrackType::Audio => w.full(b"smhd", 0, 0, |w| w.zeros(4)),
            TrackType::Subtitle | TrackType::Other => w.full(b"nmhd", 0, 0, |_| {}),
        }
        w.plain(b"dinf", |w| {
            w.full(b"dref", 0, 0, |w| {
                w.u32(1);
                w.full(b"url ", 0, 1, |_| {});
            });
        });
        w.plain(b"stbl", |w| {
            w.full(b"stsd", 0, 0, |w| {
                w.u32(1);
                Configuration { entry, head }.write(w);
            });
            write_sample_tables(w, entry, frames, timing);
        });
    });
}

fn write_sample_tables(w: &mut BoxWriter, entry: &TrackEntry, frames: &[Frame], timing: &Timing) {
    w.full(b"stts", 0, 0, |w| write_runs(w, &timing.durations));
    if !timing.offsets.is_empty() {
        w.full(b"ctts", 0, 0, |w| write_runs(w, &timing.offsets));
    }
    if entry.kind == TrackType::Video && !frames.iter().all(|frame| frame.is_key) {
        w.full(b"stss", 0, 0, |w| {
            let keys: Vec<u32> =
                (1..).zip(frames).filter(|(_, frame)| frame.is_key).map(|(number, _)| number).collect();
            w.u32_of(keys.len());
            keys.into_iter().for_each(|number| w.u32(number));
        });
    }
    w.full(b"stsz", 0, 0, |w| {
        w.u32(0); // sample_size: they differ
        w.u32_of(frames.len());
        frames.iter().for_each(|frame| w.u32(frame.size));
    });
    w.full(b"stsc", 0, 0, |w| {
        w.u32_of(usize::from(!frames.is_empty()));
        if !frames.is_empty() {
            w.u32(1); // first_chunk
            w.u32(1); // samples_per_chunk
            w.u32(1); // sample_description_index
        }
    });
    w.full(b"co64", 0, 0, |w| {
        w.u32_of(frames.len());
        frames.iter().for_each(|frame| w.u64(frame.offset));
    });
}

/// Writes equal values in succession as their number and one value.
fn write_runs(w: &mut BoxWriter, values: &[u32]) {
    let runs = values.chunk_by(|a, b| a == b);
    w.u32_of(runs.clone().count());
    for run in runs {
        w.u32_of(run.len());
        run.first().into_iter().for_each(|value| w.u32(*value));
    }
}

fn write_user_data(w: &mut BoxWriter, entry: &TrackEntry) {
    w.plain(b"udta", |w| {
        if let Some(name) = &entry.name {
            w.plain(b"name", |w| w.raw(name.as_bytes()));
        }
        for role in &entry.roles {
            w.full(b"kind", 0, 0, |w| {
                w.raw(b"urn:mpeg:dash:role:2011\0");
                w.raw(role.as_bytes());
                w.u8(0);
            });
        }
    });
}

/// Writes the chapters as the list of Nero (`chpl`).
fn write_chapters(w: &mut BoxWriter, chapters: &[Chapter]) {
    let listed = chapters.get(..chapters.len().min(MAX_CHPL)).unwrap_or_default();
    if listed.is_empty() {
        return;
    }
    w.plain(b"udta", |w| {
        w.full(b"chpl", 1, 0, |w| {
            w.zeros(4);
            w.u8(u8::try_from(listed.len()).unwrap_or(u8::MAX));
            for chapter in listed {
                w.u64(chapter.start / CHAPTER_TICK);
                let title = chapter.title.get(..chapter.title.floor_char_boundary(MAX_CHPL)).unwrap_or_default();
                w.u8(u8::try_from(title.len()).unwrap_or(0));
                w.raw(title.as_bytes());
            }
        });
    });
}
