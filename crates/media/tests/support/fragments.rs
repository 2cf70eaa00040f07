//! The generated movie as fragments, in the ways that muxers write them.

use vpp_media::isobmff::BoxWriter;

use super::{Movie, SampleSpec, TrackSpec, movie_header, payload, trak};

/// What the data offsets of a fragment are relative to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// `default-base-is-moof`.
    Moof,
    /// `base-data-offset`, in every track fragment.
    File,
    /// Neither: the first track is relative to the start of the `moof`, each other to the end of the previous one.
    Implicit,
}

/// How a movie is divided into fragments.
#[derive(Debug, Clone, Copy)]
pub struct FragmentLayout {
    pub base: Base,
    /// A `moof` for every track, instead of one for all.
    pub separate: bool,
    pub tfdt: bool,
    /// Seconds added to every `tfdt`, as in an excerpt of a longer recording.
    pub begins: u64,
    /// Whether common values of samples are written once, as defaults.
    pub defaults: bool,
    /// `trun`s in a `traf`, at most.
    pub runs: usize,
    /// Rounds of chunks that are in sample tables, before the fragments.
    pub rounds_in_moov: usize,
    /// Whether the `moov` follows all fragments. It always follows the media that its sample tables list.
    pub moov_last: bool,
    /// Whether a `styp` and an (unused) `sidx` precede every fragment, and an `mfra` ends the file.
    pub indexed: bool,
}

impl Movie {
    /// Writes the tracks like [`Movie::new`], one round of chunks in each fragment.
    pub fn fragmented(tracks: &[TrackSpec], how: FragmentLayout) -> Self {
        let mut layout = Layout::new(tracks, how);
        let w = &mut BoxWriter::new();
        w.plain(b"ftyp", |w| w.raw(b"iso5\0\0\x02\0iso5iso6mp41"));
        let rounds = tracks.iter().map(|track| track.samples.len().div_ceil(track.chunk)).max().unwrap_or(0);
        let in_moov = how.rounds_in_moov.min(rounds);
        let mut chunks: Vec<Vec<u32>> = tracks.iter().map(|_| Vec::new()).collect();
        w.plain(b"mdat", |w| {
            for round in 0..in_moov {
                for (number, chunks) in chunks.iter_mut().enumerate() {
                    if !layout.round(number, round).is_empty() {
                        chunks.push(u32::try_from(w.position()).unwrap());
                    }
                    layout.media(w, number, round);
                }
            }
        });
        if !how.moov_last {
            moov(w, tracks, &chunks, in_moov);
        }
        for round in in_moov..rounds {
            let all: Vec<usize> = (0..tracks.len()).filter(|number| !layout.round(*number, round).is_empty()).collect();
            if how.separate {
                all.iter().for_each(|number| layout.fragment(w, &[*number], round));
            } else {
                layout.fragment(w, &all, round);
            }
        }
        if how.moov_last {
            moov(w, tracks, &chunks, in_moov);
        }
        if how.indexed {
            w.plain(b"mfra", |w| w.full(b"mfro", 0, 0, |w| w.u32(24)));
        }
        Self { file: std::mem::take(w).finish().unwrap(), offsets: layout.offsets }
    }
}

fn moov(w: &mut BoxWriter, tracks: &[TrackSpec], chunks: &[Vec<u32>], rounds: usize) {
    w.plain(b"moov", |w| {
        movie_header(w);
        for (number, track) in tracks.iter().enumerate() {
            let mut listed = track.clone();
            listed.samples.truncate(rounds * track.chunk);
            trak(
                w,
                u32::try_from(number + 1).unwrap(),
                &listed,
                track.samples.iter().all(|s| s.is_sync),
                &chunks[number],
            );
        }
        w.plain(b"mvex", |w| {
            for number in 1..=tracks.len() {
                w.full(b"trex", 0, 0, |w| {
                    let id = u32::try_from(number).unwrap();
                    [id, 1, 77, 77, 0x0001_0000].into_iter().for_each(|value| w.u32(value));
                });
            }
        });
    });
}

struct Layout<'t> {
    tracks: &'t [TrackSpec],
    how: FragmentLayout,
    offsets: Vec<Vec<u64>>,
    times: Vec<u64>,
    seed: u32,
}

impl<'t> Layout<'t> {
    fn new(tracks: &'t [TrackSpec], how: FragmentLayout) -> Self {
        let offsets = tracks.iter().map(|_| Vec::new()).collect();
        Self { tracks, how, offsets, times: vec![0; tracks.len()], seed: 0 }
    }

