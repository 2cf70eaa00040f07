//! A small movie with a track of every codec whose configuration or samples are parsed, whole and damaged.
//!
//! `support/codecs.mp4` was encoded with ffmpeg n9.0.2 (libaom, libvpx, libopus, libmp3lame): nine frames of `testsrc2` at
//! 128x128 in AV1 (`-cpu-used 8 -g 9 -denoise-noise-level 25 -aom-params sb-size=64:tile-columns=1:tile-rows=1`) and in VP9,
//! and 0.36 s of a tone in AC-3, E-AC-3, Opus, FLAC and MP3.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    reason = "a test: it may panic, and its sizes are small"
)]

#[path = "support/index.rs"]
mod index;

use std::ops::Range;

use index::index;
use vpp_media::codec::SampleEntry;
use vpp_media::isobmff::{Index, IndexReader};
use vpp_media::track::{Movie, Track, sample_heads};

const MOVIE: &[u8] = include_bytes!("support/codecs.mp4");

const MUTATIONS: u32 = 100_000;

/// Returns the bytes of every sample of a track, in decode order.
fn samples<'f>(file: &'f [u8], track: &'f Track<'_>) -> impl Iterator<Item = &'f [u8]> {
    track.samples.samples().map(|sample| &file[sample.offset as usize..][..sample.size as usize])
}

/// Returns the protected ranges of every sample, up to the first that does not parse; none for a track whose samples are
/// protected whole.
fn protected(file: &[u8], track: &Track<'_>) -> vpp_media::Result<Vec<Vec<Range<usize>>>> {
    let Some(mut parser) = track.descriptions.entries().first().and_then(|entry| entry.protection.parser()) else {
        return Ok(vec![]);
    };
    let found = samples(file, track).map(|sample| {
        let mut ranges = Vec::new();
        let parsed = parser.protected_ranges(sample, 0, &mut ranges);
        let mut end = 0;
        for range in &ranges {
            assert!(end <= range.start && range.start < range.end && range.end <= sample.len(), "{ranges:?}");
            end = range.end;
        }
        parsed.map(|()| ranges)
    });
    found.collect()
}

#[test]
fn every_codec_has_its_codecs_string_and_audio_properties() {
    let index = index(MOVIE).unwrap();
    let movie = Movie::parse(&index).unwrap();
    let entries = movie.tracks.iter().map(|track| &track.descriptions.entries()[0]);
    let codecs: Vec<_> = entries.clone().map(|entry| entry.codecs.as_str()).collect();
    let expected = ["av01.0.00M.08", "vp09.00.10.08.01.02.02.02.00", "ac-3", "ec-3", "Opus", "fLaC", "mp4a.6B"];
    assert_eq!(codecs, expected);
    let audio = |entry: &SampleEntry<'_>| {
        entry.audio.as_ref().map(|audio| (audio.sample_rate, audio.channels, audio.channel_configuration.is_some()))
    };
    assert!(entries.filter_map(audio).eq([(48_000, 1, true); 5]));
}

#[test]
fn only_a_codec_that_needs_its_frames_is_read() {
    let index = index(MOVIE).unwrap();
    let movie = Movie::parse(&index).unwrap();
    let mp3 = movie.tracks.last().unwrap().samples.samples().next().unwrap();
    // The frames of AV1 may carry closed captions.
    let av1 = movie.tracks[0].samples.samples().take(2).map(|sample| (sample.offset, u64::from(sample.size.min(2048))));
    let needed: Vec<_> = av1.chain([(mp3.offset, 4)]).map(|(offset, size)| offset..offset + size).collect();
    let heads = sample_heads(&index);
    let contains = |head: &std::ops::Range<u64>, needed: &std::ops::Range<u64>| {
        head.start <= needed.start && needed.end <= head.end
    };
    assert!(needed.iter().all(|needed| heads.iter().any(|head| contains(head, needed))), "{heads:?}");
    assert!(heads.iter().all(|head| needed.iter().any(|needed| contains(head, needed))), "{heads:?}");
    let entry = MOVIE.windows(4).position(|kind| kind == b"mp4a").unwrap() + 4;
    let mut stereo = MOVIE.to_vec();
    stereo[entry + 16..entry + 18].copy_from_slice(&[0, 2]);
    // With the head of the first sample, its frame header counts. Without, the sample entry does.
    let channels = |index: &Index| Movie::parse(index).unwrap().tracks.last().unwrap().audio().unwrap().channels;
    assert_eq!(channels(&self::index(&stereo).unwrap()), 1);
    let mut reader = IndexReader::new(stereo.len() as u64).unwrap();
    while let Some(range) = reader.want() {
        reader.supply(&stereo[range.start as usize..range.end as usize]).unwrap();
    }
    assert_eq!(channels(&reader.finish().unwrap()), 2);
}

#[test]
fn four_tiles_of_each_frame_are_found() {
    let index = index(MOVIE).unwrap();
    let movie = Movie::parse(&index).unwrap();
    let tiles = protected(MOVIE, &movie.tracks[0]).unwrap();
    assert_eq!(tiles.len(), 9);
    assert!(tiles.iter().all(|tiles| tiles.len() % 4 == 0), "{tiles:?}");
    // Some samples have frames that are shown later; one sample shows such a frame, and has no tile.
    let frames: usize = tiles.iter().map(|tiles| tiles.len() / 4).sum();
    assert!(frames >= 9 && tiles.iter().any(|tiles| tiles.len() > 4), "{tiles:?}");
    let frames = protected(MOVIE, &movie.tracks[1]).unwrap();
    assert!(frames.iter().all(|ranges| ranges.len() == 1), "{frames:?}");
}

#[test]
fn changed_configurations_and_samples_are_errors_or_ranges() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 11) as usize % below
    };
    let original = index(MOVIE).unwrap();
    let movie = Movie::parse(&original).unwrap();
    // Changes matter most in sample descriptions and in the first bytes of samples, which have the headers.
    let stsd = MOVIE.windows(4).enumerate().filter(|(_, kind)| *kind == b"stsd").flat_map(|(at, _)| at..at + 200);
    let video_samples =
        movie.tracks.iter().filter(|track| track.video().is_some()).flat_map(|track| track.samples.samples());
    let headers = video_samples
        .flat_map(|sample| sample.offset as usize..(sample.offset + u64::from(sample.size.min(64))) as usize);
    let positions: Vec<usize> = stsd.chain(headers).collect();
    let (mut errors, mut parsed) = (0_u32, 0_u32);
    for _ in 0..MUTATIONS {
        let mut damaged = MOVIE.to_vec();
        let first = random(positions.len());
        for position in positions.iter().skip(first).take(1 + random(8)) {
            damaged[*position] = random(256) as u8;
        }
        let index = index(&damaged).unwrap();
        let outcome = Movie::parse(&index).and_then(|movie| {
            movie
                .tracks
                .iter()
                .map(|track| protected(&damaged, track).map(drop))
                .collect::<vpp_media::Result<Vec<()>>>()
        });
        match outcome {
            Ok(_) => parsed += 1,
            Err(_) => errors += 1,
        }
    }
    assert!(errors > 5_000 && parsed > 5_000, "{errors} errors, {parsed} parsed");
}
