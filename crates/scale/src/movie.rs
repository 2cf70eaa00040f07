//! Scaled-down movies: a full-size index, and media in which every byte represents many.
//!
//! The index of a 1 TiB movie of 24 hours lists millions of samples, one by one; only their sizes are divided by a scale factor.
//! Ingest and fragment therefore read and plan the index of a full-size movie, the numbers of work units and segments are those of
//! the full-size movie, and encrypt writes real segments with a thousandth or less of the media. [`Movie::represented_bytes`]
//! returns the bytes that a range represents, which the model charges for.
//!
//! The media repeats a group of two seconds: 50 video frames at 25 frames a second, and 100 audio frames of 960 samples.

use std::ops::Range;

use vpp_media::isobmff::BoxWriter;

const GROUP_SECONDS: u32 = 2;
const VIDEO_FRAMES: u32 = 50;
const AUDIO_FRAMES: u32 = 100;
const MOVIE_TIMESCALE: u32 = 1_000;
const VIDEO_TIMESCALE: u32 = 25;
const AUDIO_TIMESCALE: u32 = 48_000;
/// Bytes of an audio frame at 192 kb/s.
const AUDIO_FRAME_BYTES: u64 = 480;
/// The size of a key frame, in multiples of the size of another frame.
const KEY_FRAME_FACTOR: u32 = 6;
/// Bytes of the length field and the header of a NAL unit.
const MIN_VIDEO_FRAME_BYTES: u32 = 5;

/// A scaled-down movie.
#[derive(Debug)]
pub struct Movie {
    /// Everything before the media: `ftyp`, `moov` and the header of the `mdat`.
    header: Vec<u8>,
    /// Two seconds of media.
    group: Vec<u8>,
    groups: u32,
    factor: u64,
}

impl Movie {
    /// Returns a movie that represents about `bytes` and lasts `seconds`. Each byte of its media represents `factor` bytes.
    ///
    /// # Panics
    /// If two seconds of its media exceed 4 GiB.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a wrong size would make the simulation wrong")]
    pub fn new(bytes: u64, seconds: u32, factor: u64) -> Self {
        let u32_of = |size: u64| u32::try_from(size).expect("two seconds of media are smaller than 4 GiB");
        let groups = (seconds / GROUP_SECONDS).max(1);
        let audio_frame = u32_of(AUDIO_FRAME_BYTES / factor).max(1);
        let group_bytes = u32_of(bytes / factor / u64::from(groups));
        // The frames of a movie that is smaller than its audio have the minimum size.
        let video_bytes = group_bytes.saturating_sub(audio_frame * AUDIO_FRAMES);
        let frame = video_bytes / (VIDEO_FRAMES - 1 + KEY_FRAME_FACTOR);
        let sizes = FrameSizes {
            video: frame.max(MIN_VIDEO_FRAME_BYTES),
            key: (frame * KEY_FRAME_FACTOR).max(MIN_VIDEO_FRAME_BYTES),
            audio: audio_frame,
        };
        let group = sizes.group();
        // The length of the header sets the offset of the media: write it twice.
        let length = header(sizes, groups, &group, 0).len() as u64;
        let header = header(sizes, groups, &group, length);
        Self { header, group, groups, factor }
    }

    /// Returns the length of the scaled-down file.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.header_len() + self.group.len() as u64 * u64::from(self.groups)
    }

    /// Returns whether the file is empty. It never is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the bytes before the media, most of which are the index.
    #[must_use]
    pub fn header_len(&self) -> u64 {
        self.header.len() as u64
    }

    /// Returns the length of the full-size file.
    #[must_use]
    pub fn represented_len(&self) -> u64 {
        self.represented_bytes(&(0..self.len()))
    }

    /// Returns the bytes of the full-size file that a range represents: the same number before the media, `factor` times as
    /// many in it.
    #[must_use]
    pub fn represented_bytes(&self, range: &Range<u64>) -> u64 {
        // Zero is right for a range that starts after the header, or ends before the media.
        let end = range.end.min(self.len());
        let header = end.min(self.header_len()).saturating_sub(range.start);
        let media = end.saturating_sub(range.start.max(self.header_len()));
        header + media * self.factor
    }

    /// Returns the bytes of a range, truncated at the end of the file.
    #[must_use]
    pub fn read(&self, range: Range<u64>) -> Vec<u8> {
        let end = range.end.min(self.len());
        let mut bytes = Vec::new();
        let mut position = range.start;
        while position < end {
            let (source, offset) = match position.checked_sub(self.header_len()) {
                None => (&self.header, position),
                Some(into_media) => (&self.group, into_media % self.group.len() as u64),
            };
            let available = usize::try_from(offset).ok().and_then(|offset| source.get(offset..)).unwrap_or_default();
            let length = usize::try_from(end - position).map_or(available.len(), |left| left.min(available.len()));
            bytes.extend_from_slice(&available[..length]);
            position += length as u64;
        }
        bytes
    }
}

