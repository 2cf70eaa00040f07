//! Movies of any shape, and what is read back from their packages.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use crate::support::{Base, FragmentLayout, Movie, SampleSpec, TrackSpec};
use mp4_atom::{Any, Decode, Moof};
use proptest::prelude::*;
use vpp_media::cenc::{ContentKey, ContentKeys, KeyId, Scheme};
use vpp_media::cmaf::{
    KeyParameters, PlanOptions, Planner, Presentation, ProtectedTracks, Protection, SourceBuffers, WorkUnit,
    package_work_unit,
};

pub(super) fn key() -> ContentKey {
    ContentKey::new([7; 16])
}

pub(super) fn kid() -> KeyId {
    KeyId::new([1; 16]).unwrap()
}

pub(super) fn keys() -> ContentKeys {
    [(kid(), key())].into_iter().collect()
}

pub(super) fn protection(scheme: Scheme) -> Protection {
    let key = KeyParameters::derive(scheme, &key(), kid(), b"movie");
    Protection { scheme, tracks: ProtectedTracks::All, key, audio_key: None }
}

pub(super) fn scheme() -> impl Strategy<Value = Scheme> {
    prop::sample::select(vec![Scheme::Cbcs, Scheme::Cenc])
}

pub(super) fn options(work_unit_bytes: u64, seconds: u64, protected: bool) -> PlanOptions {
    PlanOptions {
        segment_duration: Duration::from_secs(seconds),
        work_unit_bytes,
        protection: protected.then(|| protection(Scheme::Cbcs)),
        ..PlanOptions::default()
    }
}

pub(super) fn plan(movie: &Movie, options: &PlanOptions) -> (Vec<WorkUnit>, Presentation) {
    let index = movie.index();
    let parsed = vpp_media::track::Movie::parse(&index).unwrap();
    let mut planner = Planner::new(&parsed, options).unwrap();
    let work_units = planner.by_ref().map(Result::unwrap).collect();
    (work_units, planner.finish().unwrap())
}

/// Returns every segment of a package, by path.
pub(super) fn package(movie: &Movie, work_units: &[WorkUnit]) -> BTreeMap<String, Vec<u8>> {
    let mut segments = BTreeMap::new();
    for work_unit in work_units {
        let read = |range: &Range<u64>| movie.bytes(range.start, range.end).to_vec();
        for (path, bytes) in crate::arriving::segments(work_unit, read, &keys()).unwrap() {
            assert!(segments.insert(path, bytes).is_none(), "one segment per path");
        }
        let mut source =
            SourceBuffers::new(work_unit, work_unit.ranges.iter().map(|range| read(&range.bytes)).collect()).unwrap();
        for segment in package_work_unit(work_unit, &mut source, &keys()).unwrap() {
            let bytes = segment.to_vec(&source);
            assert_eq!(bytes.len() as u64, segment.size().bytes);
            assert!(segments[&segment.id.path()] == bytes, "{}: streamed and whole", segment.id.path());
        }
    }
    segments
}

/// A sample of a segment: decode time, properties, bytes.
type ReadSample = (u64, SampleSpec, Vec<u8>);

/// Finds the movie fragment of a segment, with an independent parser.
pub(super) fn read_moof(mut bytes: &[u8]) -> (usize, Moof) {
    let whole = bytes;
    let mut found: Option<(usize, Moof)> = None;
    while !bytes.is_empty() {
        let at = whole.len() - bytes.len();
        if let Any::Moof(moof) = Any::decode(&mut bytes).unwrap() {
            found = Some((at, moof));
        }
    }
    found.unwrap()
}

/// Reads a segment, with an independent parser.
pub(super) fn read_segment(whole: &[u8]) -> Vec<ReadSample> {
    let (moof_at, moof) = read_moof(whole);
    let traf = &moof.traf[0];
    let mut time = traf.tfdt.as_ref().unwrap().base_media_decode_time;
    let mut samples = Vec::new();
    for trun in &traf.trun {
        let mut at = moof_at + usize::try_from(trun.data_offset.unwrap()).unwrap();
        for entry in &trun.samples {
            let size = entry.size.or(traf.tfhd.default_sample_size).unwrap();
            let duration = entry.duration.or(traf.tfhd.default_sample_duration).unwrap();
            let flags = entry.flags.or(traf.tfhd.default_sample_flags).unwrap();
            let sample = SampleSpec {
                size,
                duration,
                composition_offset: i32::try_from(entry.cts.unwrap_or(0)).unwrap(),
                is_sync: flags & 0x0001_0000 == 0,
            };
            samples.push((time, sample, whole[at..at + size as usize].to_vec()));
            at += size as usize;
            time += u64::from(duration);
        }
    }
    samples
}

pub(super) fn samples(kind: impl Strategy<Value = SampleSpec>, end: usize) -> impl Strategy<Value = Vec<SampleSpec>> {
    prop::collection::vec(kind, 1..end)
}

pub(super) fn video_sample() -> impl Strategy<Value = SampleSpec> {
    (5_u32..200, 1_u32..4, 0_i32..3, prop::bool::weighted(0.2)).prop_map(|(size, duration, offset, is_sync)| {
        SampleSpec {
            size,
            duration: duration * 512,
            // A sync sample is presented before the samples that follow it.
            composition_offset: if is_sync { 0 } else { offset * 512 },
            is_sync,
        }
    })
}

pub(super) fn audio_sample() -> impl Strategy<Value = SampleSpec> {
    (1_u32..90).prop_map(|size| SampleSpec { size, duration: 1024, composition_offset: 0, is_sync: true })
}

pub(super) fn track(video: bool, samples: Vec<SampleSpec>, chunk: usize, edit: Option<(u32, i32)>) -> TrackSpec {
    let mut samples = samples;
    samples[0].is_sync = true;
    samples[0].composition_offset = 0;
    TrackSpec { video, timescale: if video { 12_288 } else { 48_000 }, samples, chunk, change: None, edit }
}

/// The track with another sample description from chunk `change`, which then begins with a sync sample.
pub(super) fn changing(mut track: TrackSpec, change: Option<usize>) -> TrackSpec {
    track.change = change;
    if let Some(first) = change.and_then(|change| track.samples.get_mut(change * track.chunk)) {
        (first.is_sync, first.composition_offset) = (true, 0);
    }
    track
}

prop_compose! {
    pub(super) fn movie()(
        video in samples(video_sample(), 120), audio in samples(audio_sample(), 300), more in samples(audio_sample(), 60),
        chunk in 1_usize..20, audio_chunk in 1_usize..40, edits in prop::bool::ANY, changes in prop::option::of(0_usize..9),
    ) -> Vec<TrackSpec> {
        vec![
            changing(track(true, video, chunk, edits.then_some((0, 1))), changes),
            changing(track(false, audio, audio_chunk, edits.then_some((0, 1000))), changes.map(|chunk| chunk * 2 / 3)),
            track(false, more, 7, edits.then_some((500, 0))),
        ]
    }
}

prop_compose! {
    pub(super) fn fragmenting()(
        base in prop::sample::select(vec![Base::Moof, Base::File, Base::Implicit]), separate in prop::bool::ANY,
        tfdt in prop::bool::ANY, defaults in prop::bool::ANY, runs in 1_usize..4, rounds_in_moov in 0_usize..3,
        moov_last in prop::bool::ANY, indexed in prop::bool::ANY,
    ) -> FragmentLayout {
        FragmentLayout { base, separate, tfdt, begins: 0, defaults, runs, rounds_in_moov, moov_last, indexed }
    }
}
