//! Movies of a particular shape.

use crate::harness::*;
use crate::support::{Base, FragmentLayout, Movie, SampleSpec};
use vpp_media::cmaf::{Planner, Representation, SapType};
use vpp_media::isobmff::IndexReader;

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
