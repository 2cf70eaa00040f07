//! Properties of planning and packaging, against a naive reader of the same movie.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::struct_excessive_bools,
    clippy::unwrap_used,
    reason = "a test: it may panic, and its sizes are small"
)]

#[path = "support/arriving.rs"]
mod arriving;
mod support;

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use mp4_atom::{Any, Decode, Moof};
use proptest::prelude::*;
use support::{Base, FragmentLayout, Movie, SampleSpec, TrackSpec};
use vpp_media::cenc::{ContentKey, ContentKeys, KeyId, Scheme};
use vpp_media::cmaf::{
    KeyParameters, Layout, PlanFile, PlanOptions, PlanWriter, Planner, Presentation, ProtectedTracks, Protection,
    Representation, SapType, SegmentId, SegmentSize, SegmentSizes, SizedRepresentation, SourceBuffers, WorkUnit,
    package_work_unit, presentation_range, read_presentation, read_work_unit,
};
use vpp_media::isobmff::{Index, IndexReader};
use vpp_media::track::Sample;

fn key() -> ContentKey {
    ContentKey::new([7; 16])
}

fn kid() -> KeyId {
    KeyId::new([1; 16]).unwrap()
}

fn keys() -> ContentKeys {
    [(kid(), key())].into_iter().collect()
}

fn protection(scheme: Scheme) -> Protection {
    let key = KeyParameters::derive(scheme, &key(), kid(), b"movie");
    Protection { scheme, tracks: ProtectedTracks::All, key, audio_key: None }
}

fn scheme() -> impl Strategy<Value = Scheme> {
    prop::sample::select(vec![Scheme::Cbcs, Scheme::Cenc])
}

fn options(work_unit_bytes: u64, seconds: u64, protected: bool) -> PlanOptions {
    PlanOptions {
        segment_duration: Duration::from_secs(seconds),
        work_unit_bytes,
        protection: protected.then(|| protection(Scheme::Cbcs)),
        ..PlanOptions::default()
    }
}

fn plan(movie: &Movie, options: &PlanOptions) -> (Vec<WorkUnit>, Presentation) {
    let index = movie.index();
    let parsed = vpp_media::track::Movie::parse(&index).unwrap();
    let mut planner = Planner::new(&parsed, options).unwrap();
    let work_units = planner.by_ref().map(Result::unwrap).collect();
    (work_units, planner.finish().unwrap())
}

