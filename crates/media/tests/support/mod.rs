//! Generated movies: the test specifies every sample, so it can compare the output of the engine with the specification.

mod fragments;

pub use fragments::{Base, FragmentLayout};
use vpp_media::isobmff::{BoxWriter, Index, IndexReader};

/// The specification of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleSpec {
    pub size: u32,
    pub duration: u32,
    pub composition_offset: i32,
    pub is_sync: bool,
}

/// The specification of a track.
#[derive(Debug, Clone)]
pub struct TrackSpec {
    pub video: bool,
    pub timescale: u32,
    pub samples: Vec<SampleSpec>,
    /// Samples per chunk.
    pub chunk: usize,
    /// The first chunk, from 0, with another sample description.
    pub change: Option<usize>,
    /// Leading empty edit in movie units (thousandths), and the media time that follows it.
    pub edit: Option<(u32, i32)>,
}

/// A file, and the offset of each sample of each track.
#[derive(Debug)]
pub struct Movie {
    pub file: Vec<u8>,
    pub offsets: Vec<Vec<u64>>,
}

impl Movie {
    /// Writes the tracks with interleaved chunks, media first, index last. No two samples share bytes.
    pub fn new(tracks: &[TrackSpec]) -> Self {
        let mut w = BoxWriter::new();
        w.plain(b"ftyp", |w| w.raw(b"isom\0\0\x02\0isomiso2avc1mp41"));
        let mut offsets: Vec<Vec<u64>> = tracks.iter().map(|_| Vec::new()).collect();
        let mut chunks: Vec<Vec<u32>> = tracks.iter().map(|_| Vec::new()).collect();
        let mut seed = 0_u32;
        w.plain(b"mdat", |w| {
            let rounds = tracks.iter().map(|track| track.samples.len().div_ceil(track.chunk)).max().unwrap_or(0);
            for round in 0..rounds {
                for (number, track) in tracks.iter().enumerate() {
                    let chunk = track.samples.iter().skip(round * track.chunk).take(track.chunk);
                    if round * track.chunk < track.samples.len() {
                        chunks[number].push(u32::try_from(w.position()).unwrap());
                    }
                    for sample in chunk {
                        offsets[number].push(w.position() as u64);
                        w.raw(&payload(track.video, sample.size, &mut seed));
                    }
                }
            }
        });
        w.plain(b"moov", |w| {
            movie_header(w);
            for (number, track) in tracks.iter().enumerate() {
                let all_sync = track.samples.iter().all(|sample| sample.is_sync);
                trak(w, u32::try_from(number + 1).unwrap(), track, all_sync, &chunks[number]);
            }
        });
        Self { file: w.finish().unwrap(), offsets }
    }

    /// Reads the index of the file.
    pub fn index(&self) -> Index {
        self.index_by(IndexReader::new(self.file.len() as u64).unwrap())
    }

    /// Reads the index of the file with this reader.
    pub fn index_by(&self, mut reader: IndexReader) -> Index {
        while let Some(range) = reader.want() {
            reader.supply(self.bytes(range.start, range.end)).unwrap();
        }
        reader.finish().unwrap()
    }

    pub fn bytes(&self, start: u64, end: u64) -> &[u8] {
        &self.file[usize::try_from(start).unwrap()..usize::try_from(end).unwrap()]
    }
}

