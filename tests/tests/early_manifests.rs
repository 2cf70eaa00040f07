//! Manifests are written before the segments: the planned sizes are those that are written.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use vpp_media::cenc::Scheme;
use vpp_media::cmaf::{PlanOptions, Planner, Presentation, SegmentSizes, SourceBuffers, package_work_unit};
use vpp_media::dash::{self, MpdOptions};
use vpp_media::hls::{self, HlsOptions};
use vpp_media::track::Movie;
use vpp_tests::fixtures;
use vpp_tests::planning::{bytes, index, protection};

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

/// Returns the manifests that are written before and after the segments; `None` for a file that is refused.
fn manifests(file: &[u8], scheme: Option<Scheme>) -> Option<[Vec<String>; 2]> {
    let index = index(file).ok()?;
    let movie = Movie::parse(&index).ok()?;
    let (protection, keys) = scheme.map(protection).unzip();
    let keys = keys.unwrap_or_default();
    let options = PlanOptions {
        segment_duration: Duration::from_secs(2),
        audio_only: movie.require_video().is_err(),
        protection,
        ..PlanOptions::default()
    };
    let mut planner = Planner::new(&movie, &options).ok()?;
    let work_units: Vec<_> = planner.by_ref().map(Result::unwrap).collect();
    let mut presentation = planner.finish().ok()?;
    let write = |presentation: &Presentation, sizes: &SegmentSizes| {
        let options = HlsOptions::default();
        let playlists = hls::playlists(presentation, sizes, &options).unwrap();
        let mpd = dash::mpd(presentation, sizes, &MpdOptions::default()).unwrap();
        playlists.map(|playlist| playlist.text).chain([mpd]).collect::<Vec<_>>()
    };
    let early = write(&presentation, &SegmentSizes::planned(&presentation));
    let mut sizes = SegmentSizes::new(&presentation);
    for work_unit in work_units {
        let parts = work_unit.ranges.iter().map(|range| bytes(file, &range.bytes).to_vec()).collect();
        let mut source = SourceBuffers::new(&work_unit, parts).unwrap();
        for segment in package_work_unit(&work_unit, &mut source, &keys).ok()? {
            sizes.set(segment.id, segment.size()).unwrap();
        }
    }
    let stated = sizes.stated(&mut presentation);
    Some([early, write(&presentation, &stated)])
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
