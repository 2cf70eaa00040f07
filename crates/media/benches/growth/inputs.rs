//! Inputs in which one quantity grows.

use std::fmt::Write;
use std::hint::black_box;
use std::ops::Range;
use std::time::Duration;

use vpp_media::cenc::{ContentKey, ContentKeys, KeyId, Scheme};
use vpp_media::cmaf::{
    KeyParameters, PlanOptions, Planner, ProtectedTracks, Protection, SegmentSizes, SidecarSource, SourceBuffers,
    package_work_unit,
};
use vpp_media::isobmff::{BoxWriter, Index};
use vpp_media::preflight::preflight;
use vpp_media::text::WebVttFile;
use vpp_media::track::{Movie as Parsed, TrackLabels};
use vpp_media::{dash, hls};

use super::boxes::{find, replace};
use super::index::index;
use super::support::{Base, FragmentLayout, Movie, SampleSpec, TrackSpec};

/// Frames of two slices each, in H.264 and in H.265: see `tests/splits.rs`.
const FRAMES: &[u8] = include_bytes!("../../tests/support/pictures.mp4");

/// The path of the sample table boxes.
const STBL: [&[u8; 4]; 5] = [b"moov", b"trak", b"mdia", b"minf", b"stbl"];

/// Processes the input.
pub type Run = Box<dyn FnMut()>;

/// Prepares the input with a factor.
pub type Prepare = fn(usize) -> Run;

/// All inputs, by the quantity that grows.
pub const INPUTS: [(&str, Prepare); 9] = [
    ("slices of a frame, cbcs", |factor| whole(slices(factor), Scheme::Cbcs)),
    ("slices of a frame, cenc", |factor| whole(slices(factor), Scheme::Cenc)),
    ("samples", |factor| whole(Movie::new(&[video(4000 * factor), audio(4000 * factor)]).file, Scheme::Cbcs)),
    ("tracks", |factor| whole(Movie::new(&vec![audio(200); 8 * factor]).file, Scheme::Cbcs)),
    ("edits", |factor| whole(edits(5000 * factor), Scheme::Cbcs)),
    ("sample entries", |factor| whole(sample_entries(200 * factor), Scheme::Cbcs)),
    ("fragments, indexed before them", |factor| whole(fragments(200 * factor, false), Scheme::Cbcs)),
    ("fragments, indexed after them", |factor| whole(fragments(200 * factor, true), Scheme::Cbcs)),
    ("cues", cues),
];

fn sample(size: u32, duration: u32, is_sync: bool) -> SampleSpec {
    SampleSpec { size, duration, composition_offset: 0, is_sync }
}

/// A video track with one key frame a second.
fn video(samples: usize) -> TrackSpec {
    let samples = (0..samples).map(|number| sample(20, 512, number.is_multiple_of(25))).collect();
    TrackSpec { video: true, timescale: 12_800, samples, chunk: 25, change: None, edit: None }
}

fn audio(samples: usize) -> TrackSpec {
    let samples = vec![sample(10, 1024, true); samples];
    TrackSpec { video: false, timescale: 48_000, samples, chunk: 50, change: None, edit: None }
}

/// Frames with many short slices. The sample entry and the slice headers are those of a real stream.
fn slices(factor: usize) -> Vec<u8> {
    const SLICE_BYTES: usize = 60;
    let mut source = BoxesOf(FRAMES).samples_of_first_track();
    let last_slice = nal_units(source.remove(0)).pop().unwrap();
    let mut frame = Vec::new();
    for _ in 0..1000 * factor {
        frame.extend((SLICE_BYTES as u32).to_be_bytes());
        frame.extend(&last_slice[..SLICE_BYTES]);
    }
    let mut track = video(4);
    track.samples = vec![sample(frame.len() as u32, 512, true); 4];
    let mut movie = Movie::new(&[track]);
    for offset in &movie.offsets[0] {
        movie.file[*offset as usize..][..frame.len()].copy_from_slice(&frame);
    }
    let stsd = find(FRAMES, &[&STBL[..], &[b"stsd"]].concat());
    replace(&movie.file, &[&STBL[..], &[b"stsd"]].concat(), &|_| stsd.to_vec())
}

/// A file, for reading its samples.
struct BoxesOf<'f>(&'f [u8]);

impl<'f> BoxesOf<'f> {
    fn samples_of_first_track(&self) -> Vec<&'f [u8]> {
        let index = index(self.0).unwrap();
        let movie = Parsed::parse(&index).unwrap();
        let samples = movie.tracks[0].samples.samples();
        samples.map(|sample| &self.0[sample.offset as usize..][..sample.size as usize]).collect()
    }
}

/// Splits a sample into its NAL units, without their lengths.
fn nal_units(mut sample: &[u8]) -> Vec<&[u8]> {
    let mut units = Vec::new();
    while let Some((length, rest)) = sample.split_first_chunk::<4>() {
        let (unit, rest) = rest.split_at(u32::from_be_bytes(*length) as usize);
        units.push(unit);
        sample = rest;
    }
    units
}

