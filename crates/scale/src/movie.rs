//! Movies in miniature: a whole and true index over media in which every byte stands for many.
//!
//! A 1 TiB movie of 24 hours has millions of samples, which the index lists one by one as it would; only their sizes are
//! divided by a factor. So ingest and fragment read and plan the index that such a movie has, work units and segments come out
//! in the numbers that they would, and encrypt cuts and writes real segments, with a thousandth or less of the media.
//! [`Movie::weight`] says how many bytes a range stands for, which is what the model charges for.
//!
//! The media is two seconds, again and again: 25 pictures a second in groups of 50, and 100 sounds of 960 samples.

use std::ops::Range;

use vpp_media::isobmff::BoxWriter;

const GROUP_SECONDS: u32 = 2;
const PICTURES: u32 = 50;
const SOUNDS: u32 = 100;
const MOVIE_SCALE: u32 = 1_000;
const VIDEO_SCALE: u32 = 25;
const AUDIO_SCALE: u32 = 48_000;
/// Bytes of a sound of 192 kb/s.
const SOUND_BYTES: u64 = 480;
/// A sync sample is so many times the size of another.
const SYNC: u32 = 6;
/// A NAL unit's length and header.
const SMALLEST_PICTURE: u32 = 5;

/// A movie in miniature.
#[derive(Debug)]
pub struct Movie {
    /// Everything before the media.
    front: Vec<u8>,
    /// Two seconds of media.
    group: Vec<u8>,
    groups: u32,
    factor: u64,
}

impl Movie {
    /// A movie of about `bytes` that lasts `seconds`, each byte of its media standing for `factor`.
    #[must_use]
    pub fn new(bytes: u64, seconds: u32, factor: u64) -> Self {
        let groups = (seconds / GROUP_SECONDS).max(1);
        let sound = u32::try_from(SOUND_BYTES / factor).unwrap_or(u32::MAX).max(1);
        let all = u32::try_from(bytes / factor / u64::from(groups)).unwrap_or(u32::MAX);
        let unit = all.saturating_sub(sound * SOUNDS) / (PICTURES - 1 + SYNC);
        let sizes = Sizes { picture: unit.max(SMALLEST_PICTURE), sync: (unit * SYNC).max(SMALLEST_PICTURE), sound };
        let group = sizes.group();
        // The front's own length decides where the media begins: lay it out twice.
        let length = front(sizes, groups, &group, 0).len() as u64;
        let front = front(sizes, groups, &group, length);
        Self { front, group, groups, factor }
    }

    /// Length of the file in miniature.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.front.len() as u64 + self.group.len() as u64 * u64::from(self.groups)
    }

    /// Whether there is nothing in it; there always is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of everything before the media, the index above all.
    #[must_use]
    pub fn front_len(&self) -> u64 {
        self.front.len() as u64
    }

    /// Bytes of the file it stands for.
    #[must_use]
    pub fn real_len(&self) -> u64 {
        self.weight(&(0..self.len()))
    }

    /// Bytes that `range` stands for: its own before the media, `factor` times as many in it.
    #[must_use]
    pub fn weight(&self, range: &Range<u64>) -> u64 {
        let end = range.end.min(self.len());
        let front = end.min(self.front_len()).saturating_sub(range.start);
        let media = end.saturating_sub(range.start.max(self.front_len()));
        front + media * self.factor
    }

    /// The bytes of `range`, cut off at the end.
    #[must_use]
    pub fn read(&self, range: Range<u64>) -> Vec<u8> {
        let end = range.end.min(self.len());
        let mut bytes = Vec::new();
        let mut at = range.start;
        while at < end {
            let (piece, offset) = match at.checked_sub(self.front_len()) {
                None => (&self.front, at),
                Some(into) => (&self.group, into % self.group.len() as u64),
            };
            let rest = piece.get(usize::try_from(offset).unwrap_or(usize::MAX)..).unwrap_or_default();
            let taken = rest.get(..usize::try_from(end - at).unwrap_or(usize::MAX)).unwrap_or(rest);
            bytes.extend_from_slice(taken);
            at += taken.len() as u64;
        }
        bytes
    }
}

#[derive(Debug, Clone, Copy)]
struct Sizes {
    picture: u32,
    sync: u32,
    sound: u32,
}

impl Sizes {
    /// The pictures of a group, and then its sounds. A picture is one NAL unit of filler (H.264, `nal_unit_type` 12).
    fn group(self) -> Vec<u8> {
        let mut group = Vec::new();
        for number in 0..PICTURES {
            let size = if number == 0 { self.sync } else { self.picture };
            group.extend_from_slice(&(size - 4).to_be_bytes());
            group.push(12);
            group.extend((SMALLEST_PICTURE..size).map(|_| 0xff));
        }
        group.extend((0..self.sound * SOUNDS).map(|_| 0x21));
        group
    }