#[derive(Debug, Clone, Copy)]
struct FrameSizes {
    video: u32,
    key: u32,
    audio: u32,
}

impl FrameSizes {
    /// Returns the video frames of a group, followed by its audio frames. A video frame is one NAL unit of filler data (H.264,
    /// `nal_unit_type` 12).
    fn group(self) -> Vec<u8> {
        let mut group = Vec::new();
        for number in 0..VIDEO_FRAMES {
            let size = if number == 0 { self.key } else { self.video };
            group.extend_from_slice(&(size - 4).to_be_bytes());
            group.push(12);
            group.extend((MIN_VIDEO_FRAME_BYTES..size).map(|_| 0xff));
        }
        group.extend((0..self.audio * AUDIO_FRAMES).map(|_| 0x21));
        group
    }

    /// Returns the bytes of the video frames of a group.
    fn video_bytes(self) -> u32 {
        self.key + self.video * (VIDEO_FRAMES - 1)
    }
}

/// Writes `ftyp`, `moov` and the header of an `mdat` whose payload starts at `media`.
fn header(sizes: FrameSizes, groups: u32, group: &[u8], media: u64) -> Vec<u8> {
    let mut w = BoxWriter::new();
    w.plain(b"ftyp", |w| w.raw(b"isom\0\0\x02\0isomiso2avc1mp41"));
    w.plain(b"moov", |w| {
        w.full(b"mvhd", 0, 0, |w| {
            w.zeros(8);
            w.u32(MOVIE_TIMESCALE);
            w.u32(groups * GROUP_SECONDS * MOVIE_TIMESCALE);
            w.zeros(80);
        });
        let offsets = |into: u32| (0..u64::from(groups)).map(move |n| media + n * group.len() as u64 + u64::from(into));
        trak(w, 1, VIDEO_TIMESCALE, b"vide", groups, |w| {
            w.full(b"stsd", 0, 0, avc1);
            stts_and_stsc(w, groups * VIDEO_FRAMES, 1, VIDEO_FRAMES);
            w.full(b"stss", 0, 0, |w| {
                w.u32(groups);
                (0..groups).for_each(|group| w.u32(group * VIDEO_FRAMES + 1));
            });
            w.full(b"stsz", 0, 0, |w| {
                w.u32(0);
                w.u32(groups * VIDEO_FRAMES);
                let size = |number| if number % VIDEO_FRAMES == 0 { sizes.key } else { sizes.video };
                (0..groups * VIDEO_FRAMES).for_each(|number| w.u32(size(number)));
            });
            co64(w, groups, offsets(0));
        });
        trak(w, 2, AUDIO_TIMESCALE, b"soun", groups, |w| {
            w.full(b"stsd", 0, 0, mp4a);
            stts_and_stsc(w, groups * AUDIO_FRAMES, GROUP_SECONDS * AUDIO_TIMESCALE / AUDIO_FRAMES, AUDIO_FRAMES);
            w.full(b"stsz", 0, 0, |w| {
                w.u32(0);
                w.u32(groups * AUDIO_FRAMES);
                (0..groups * AUDIO_FRAMES).for_each(|_| w.u32(sizes.audio));
            });
            co64(w, groups, offsets(sizes.video_bytes()));
        });
    });
    #[expect(clippy::expect_used, reason = "the boxes have some megabytes")]
    let mut header = w.finish().expect("a box smaller than 4 GiB");
    // An mdat with a 64-bit size (ISO/IEC 14496-12 4.2).
    let payload = group.len() as u64 * u64::from(groups);
    header.extend_from_slice(&[0, 0, 0, 1]);
    header.extend_from_slice(b"mdat");
    header.extend_from_slice(&(payload + 16).to_be_bytes());
    header
}

fn trak(w: &mut BoxWriter, id: u32, timescale: u32, kind: &[u8; 4], groups: u32, tables: impl FnOnce(&mut BoxWriter)) {
    let seconds = groups * GROUP_SECONDS;
    w.plain(b"trak", |w| {
        w.full(b"tkhd", 0, 7, |w| {
            w.zeros(8);
            w.u32(id);
            w.zeros(4);
            w.u32(seconds * MOVIE_TIMESCALE);
            w.zeros(60);
        });
        w.plain(b"mdia", |w| {
            w.full(b"mdhd", 1, 0, |w| {
                w.zeros(16);
                w.u32(timescale);
                w.u64(u64::from(seconds) * u64::from(timescale));
                w.zeros(4);
            });
            w.full(b"hdlr", 0, 0, |w| {
                w.u32(0);
                w.raw(kind);
                w.zeros(13);
            });
            w.plain(b"minf", |w| w.plain(b"stbl", tables));
        });
    });
}

