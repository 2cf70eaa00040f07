//! Manifests are written before the segments: the planned sizes are those that are written.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use vpp_media::cenc::{ContentKey, ContentKeys, KeyId, Scheme};
use vpp_media::cmaf::{
    KeyParameters, PlanOptions, Planner, ProtectedTracks, Protection, SegmentSizes, SourceBuffers, package_work_unit,
};
use vpp_media::dash::{self, MpdOptions};
use vpp_media::hls::{self, HlsOptions};
use vpp_media::isobmff::IndexReader;
use vpp_media::track::{Movie, sample_heads};
use vpp_tests::fixtures;

/// Files of which the written sizes differ from the expected ones: their manifests are corrected when the segments are written.
const CORRECTED: &[(&str, &str)] = &[
    ("slices.mp4", "slices that are too small to hold a block stay clear"),
    ("many-slices.mp4", "slices that are too small to hold a block stay clear"),
    ("hevc-slices.mp4", "slices that are too small to hold a block stay clear"),
    ("hevc-tiles.mp4", "the slices of a frame differ in size, so their number is estimated wrongly"),
    ("hevc-dependent.mp4", "the slices of a frame differ in size, so their number is estimated wrongly"),
    ("long-message.mp4", "a message is longer than the clear bytes of a subsample"),
    ("av1.mp4", "some samples have one frame, and others several"),
    ("av1-grain.mp4", "some samples have one frame, and others several"),
    ("av1-lossless.mp4", "some samples have one frame, and others several"),
    ("av1-resize.mp4", "some samples have one frame, and others several"),
    ("av1-superres.mp4", "some samples have one frame, and others several"),
    ("av1-tiles.mp4", "frames have four tiles"),
    ("av1-groups.mp4", "frames have four tiles"),
    ("timed-text.mp4", "cues have styles, and characters that WebVTT escapes"),
    ("default_audio_french.mp4", "cues have styles"),
];

fn bytes(file: &[u8], range: &Range<u64>) -> Vec<u8> {
    file[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()].to_vec()
}

/// Returns the manifests that are written before and after the segments; `None` for a file that is refused.
fn manifests(file: &[u8], scheme: Option<Scheme>) -> Option<[Vec<String>; 2]> {
    let mut reader = IndexReader::new(file.len() as u64).ok()?;
    while let Some(range) = reader.want() {
        reader.supply(&bytes(file, &range)).ok()?;
    }
    let mut index = reader.finish().ok()?;
    for head in sample_heads(&index) {
        index.add_media(head.start, &bytes(file, &head));
    }
    let movie = Movie::parse(&index).ok()?;
    let (key, kid) = (ContentKey::new([7; 16]), KeyId::new([1; 16]).unwrap());
    let keys: ContentKeys = [(kid, key.clone())].into_iter().collect();
    let protection = scheme.map(|scheme| {
        let key = KeyParameters::derive(scheme, &key, kid, b"content");
        Protection { scheme, tracks: ProtectedTracks::All, key, audio_key: None }
    });
    let options = PlanOptions {
        segment_duration: Duration::from_secs(2),
        audio_only: movie.require_video().is_err(),
        protection,
        ..PlanOptions::default()
    };
    let planner = Planner::new(&movie, &options).ok()?;
    let mut first = planner.clone();
    first.by_ref().for_each(drop);
    let presentation = first.finish().ok()?;
    let write = |sizes: &SegmentSizes| {
        let playlists = hls::playlists(&presentation, sizes, &HlsOptions::default()).unwrap();
        let mpd = dash::mpd(&presentation, sizes, &MpdOptions::default()).unwrap();
        playlists.into_iter().map(|playlist| playlist.text).chain([mpd]).collect::<Vec<_>>()
    };
    let early = write(&SegmentSizes::planned(&presentation));
    let mut sizes = SegmentSizes::new(&presentation);
    for work_unit in planner {
        let work_unit = work_unit.unwrap();
        let parts = work_unit.ranges.iter().map(|range| bytes(file, &range.bytes)).collect();
        let mut source = SourceBuffers::new(&work_unit, parts).unwrap();
        for segment in package_work_unit(&work_unit, &mut source, &keys).ok()? {
            sizes.set(segment.id, segment.size()).unwrap();
        }
    }
    Some([early, write(&sizes.stated(&presentation))])
}

fn files() -> Vec<PathBuf> {
    let mut files = fixtures::fixtures(&fixtures::good());
    for folder in ["good", "edge"] {
        let of_corpus = fixtures::corpus_folder(folder).map(|folder| fs::read_dir(folder).unwrap());
        files.extend(of_corpus.into_iter().flatten().map(|entry| entry.unwrap().path()));
    }
    files
}

#[test]
fn manifests_are_one_text_before_and_after_the_segments_are_written() {
    let (mut compared, mut corrected) = (0, BTreeSet::new());
    for path in files() {
        let file = fs::read(&path).unwrap();
        for scheme in [None, Some(Scheme::Cbcs), Some(Scheme::Cenc)] {
            let Some([early, late]) = manifests(&file, scheme) else { continue };
            compared += 1;
            if early != late {
                corrected.insert(path.file_name().unwrap().to_string_lossy().into_owned());
            }
        }
    }
    assert!(compared > 200, "{compared} packages");
    let known = CORRECTED.iter().map(|(name, _)| (*name).to_owned()).filter(|name| is_present(name)).collect();
    assert_eq!(corrected, known);
}

/// Returns whether the file is a fixture, or in the corpus next to the checkout.
fn is_present(name: &str) -> bool {
    files().iter().any(|path| path.ends_with(name))
}