    fn pictures(self) -> u32 {
        self.sync + self.picture * (PICTURES - 1)
    }
}

/// `ftyp`, `moov` and the header of an `mdat` whose payload begins at `media`.
fn front(sizes: Sizes, groups: u32, group: &[u8], media: u64) -> Vec<u8> {
    let mut w = BoxWriter::new();
    w.plain(b"ftyp", |w| w.raw(b"isom\0\0\x02\0isomiso2avc1mp41"));
    w.plain(b"moov", |w| {
        w.full(b"mvhd", 0, 0, |w| {
            w.zeros(8);
            w.u32(MOVIE_SCALE);
            w.u32(groups * GROUP_SECONDS * MOVIE_SCALE);
            w.zeros(80);
        });
        let offsets = |into: u32| (0..u64::from(groups)).map(move |n| media + n * group.len() as u64 + u64::from(into));
        trak(w, 1, VIDEO_SCALE, b"vide", groups, |w| {
            w.full(b"stsd", 0, 0, avc1);
            runs(w, groups * PICTURES, 1, PICTURES);
            w.full(b"stss", 0, 0, |w| {
                w.u32(groups);
                (0..groups).for_each(|group| w.u32(group * PICTURES + 1));
            });
            w.full(b"stsz", 0, 0, |w| {
                w.u32(0);
                w.u32(groups * PICTURES);
                let size = |number| if number % PICTURES == 0 { sizes.sync } else { sizes.picture };
                (0..groups * PICTURES).for_each(|number| w.u32(size(number)));
            });
            co64(w, groups, offsets(0));
        });
        trak(w, 2, AUDIO_SCALE, b"soun", groups, |w| {
            w.full(b"stsd", 0, 0, mp4a);
            runs(w, groups * SOUNDS, GROUP_SECONDS * AUDIO_SCALE / SOUNDS, SOUNDS);
            w.full(b"stsz", 0, 0, |w| {
                w.u32(0);
                w.u32(groups * SOUNDS);
                (0..groups * SOUNDS).for_each(|_| w.u32(sizes.sound));
            });
            co64(w, groups, offsets(sizes.pictures()));
        });
    });
    #[expect(clippy::expect_used, reason = "the boxes have some megabytes")]
    let mut front = w.finish().expect("a box smaller than 4 GiB");
    // An mdat of 64-bit length (ISO/IEC 14496-12 4.2).
    let payload = group.len() as u64 * u64::from(groups);
    front.extend_from_slice(&[0, 0, 0, 1]);
    front.extend_from_slice(b"mdat");
    front.extend_from_slice(&(payload + 16).to_be_bytes());
    front
}

fn trak(w: &mut BoxWriter, id: u32, scale: u32, kind: &[u8; 4], groups: u32, tables: impl FnOnce(&mut BoxWriter)) {
    let seconds = groups * GROUP_SECONDS;
    w.plain(b"trak", |w| {
        w.full(b"tkhd", 0, 7, |w| {
            w.zeros(8);
            w.u32(id);
            w.zeros(4);
            w.u32(seconds * MOVIE_SCALE);
            w.zeros(60);
        });
        w.plain(b"mdia", |w| {
            w.full(b"mdhd", 1, 0, |w| {
                w.zeros(16);
                w.u32(scale);
                w.u64(u64::from(seconds) * u64::from(scale));
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

/// `stts` and `stsc`: samples of one duration, so many to a chunk.
fn runs(w: &mut BoxWriter, samples: u32, duration: u32, chunk: u32) {
    w.full(b"stts", 0, 0, |w| [1, samples, duration].into_iter().for_each(|value| w.u32(value)));
    w.full(b"stsc", 0, 0, |w| [1, 1, chunk, 1].into_iter().for_each(|value| w.u32(value)));
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
        w.u32(AUDIO_SCALE << 16);
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
    fn it_stands_for_the_bytes_asked_for() {
        for (bytes, seconds, factor) in
            [(10_000_000, 10, 1_024), (100_000_000_000, 14_400, 1_024), (1 << 40, 86_400, 4_096)]
        {
            let movie = Movie::new(bytes, seconds, factor);
            let off = movie.real_len().abs_diff(bytes);
            assert!(off * 50 < bytes, "{off} off {bytes}");
        }
    }

    #[test]
    fn its_work_units_are_those_of_the_movie_it_stands_for() {
        // 1 GB in 20 minutes are 5 MB in 6 seconds: six segments to a work unit of 32 MiB.
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
    fn a_range_weighs_its_media_by_the_factor() {
        let movie = Movie::new(10_000_000, 10, 1_024);
        let front = movie.front_len();
        assert_eq!(movie.weight(&(0..front)), front);
        assert_eq!(movie.weight(&(front - 1..front + 3)), 1 + 3 * 1_024);
        assert_eq!(movie.read(front - 1..front + 3).len(), 4);
    }
}