/// Writes `stts` and `stsc`, for samples of equal duration in chunks of equal size.
fn stts_and_stsc(w: &mut BoxWriter, samples: u32, duration: u32, samples_per_chunk: u32) {
    w.full(b"stts", 0, 0, |w| [1, samples, duration].into_iter().for_each(|value| w.u32(value)));
    w.full(b"stsc", 0, 0, |w| [1, 1, samples_per_chunk, 1].into_iter().for_each(|value| w.u32(value)));
}

fn co64(w: &mut BoxWriter, chunks: u32, offsets: impl Iterator<Item = u64>) {
    w.full(b"co64", 0, 0, |w| {
        w.u32(chunks);
        offsets.for_each(|offset| w.u64(offset));
    });
}

fn avc1(w: &mut BoxWriter) {
    w.u32(1);
    w.plain(b"avc1", |w| {
        w.zeros(6);
        w.u16(1);
        w.zeros(16);
        w.u16(1_920);
        w.u16(1_080);
        w.zeros(50);
        w.plain(b"avcC", |w| w.raw(&[1, 0x64, 0, 0x28, 0xff, 0xe0, 0]));
    });
}

fn mp4a(w: &mut BoxWriter) {
    w.u32(1);
    w.plain(b"mp4a", |w| {
        w.zeros(6);
        w.u16(1);
        w.zeros(8);
        w.u16(2);
        w.u16(16);
        w.zeros(4);
        w.u32(AUDIO_TIMESCALE << 16);
        w.full(b"esds", 0, 0, |w| {
            w.raw(&[3, 22, 0, 1, 0, 4, 17, 0x40, 0x15]);
            w.zeros(11);
            // AAC-LC, 48 kHz, stereo, frames of 960 samples.
            w.raw(&[5, 2, 0x11, 0x94]);
        });
    });
}

#[cfg(test)]
mod tests {
    use vpp_media::cmaf::{PlanOptions, Planner};
    use vpp_media::isobmff::IndexReader;

    use super::*;

    #[test]
    fn a_movie_represents_about_the_requested_bytes() {
        for (bytes, seconds, factor) in
            [(10_000_000, 10, 1_024), (100_000_000_000, 14_400, 1_024), (1 << 40, 86_400, 4_096)]
        {
            let movie = Movie::new(bytes, seconds, factor);
            let difference = movie.represented_len().abs_diff(bytes);
            assert!(difference * 50 < bytes, "{difference} of {bytes}");
        }
    }

    #[test]
    fn the_work_units_are_those_of_the_full_size_movie() {
        // 1 GB in 20 minutes is 5 MB in 6 seconds: a work unit of 32 MiB has six segments.
        let movie = Movie::new(1_000_000_000, 1_200, 1_024);
        let mut reader = IndexReader::new(movie.len()).unwrap();
        while let Some(range) = reader.want() {
            reader.supply(&movie.read(range)).unwrap();
        }
        let index = reader.finish().unwrap();
        let parsed = vpp_media::track::Movie::parse(&index).unwrap();
        let options = PlanOptions { work_unit_bytes: 32 * 1_024, ..PlanOptions::default() };
        let mut planner = Planner::new(&parsed, &options).unwrap();
        let work_units: Vec<_> = planner.by_ref().collect::<Result<_, _>>().unwrap();
        let segments: usize = work_units.iter().map(|work_unit| work_unit.segments.len()).sum();
        assert_eq!(segments, 400, "200 of video, 200 of audio");
        assert!((29..=34).contains(&work_units.len()), "{}", work_units.len());
        assert!(work_units.iter().all(|work_unit| work_unit.ranges.len() == 1), "one GET each");
    }

    #[test]
    fn the_media_of_a_range_is_multiplied_by_the_factor() {
        let movie = Movie::new(10_000_000, 10, 1_024);
        let header = movie.header_len();
        assert_eq!(movie.represented_bytes(&(0..header)), header);
        assert_eq!(movie.represented_bytes(&(header - 1..header + 3)), 1 + 3 * 1_024);
        assert_eq!(movie.read(header - 1..header + 3).len(), 4);
    }
}