/// A video whose edit list repeats what one edit would say: each entry continues the one before it.
fn edits(count: usize) -> Vec<u8> {
    let mut track = video(count);
    track.edit = Some((0, 0));
    let list = |_: &[u8]| {
        let mut w = BoxWriter::new();
        w.full(b"elst", 0, 0, |w| {
            w.u32(count as u32);
            for number in 0..count as u32 {
                // A sample lasts 512 of 12,800 units: 40 of the movie's 1000.
                [40, 512 * number, 0x0001_0000].into_iter().for_each(|value| w.u32(value));
            }
        });
        w.finish().unwrap()
    };
    replace(&Movie::new(&[track]).file, &[b"moov", b"trak", b"edts", b"elst"], &list)
}

/// A video of one group of pictures for each of its sample entries.
fn sample_entries(count: usize) -> Vec<u8> {
    let file = Movie::new(&[video(25 * count)]).file;
    let stsd = find(&file, &[&STBL[..], &[b"stsd"]].concat());
    let first_entry = &stsd[16..][..u32::from_be_bytes(stsd[16..20].try_into().unwrap()) as usize];
    let descriptions = |_: &[u8]| {
        let mut w = BoxWriter::new();
        w.full(b"stsd", 0, 0, |w| {
            w.u32(count as u32);
            (0..count).for_each(|_| w.raw(first_entry));
        });
        w.finish().unwrap()
    };
    let chunks = |_: &[u8]| {
        let mut w = BoxWriter::new();
        w.full(b"stsc", 0, 0, |w| {
            w.u32(count as u32);
            (1..=count as u32).for_each(|number| [number, 25, number].into_iter().for_each(|value| w.u32(value)));
        });
        w.finish().unwrap()
    };
    let file = replace(&file, &[&STBL[..], &[b"stsd"]].concat(), &descriptions);
    replace(&file, &[&STBL[..], &[b"stsc"]].concat(), &chunks)
}

fn fragments(count: usize, moov_last: bool) -> Vec<u8> {
    let how = FragmentLayout {
        base: Base::Moof,
        separate: false,
        tfdt: true,
        begins: 0,
        defaults: true,
        runs: 1,
        rounds_in_moov: 0,
        moov_last,
        indexed: false,
    };
    Movie::fragmented(&[video(25 * count), audio(50 * count)], how).file
}

/// A WebVTT file next to a short movie.
fn cues(factor: usize) -> Run {
    let mut text = String::from("WEBVTT\n");
    for second in 0..4000 * factor {
        let (hours, minutes, seconds) = (second / 3600, second / 60 % 60, second % 60);
        let time = format!("{hours:02}:{minutes:02}:{seconds:02}");
        write!(text, "\n{time}.000 --> {time}.900\nCue number {second}\n").unwrap();
    }
    let index: &'static Index = Box::leak(Box::new(index(&Movie::new(&[video(100)]).file).unwrap()));
    let movie = Box::leak(Box::new(Parsed::parse(index).unwrap()));
    Box::new(move || {
        let file = WebVttFile::parse(text.as_bytes()).unwrap();
        let sidecar = SidecarSource { file: &file, language: None, labels: TrackLabels::default() };
        let mut planner = Planner::new(movie, &PlanOptions::default()).unwrap();
        planner.by_ref().for_each(|work_unit| drop(work_unit.unwrap()));
        black_box(planner.finish_with_sidecars(&[sidecar]).unwrap());
    })
}

/// Takes a movie through all steps: index, movie, preflight, plan, encryption, manifests.
fn whole(file: Vec<u8>, scheme: Scheme) -> Run {
    let (key, kid) = (ContentKey::new([7; 16]), KeyId::new([1; 16]).unwrap());
    let parameters = KeyParameters::derive(scheme, &key, kid, b"content");
    let protection = Some(Protection { scheme, tracks: ProtectedTracks::All, key: parameters, audio_key: None });
    let keys: ContentKeys = [(kid, key)].into_iter().collect();
    Box::new(move || {
        let index = index(&file).unwrap();
        let movie = Parsed::parse(&index).unwrap();
        let audio_only = movie.require_video().is_err();
        let segment_duration = Duration::from_secs(4);
        let options = PlanOptions { segment_duration, audio_only, protection, ..PlanOptions::default() };
        black_box(preflight(&index, &movie, &options).unwrap());
        let mut planner = Planner::new(&movie, &options).unwrap();
        let mut segments = Vec::new();
        for work_unit in &mut planner {
            let work_unit = work_unit.unwrap();
            let read = |range: &Range<u64>| file[range.start as usize..range.end as usize].to_vec();
            let buffers = work_unit.ranges.iter().map(|range| read(&range.bytes)).collect();
            let mut source = SourceBuffers::new(&work_unit, buffers).unwrap();
            let packaged = package_work_unit(&work_unit, &mut source, &keys).unwrap();
            segments.extend(packaged.iter().map(|segment| (segment.id, segment.size())));
        }
        let presentation = planner.finish().unwrap();
        let mut sizes = SegmentSizes::new(&presentation);
        segments.drain(..).for_each(|(id, size)| sizes.set(id, size).unwrap());
        black_box(dash::mpd(&presentation, &sizes, &dash::MpdOptions::default()).unwrap());
        let options = hls::HlsOptions::default();
        black_box(hls::playlists(&presentation, &sizes, &options).unwrap().collect::<Vec<_>>());
    })
}