/// Returns bytes that differ between samples. A video sample is one filler NAL unit (type 12), so that it parses as H.264.
fn payload(video: bool, size: u32, seed: &mut u32) -> Vec<u8> {
    *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    let mut bytes: Vec<u8> =
        (0..size).map(|i| seed.wrapping_add(i).wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    if video && size >= 5 {
        bytes[..4].copy_from_slice(&(size - 4).to_be_bytes());
        bytes[4] = 12;
    }
    bytes
}

fn movie_header(w: &mut BoxWriter) {
    w.full(b"mvhd", 0, 0, |w| {
        w.zeros(8);
        w.u32(1000);
        w.zeros(84);
    });
}

fn trak(w: &mut BoxWriter, id: u32, track: &TrackSpec, all_sync: bool, chunks: &[u32]) {
    w.plain(b"trak", |w| {
        w.full(b"tkhd", 0, 7, |w| {
            w.zeros(8);
            w.u32(id);
            w.zeros(68);
        });
        if let Some((empty, media_time)) = track.edit {
            w.plain(b"edts", |w| {
                w.full(b"elst", 0, 0, |w| {
                    w.u32(if empty > 0 { 2 } else { 1 });
                    if empty > 0 {
                        w.u32(empty);
                        w.raw(&(-1_i32).to_be_bytes());
                        w.u32(0x0001_0000);
                    }
                    w.u32(0);
                    w.raw(&media_time.to_be_bytes());
                    w.u32(0x0001_0000);
                });
            });
        }
        w.plain(b"mdia", |w| {
            w.full(b"mdhd", 0, 0, |w| {
                w.zeros(8);
                w.u32(track.timescale);
                w.zeros(8);
            });
            w.full(b"hdlr", 0, 0, |w| {
                w.u32(0);
                w.raw(if track.video { b"vide" } else { b"soun" });
                w.zeros(13);
            });
            w.plain(b"minf", |w| w.plain(b"stbl", |w| stbl(w, track, all_sync, chunks)));
        });
    });
}

fn stbl(w: &mut BoxWriter, track: &TrackSpec, all_sync: bool, chunks: &[u32]) {
    w.full(b"stsd", 0, 0, |w| {
        w.u32(2);
        if track.video {
            for level in [0x1f, 0x28] {
                w.plain(b"avc1", |w| {
                    w.zeros(24);
                    w.u16(640);
                    w.u16(360);
                    w.zeros(50);
                    w.plain(b"avcC", |w| w.raw(&[1, 0x64, 0, level, 0xff, 0xe0, 0]));
                });
            }
        } else {
            for rate in [0x11, 0x12] {
                w.plain(b"mp4a", |w| {
                    w.zeros(16);
                    w.u16(2);
                    w.u16(16);
                    w.zeros(4);
                    w.u32(48_000 << 16);
                    w.full(b"esds", 0, 0, |w| {
                        w.raw(&[3, 22, 0, 1, 0, 4, 17, 0x40, 0x15]);
                        w.zeros(11);
                        w.raw(&[5, 2, rate, 0x90]);
                    });
                });
            }
        }
    });
    let count = |n: usize| u32::try_from(n).unwrap();
    let samples = &track.samples;
    w.full(b"stts", 0, 0, |w| {
        w.u32(count(samples.len()));
        samples.iter().for_each(|sample| [1, sample.duration].into_iter().for_each(|v| w.u32(v)));
    });
    w.full(b"ctts", 0, 0, |w| {
        w.u32(count(samples.len()));
        samples.iter().for_each(|s| [1, s.composition_offset.cast_unsigned()].into_iter().for_each(|v| w.u32(v)));
    });
    if !all_sync {
        w.full(b"stss", 0, 0, |w| {
            let sync: Vec<u32> = (1..).zip(samples).filter(|(_, s)| s.is_sync).map(|(number, _)| number).collect();
            w.u32(count(sync.len()));
            sync.iter().for_each(|number| w.u32(*number));
        });
    }
    w.full(b"stsc", 0, 0, |w| {
        let change = track.change.filter(|change| *change < chunks.len());
        let first = (!chunks.is_empty() && change != Some(0)).then_some([1, count(track.chunk), 1]);
        let second = change.map(|change| [count(change + 1), count(track.chunk), 2]);
        w.u32(count(first.iter().chain(&second).count()));
        first.into_iter().chain(second).flatten().for_each(|v| w.u32(v));
    });
    w.full(b"stsz", 0, 0, |w| {
        w.u32(0);
        w.u32(count(samples.len()));
        samples.iter().for_each(|sample| w.u32(sample.size));
    });
    w.full(b"stco", 0, 0, |w| {
        w.u32(count(chunks.len()));
        chunks.iter().for_each(|offset| w.u32(*offset));
    });
}