/// Returns every segment of a package, by path.
fn package(movie: &Movie, work_units: &[WorkUnit]) -> BTreeMap<String, Vec<u8>> {
    let mut segments = BTreeMap::new();
    for work_unit in work_units {
        let read = |range: &Range<u64>| movie.bytes(range.start, range.end).to_vec();
        for (path, bytes) in arriving::segments(work_unit, read, &keys()).unwrap() {
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
fn read_moof(mut bytes: &[u8]) -> (usize, Moof) {
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
fn read_segment(whole: &[u8]) -> Vec<ReadSample> {
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

fn samples(kind: impl Strategy<Value = SampleSpec>, end: usize) -> impl Strategy<Value = Vec<SampleSpec>> {
    prop::collection::vec(kind, 1..end)
}

fn video_sample() -> impl Strategy<Value = SampleSpec> {
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

fn audio_sample() -> impl Strategy<Value = SampleSpec> {
    (1_u32..90).prop_map(|size| SampleSpec { size, duration: 1024, composition_offset: 0, is_sync: true })
}

fn track(video: bool, samples: Vec<SampleSpec>, chunk: usize, edit: Option<(u32, i32)>) -> TrackSpec {
    let mut samples = samples;
    samples[0].is_sync = true;
    samples[0].composition_offset = 0;
    TrackSpec { video, timescale: if video { 12_288 } else { 48_000 }, samples, chunk, change: None, edit }
}

/// The track with another sample description from chunk `change`, which then begins with a sync sample.
fn changing(mut track: TrackSpec, change: Option<usize>) -> TrackSpec {
    track.change = change;
    if let Some(first) = change.and_then(|change| track.samples.get_mut(change * track.chunk)) {
        (first.is_sync, first.composition_offset) = (true, 0);
    }
    track
}

prop_compose! {
    fn movie()(
        video in samples(video_sample(), 120), audio in samples(audio_sample(), 300), more in samples(audio_sample(), 60),
        chunk in 1_usize..20, audio_chunk in 1_usize..40, edits in prop::bool::ANY, changes in prop::option::of(0_usize..9),
    ) -> Vec<TrackSpec> {
        vec![
            changing(track(true, video, chunk, edits.then_some((0, 512))), changes),
            changing(track(false, audio, audio_chunk, edits.then_some((0, 1024))), changes.map(|chunk| chunk * 2 / 3)),
            track(false, more, 7, edits.then_some((500, 0))),
        ]
    }
}

prop_compose! {
    fn fragmenting()(
        base in prop::sample::select(vec![Base::Moof, Base::File, Base::Implicit]), separate in prop::bool::ANY,
        tfdt in prop::bool::ANY, defaults in prop::bool::ANY, runs in 1_usize..4, rounds_in_moov in 0_usize..3,
        moov_last in prop::bool::ANY, indexed in prop::bool::ANY,
    ) -> FragmentLayout {
        FragmentLayout { base, separate, tfdt, begins: 0, defaults, runs, rounds_in_moov, moov_last, indexed }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn segments_hold_every_sample_once_in_order_and_unchanged(tracks in movie(), work_unit_bytes in 1_u64..20_000) {
        let movie = Movie::new(&tracks);
        let (work_units, presentation) = plan(&movie, &options(work_unit_bytes, 1, false));
        let segments = package(&movie, &work_units);
        let mut read = 0;
        for (position, track) in presentation.representations.iter().enumerate() {
            let wanted = &tracks[position];
            let (empty, media_time) = wanted.edit.unwrap_or_default();
            let edit = u64::from(empty) * u64::from(wanted.timescale) / 1000;
            let mut time = track.presentation_time_offset + edit - u64::from(media_time.unsigned_abs());
            let mut expected = wanted.samples.iter().zip(&movie.offsets[position]);
            for number in 1..=track.segments.len() {
                for (decode_time, sample, bytes) in read_segment(&segments[&format!("{}/{number}.m4s", track.id)]) {
                    let (wanted, offset) = expected.next().unwrap();
                    prop_assert_eq!(decode_time, time);
                    prop_assert_eq!(&sample, wanted);
                    prop_assert_eq!(&bytes[..], movie.bytes(*offset, offset + u64::from(wanted.size)));
                    time += u64::from(wanted.duration);
                }
                read += 1;
            }
            prop_assert!(expected.next().is_none(), "no sample is lost");
        }
        prop_assert_eq!(read, segments.len(), "there is no other segment");
    }

    #[test]
    fn a_fragmented_movie_is_packaged_like_the_same_movie_with_sample_tables(
        tracks in movie(), how in fragmenting(), work_unit_bytes in 1_u64..20_000,
    ) {
        let (progressive, fragmented) = (Movie::new(&tracks), Movie::fragmented(&tracks, how));
        let (expected, expected_presentation) = plan(&progressive, &options(u64::MAX, 1, true));
        let (work_units, presentation) = plan(&fragmented, &options(work_unit_bytes, 1, true));
        prop_assert_eq!(presentation.representations, expected_presentation.representations);
        prop_assert_eq!(package(&fragmented, &work_units), package(&progressive, &expected));
    }

    #[test]
    fn fragments_are_found_again_from_the_range_of_the_moov(tracks in movie(), how in fragmenting()) {
        let movie = Movie::fragmented(&tracks, how);
        let index = movie.index();
        let again = movie.index_by(IndexReader::at(movie.file.len() as u64, index.moov_range()).unwrap());
        let samples = |index: &Index| -> Vec<Vec<Sample>> {
            vpp_media::track::Movie::parse(index).unwrap().tracks.iter().map(|track| track.samples.samples().collect()).collect()
        };
        prop_assert_eq!(samples(&index), samples(&again));
        let listed: Vec<Vec<u64>> = samples(&index).iter().map(|of| of.iter().map(|sample| sample.offset).collect()).collect();
        prop_assert_eq!(listed, movie.offsets);
    }

    #[test]
    fn any_work_unit_size_gives_the_same_bytes(tracks in movie(), work_unit_bytes in 1_u64..20_000, scheme in scheme()) {
        let movie = Movie::new(&tracks);
        let by_scheme = |work_unit_bytes| PlanOptions { protection: Some(protection(scheme)), ..options(work_unit_bytes, 1, true) };
        let (whole, presentation) = plan(&movie, &by_scheme(u64::MAX));
        prop_assert_eq!(whole.len(), 1);
        let (work_units, in_parts) = plan(&movie, &by_scheme(work_unit_bytes));
        prop_assert_eq!(package(&movie, &whole), package(&movie, &work_units));
        prop_assert_eq!(presentation.representations, in_parts.representations);
    }

    /// A single file is its head, whose length the plan predicts, and the fragments of the other layout.
    #[test]
    fn a_single_file_holds_the_fragments_of_the_segments(tracks in movie(), work_unit_bytes in 1_u64..20_000) {
        let movie = Movie::new(&tracks);
        let (work_units, _) = plan(&movie, &options(u64::MAX, 1, true));
        let segments = package(&movie, &work_units);
        let layout = Layout::SingleFile;
        let (work_units, presentation) = plan(&movie, &PlanOptions { layout, ..options(work_unit_bytes, 1, true) });
        let fragments = package(&movie, &work_units);
        prop_assert_eq!(segments.keys().collect::<Vec<_>>(), fragments.keys().collect::<Vec<_>>());
        let styp = 28;
        prop_assert!(segments.iter().all(|(path, bytes)| bytes[styp..] == fragments[path]));

        let mut sizes = SegmentSizes::new(&presentation);
        for track in &presentation.representations {
            for number in (1..).take(track.segments.len()) {
                let bytes = fragments[&format!("{}/{number}.m4s", track.id)].len() as u64;
                let segment = SegmentId { representation: track.id, number };
                sizes.set(segment, SegmentSize { bytes, first_sample_end: 1 }).unwrap();
            }
        }
        let sized = sizes.of(&presentation).unwrap();
        let heads = presentation.heads(&sizes).unwrap();
        prop_assert_eq!(heads.len(), tracks.len());
        for (SizedRepresentation { representation: track, sizes }, head) in sized.into_iter().zip(heads) {
            prop_assert_eq!(head.representation, track.id);
            prop_assert_eq!(head.bytes.len() as u64, track.head_bytes());
            prop_assert!(head.bytes.starts_with(&track.init));
            let mut at = track.head_bytes();
            for (range, size) in track.byte_ranges(sizes).zip(sizes) {
                prop_assert_eq!(range, at..at + size.bytes);
                at += size.bytes;
            }
        }
        prop_assert_eq!(presentation.init_segments().count(), 0);
    }

    #[test]
    fn any_split_of_the_work_gives_the_same_bytes(
        tracks in movie(), work_unit_bytes in 1_u64..20_000, scheme in scheme(), picks in prop::collection::vec(0_usize..4, 64),
    ) {
        let movie = Movie::new(&tracks);
        let options = PlanOptions { protection: Some(protection(scheme)), ..options(work_unit_bytes, 1, true) };
        let (work_units, _) = plan(&movie, &options);
        // Every segment goes to one of four workers, whatever its work unit and track, and each worker starts with its last segment.
        let mut picks = picks.iter().cycle();
        let mut work = [(); 4].map(|()| Vec::new());
        for work_unit in &work_units {
            for segment in &work_unit.segments {
                work[*picks.next().unwrap()].push(WorkUnit { segments: vec![segment.clone()], ..work_unit.clone() });
            }
        }
        work.iter_mut().for_each(|segments| segments.reverse());
        prop_assert_eq!(package(&movie, &work.concat()), package(&movie, &work_units));
    }

    #[test]
    fn segments_start_at_sync_samples_and_are_contiguous(tracks in movie(), seconds in 1_u64..5) {
        let movie = Movie::new(&tracks);
        let (work_units, presentation) = plan(&movie, &options(u64::MAX, seconds, false));
        for segment in work_units.iter().flat_map(|work_unit| &work_unit.segments) {
            prop_assert!(segment.samples[0].is_sync);
        }
        for track in &presentation.representations {
            for pair in track.segments.windows(2) {
                prop_assert_eq!(pair[0].end(), pair[1].start);
            }
        }
    }

    #[test]
    fn segments_have_the_sample_description_of_their_samples(tracks in movie(), protected in prop::bool::ANY) {
        let movie = Movie::new(&tracks);
        let (work_units, presentation) = plan(&movie, &options(u64::MAX, 1, protected));
        let segments = package(&movie, &work_units);
        for (track, wanted) in presentation.representations.iter().zip(&tracks) {
            let change = wanted.change.map_or(usize::MAX, |chunk| chunk * wanted.chunk);
            let several = (1..wanted.samples.len()).contains(&change);
            let expected = (0..wanted.samples.len()).map(|sample| if several && sample >= change { 2 } else { 1 });
            let mut found = Vec::new();
            for number in 1..=track.segments.len() {
                let (_, moof) = read_moof(&segments[&format!("{}/{number}.m4s", track.id)]);
                let traf = &moof.traf[0];
                let samples = traf.trun.iter().map(|trun| trun.samples.len()).sum();
                found.extend(vec![traf.tfhd.sample_description_index.unwrap_or(1); samples]);
            }
            prop_assert_eq!(found, expected.collect::<Vec<_>>());
            let count = |kind: &[u8]| track.init.windows(4).filter(|window| *window == kind).count();
            let entries = 1 + usize::from(several);
            prop_assert_eq!((count(b"avcC") + count(b"esds"), count(b"sinf")), (entries, if protected { entries } else { 0 }));
        }
    }

    #[test]
    fn the_ranges_of_a_work_unit_are_little_more_than_its_samples(tracks in movie(), work_unit_bytes in 1_000_u64..20_000) {
        let movie = Movie::new(&tracks);
        let (work_units, _) = plan(&movie, &options(work_unit_bytes, 1, false));
        for work_unit in &work_units {
            let extents = work_unit.segments.iter().flat_map(|segment| &segment.extents);
            let (needed, read) = (extents.map(|extent| extent.bytes).sum::<u64>(), work_unit.source_bytes());
            // Above this number of ranges, gaps of any size are read, because a request costs as well.
            let max = if work_unit.ranges.len() < 64 { needed + needed / 100 } else { u64::MAX };
            prop_assert!(read >= needed && read <= max, "{read} bytes read for {needed}, in {} ranges", work_unit.ranges.len());
        }
    }

    #[test]
    fn a_plan_is_read_back_section_by_section(tracks in movie(), work_unit_bytes in 1_u64..20_000) {
        let movie = Movie::new(&tracks);
        let (work_units, presentation) = plan(&movie, &options(work_unit_bytes, 1, true));
        let mut writer = PlanWriter::new();
        work_units.iter().for_each(|work_unit| writer.push(work_unit).unwrap());
        let PlanFile { chunks, sections } = writer.finish(&presentation).unwrap();
        let bytes = chunks.concat();
        let at = |range: std::ops::Range<u64>| &bytes[range.start as usize..range.end as usize];
        prop_assert_eq!(sections.len(), work_units.len());
        for (work_unit, section) in work_units.iter().zip(sections) {
            prop_assert_eq!(work_unit, &read_work_unit(at(section)).unwrap());
        }
        let stored = read_presentation(at(presentation_range(&bytes[..12]).unwrap())).unwrap();
        prop_assert_eq!(stored, presentation);
    }

    #[test]
    fn a_damaged_plan_is_an_error(tracks in movie(), cut in 0_usize..100_000, flip in 0_usize..100_000) {
        let movie = Movie::new(&tracks);
        let (work_units, _) = plan(&movie, &options(u64::MAX, 1, true));
        let mut writer = PlanWriter::new();
        writer.push(&work_units[0]).unwrap();
        let (_, presentation) = plan(&movie, &options(u64::MAX, 1, true));
        let file = writer.finish(&presentation).unwrap();
        let bytes = file.chunks.concat();
        let section = &bytes[file.sections[0].start as usize..];
        let cut = cut % section.len();
        prop_assert!(read_work_unit(&section[..cut]).is_err());
        let mut flipped = section.to_vec();
        let flip = flip % section.len();
        flipped[flip] ^= 0x55;
        // It may still decode; then packaging must return an error or bytes, and never panic.
        if let Ok(work_unit) = read_work_unit(&flipped) {
            let ranges = work_unit.ranges.iter().map(|range| vec![0; range.length().min(1 << 16) as usize]);
            if let Ok(mut source) = SourceBuffers::new(&work_unit, ranges.collect()) {
                drop(package_work_unit(&work_unit, &mut source, &keys()));
            }
        }
    }
}

#[test]
fn segments_end_at_the_sync_sample_nearest_to_the_requested_duration() {
    // One frame per second; sync samples at 0, 5, 8, 13, 21 and 22 seconds.
    let video_frame = |second: usize| SampleSpec {
        size: 100,
        duration: 12_288,
        composition_offset: 0,
        is_sync: [0, 5, 8, 13, 21, 22].contains(&second),
    };
    let video = track(true, (0..24).map(video_frame).collect(), 4, None);
    let (_, presentation) = plan(&Movie::new(&[video]), &options(u64::MAX, 6, false));
    let starts: Vec<_> = presentation.representations[0].segments.iter().map(|s| s.start / 12_288).collect();
    // From 0, 5 is nearer to 6 than 8; from 5, 13 is as near to 11 as 8 is not; from 13, 21 is nearer to 19 than nothing.
    assert_eq!(starts, [0, 5, 13, 21]);
}

#[test]
fn an_excerpt_of_a_longer_recording_starts_at_zero() {
    let video_frame = |index: usize| SampleSpec {
        size: 100,
        duration: 512,
        composition_offset: 0,
        is_sync: index.is_multiple_of(48),
    };
    let audio_frame = SampleSpec { size: 20, duration: 1024, composition_offset: 0, is_sync: true };
    let tracks = [
        track(true, (0..240).map(video_frame).collect(), 48, None),
        track(false, vec![audio_frame; 469], 94, Some((20, 0))),
    ];
    let at = |begins: u64| {
        let how = FragmentLayout {
            base: Base::Moof,
            separate: false,
            tfdt: true,
            begins,
            defaults: true,
            runs: 1,
            rounds_in_moov: 0,
            moov_last: false,
            indexed: false,
        };
        plan(&Movie::fragmented(&tracks, how), &options(u64::MAX, 2, false)).1.representations
    };
    for (track, late) in at(0).iter().zip(at(1_700_000_000)) {
        let units = 1_700_000_000 * u64::from(track.timescale.hz());
        assert_eq!(late.presentation_time_offset, track.presentation_time_offset + units);
        let presented = |track: &Representation| -> Vec<(u64, u64)> {
            track
                .segments
                .iter()
                .map(|segment| (segment.start - track.presentation_time_offset, segment.duration))
                .collect()
        };
        assert_eq!(presented(&late), presented(track));
        assert_eq!(late.init, track.init, "the duration is the presented one");
    }
}

#[test]
fn audio_segments_start_at_the_first_presentation_time_of_an_open_gop() {
    // GOPs of 48 frames; the two frames after the sync sample are presented before it.
    let video_frame = |index: usize| SampleSpec {
        size: 100,
        duration: 512,
        composition_offset: [1536, 0, 0].get(index % 48).copied().unwrap_or(512),
        is_sync: index.is_multiple_of(48),
    };
    let mut video = track(true, (0..240).map(video_frame).collect(), 4, None);
    video.samples[0].composition_offset = 512;
    let audio_frame = SampleSpec { size: 20, duration: 1024, composition_offset: 0, is_sync: true };
    let audio = track(false, vec![audio_frame; 469], 10, None);
    let (_, presentation) = plan(&Movie::new(&[video, audio]), &options(u64::MAX, 2, false));
    let [video, audio] = &presentation.representations[..] else { panic!("two tracks") };
    assert_eq!((video.starts_with_sap(), audio.starts_with_sap()), (Some(SapType::Three), Some(SapType::One)));
    let starts: Vec<_> = video.segments.iter().map(|segment| segment.start).collect();
    assert_eq!(starts, [512, 49 * 512, 97 * 512, 145 * 512, 193 * 512]);
    for (v, a) in video.segments.iter().zip(&audio.segments).skip(1) {
        let late = a.start * 12_288 - v.start * 48_000;
        assert!(late < 1024 * 12_288, "{late}");
    }
}

#[test]
fn audio_segments_start_with_video_segments() {
    let video_frame = |index: usize| SampleSpec {
        size: 100,
        duration: 512,
        composition_offset: 0,
        is_sync: index.is_multiple_of(48),
    };
    let video = track(true, (0..240).map(video_frame).collect(), 4, None);
    let audio_frame = SampleSpec { size: 20, duration: 1024, composition_offset: 0, is_sync: true };
    let audio = track(false, vec![audio_frame; 469], 10, Some((0, 1024)));
    let (_, presentation) = plan(&Movie::new(&[video, audio]), &options(u64::MAX, 2, false));
    let [video, audio] = &presentation.representations[..] else { panic!("two tracks") };
    assert_eq!(video.segments.len(), audio.segments.len());
    for (v, a) in video.segments.iter().zip(&audio.segments).skip(1) {
        let boundary = v.start as f64 / 12_288.0;
        let audio_start = a.start as f64 / 48_000.0;
        assert!(audio_start >= boundary && audio_start < boundary + 1024.0 / 48_000.0, "{audio_start} for {boundary}");
    }
}

#[test]
fn a_window_too_large_for_a_worker_is_refused() {
    // Only the index claims these sizes; planning never reads the media.
    let video_frame = |index: usize| SampleSpec { size: 5, duration: 512, composition_offset: 0, is_sync: index == 0 };
    let mut movie = Movie::new(&[track(true, (0..3).map(video_frame).collect(), 3, None)]);
    let stsz = movie.file.windows(4).position(|window| window == b"stsz").unwrap();
    for entry in 0..3 {
        let at = stsz + 16 + entry * 4;
        movie.file[at..at + 4].copy_from_slice(&(1_u32 << 28).to_be_bytes());
    }
    let moov = movie.index().moov_range();
    let mut reader = IndexReader::at(1 << 40, moov.clone()).unwrap();
    reader.supply(movie.bytes(moov.start, moov.end)).unwrap();
    let index = reader.finish().unwrap();
    let parsed = vpp_media::track::Movie::parse(&index).unwrap();
    let mut planner = Planner::new(&parsed, &options(1, 1, false)).unwrap();
    assert_eq!(planner.next().unwrap().unwrap_err().code(), "limit_exceeded");
}

/// Silence that is stored once, for all silent chunks, is encrypted like silence that is stored for each chunk.
#[test]
fn samples_that_share_their_bytes_are_encrypted_separately() {
    let audio_frame = SampleSpec { size: 100, duration: 1024, composition_offset: 0, is_sync: true };
    let video_frame =
        |index: usize| SampleSpec { size: 90, duration: 512, composition_offset: 0, is_sync: index.is_multiple_of(12) };
    let tracks =
        [track(true, (0..96).map(video_frame).collect(), 12, None), track(false, vec![audio_frame; 376], 47, None)];
    let mut stored_twice = Movie::new(&tracks);
    let chunks: Vec<u64> = stored_twice.offsets[1].iter().copied().step_by(47).collect();
    let offset = |chunk: usize| usize::try_from(chunks[chunk]).unwrap();
    let mut stored_once = Movie::new(&tracks);
    for (silent, first) in [(1, 0), (2, 0), (6, 5)] {
        stored_twice.file.copy_within(offset(first)..offset(first) + 47 * 100, offset(silent));
        let entry = |chunk: usize| u32::try_from(chunks[chunk]).unwrap().to_be_bytes();
        let found = stored_once.file.windows(4).rposition(|bytes| bytes == entry(silent)).unwrap();
        stored_once.file[found..found + 4].copy_from_slice(&entry(first));
    }
    for (work_unit_bytes, seconds) in [(u64::MAX, 1), (u64::MAX, 60), (1, 1)] {
        for protected in [true, false] {
            let segments = |movie: &Movie| {
                let (work_units, _) = plan(movie, &options(work_unit_bytes, seconds, protected));
                package(movie, &work_units)
            };
            assert!(segments(&stored_once) == segments(&stored_twice), "segments of {seconds} s, {protected}");
        }
    }
}