    fn round(&self, number: usize, round: usize) -> &'t [SampleSpec] {
        let track = &self.tracks[number];
        let end = track.samples.len().min((round + 1) * track.chunk);
        track.samples.get(round * track.chunk..end).unwrap_or_default()
    }

    /// Writes the samples of a chunk.
    fn media(&mut self, w: &mut BoxWriter, number: usize, round: usize) {
        for sample in self.round(number, round) {
            self.offsets[number].push(w.position() as u64);
            w.raw(&payload(self.tracks[number].video, sample.size, &mut self.seed));
            self.times[number] += u64::from(sample.duration);
        }
    }

    fn fragment(&mut self, w: &mut BoxWriter, numbers: &[usize], round: usize) {
        if self.how.indexed {
            w.plain(b"styp", |w| w.raw(b"msdh\0\0\0\0msdh"));
            w.full(b"sidx", 0, 0, |w| w.zeros(20));
        }
        let moof_at = w.position();
        // Positions of offsets, and the offset of each in the payload of mdat.
        let mut patches: Vec<(usize, usize, bool)> = Vec::new();
        w.plain(b"moof", |w| {
            w.full(b"mfhd", 0, 0, |w| w.u32(u32::try_from(round + 1).unwrap()));
            let mut into = 0;
            for (position, number) in numbers.iter().enumerate() {
                w.plain(b"traf", |w| self.traf(w, *number, round, position == 0, &mut into, &mut patches));
            }
        });
        let payload_at = w.position() + 8;
        for (at, into, from_file) in patches {
            let base = if from_file { 0 } else { moof_at };
            w.patch(at, u32::try_from(payload_at + into - base).unwrap());
        }
        w.plain(b"mdat", |w| numbers.iter().for_each(|number| self.media(w, *number, round)));
    }

    fn traf(
        &self,
        w: &mut BoxWriter,
        number: usize,
        round: usize,
        is_first: bool,
        into: &mut usize,
        patches: &mut Vec<(usize, usize, bool)>,
    ) {
        let samples = self.round(number, round);
        let shared = |value: fn(&SampleSpec) -> u32| {
            let first = value(&samples[0]);
            (self.how.defaults && samples.iter().all(|sample| value(sample) == first)).then_some(first)
        };
        let (duration, size) = (shared(|sample| sample.duration), shared(|sample| sample.size));
        // A sync sample comes first: the flags of the others are the default, its flags are in the run.
        let lead = self.how.defaults && samples.iter().skip(1).all(|sample| !sample.is_sync) && samples[0].is_sync;
        let mut flags = match self.how.base {
            Base::Moof => 0x02_0000,
            Base::File => 1,
            Base::Implicit => 0,
        };
        let description = self.tracks[number].change.filter(|change| *change <= round).map(|_| 2);
        flags |= description.map_or(0, |_| 2) | duration.map_or(0, |_| 8) | size.map_or(0, |_| 0x10);
        w.full(b"tfhd", 0, flags, |w| {
            w.u32(u32::try_from(number + 1).unwrap());
            if self.how.base == Base::File {
                w.u32(0);
                patches.push((w.position(), *into, true));
                w.u32(0);
            }
            [description, duration, size].into_iter().flatten().for_each(|value| w.u32(value));
        });
        if self.how.tfdt {
            w.full(b"tfdt", 1, 0, |w| {
                w.u64(self.times[number] + self.how.begins * u64::from(self.tracks[number].timescale));
            });
        }
        for (run, samples) in samples.chunks(samples.len().div_ceil(self.how.runs)).enumerate() {
            let offset = match self.how.base {
                Base::Moof => run == 0,
                Base::File => false,
                Base::Implicit => run == 0 && is_first,
            };
            let lead = lead && run == 0 && samples[0].is_sync;
            let explicit = !(self.how.defaults && samples.iter().skip(usize::from(lead)).all(|sample| !sample.is_sync));
            let flags = u32::from(offset)
                | if lead { 4 } else { 0 }
                | duration.map_or(0x100, |_| 0)
                | size.map_or(0x200, |_| 0)
                | if explicit { 0x400 } else { 0 }
                | 0x800;
            w.full(b"trun", 1, flags, |w| {
                w.u32(u32::try_from(samples.len()).unwrap());
                if offset {
                    patches.push((w.position(), *into, false));
                    w.u32(0);
                }
                if lead {
                    w.u32(0x0200_0000);
                }
                for sample in samples {
                    let fields = [
                        duration.is_none().then_some(sample.duration),
                        size.is_none().then_some(sample.size),
                        explicit.then_some(if sample.is_sync { 0x0200_0000 } else { 0x0101_0000 }),
                        Some(sample.composition_offset.cast_unsigned()),
                    ];
                    fields.into_iter().flatten().for_each(|value| w.u32(value));
                    *into += sample.size as usize;
                }
            });
        }
    }
}
