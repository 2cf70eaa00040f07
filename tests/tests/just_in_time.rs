//! What a package can deliver as soon as it is planned: its manifests, and any segment by itself.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use vpp_media::cenc::{ContentKeys, Scheme};
use vpp_media::cmaf::{
    PlanIndex, PlanOptions, PlanWriter, Planner, Presentation, Segment, SegmentId, SegmentSizes, SourceBuffers,
    WorkUnit, index_end, one_segment, package_work_unit, read_work_unit,
};
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

/// A movie, planned with small work units.
struct Planned<'f> {
    file: &'f [u8],
    presentation: Presentation,
    work_units: Vec<WorkUnit>,
    keys: ContentKeys,
}

impl<'f> Planned<'f> {
    /// Plans a movie; `None` if it is refused.
    fn new(file: &'f [u8], scheme: Option<Scheme>) -> Option<Self> {
        let index = index(file).ok()?;
        let movie = Movie::parse(&index).ok()?;
        let (protection, keys) = scheme.map(protection).unzip();
        let keys = keys.unwrap_or_default();
        let options = PlanOptions {
            segment_duration: Duration::from_secs(2),
            audio_only: movie.require_video().is_err(),
            work_unit_bytes: 100_000,
            protection,
            ..PlanOptions::default()
        };
        let mut planner = Planner::new(&movie, &options).ok()?;
        let work_units = planner.by_ref().collect::<Result<_, _>>().ok()?;
        Some(Self { file, presentation: planner.finish().ok()?, work_units, keys })
    }

    /// Packages a work unit; `None` if its samples are refused.
    fn segments(&self, work_unit: &WorkUnit) -> Option<Vec<(Segment, Vec<u8>)>> {
        let parts = work_unit.ranges.iter().map(|range| bytes(self.file, &range.bytes).to_vec()).collect();
        let mut source = SourceBuffers::new(work_unit, parts).unwrap();
        let segments = package_work_unit(work_unit, &mut source, &self.keys).ok()?;
        Some(
            segments
                .into_iter()
                .map(|segment| {
                    let bytes = segment.to_vec(&source);
                    (segment, bytes)
                })
                .collect(),
        )
    }

    /// Returns the stored form of the plan.
    fn stored(&self) -> Vec<u8> {
        let mut writer = PlanWriter::new();
        self.work_units.iter().for_each(|work_unit| writer.push(work_unit).unwrap());
        writer.finish(&self.presentation).unwrap().chunks.concat()
    }

    fn manifests(&self, sizes: &SegmentSizes) -> Vec<String> {
        let options = HlsOptions::default();
        let playlists = hls::playlists(&self.presentation, sizes, &options).unwrap();
        let mpd = dash::mpd(&self.presentation, sizes, &MpdOptions::default()).unwrap();
        playlists.map(|playlist| playlist.text).chain([mpd]).collect()
    }
}

/// Returns the manifests that are written before and after the segments; `None` for a file that is refused.
fn manifests(file: &[u8], scheme: Option<Scheme>) -> Option<[Vec<String>; 2]> {
    let mut planned = Planned::new(file, scheme)?;
    let early = planned.manifests(&SegmentSizes::planned(&planned.presentation));
    let mut sizes = SegmentSizes::new(&planned.presentation);
    for work_unit in &planned.work_units {
        for (segment, _) in planned.segments(work_unit)? {
            sizes.set(segment.id, segment.size()).unwrap();
        }
    }
    let as_planned = sizes.are_as_planned(&planned.presentation);
    let stated = sizes.stated(&mut planned.presentation);
    let late = planned.manifests(&stated);
    assert_eq!(as_planned, early == late, "manifests are replaced if and only if they change");
    Some([early, late])
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

#[test]
fn a_segment_that_is_requested_by_itself_has_the_bytes_of_its_work_unit() {
    let mut compared = 0;
    for path in files() {
        let file = fs::read(&path).unwrap();
        for scheme in [None, Some(Scheme::Cbcs), Some(Scheme::Cenc)] {
            let Some(planned) = Planned::new(&file, scheme) else { continue };
            let stored = planned.stored();
            let length = usize::try_from(index_end(&stored).unwrap()).unwrap();
            let index = PlanIndex::read(&stored[..length]).unwrap();
            for work_unit in &planned.work_units {
                let Some(segments) = planned.segments(work_unit) else { continue };
                for (segment, expected) in segments {
                    let section = index.section_of(segment.id).unwrap();
                    let found = read_work_unit(bytes(&stored, &section)).unwrap();
                    assert_eq!(found, *work_unit);
                    let one = one_segment(found, segment.id).unwrap();
                    let [(alone, bytes)] = planned.segments(&one).unwrap().try_into().unwrap();
                    let place = format!("{} {scheme:?} {}", path.display(), segment.id.path());
                    assert!(bytes == expected && alone.webvtt() == segment.webvtt(), "{place}");
                    compared += 1;
                }
            }
            for representation in &planned.presentation.representations {
                let last = u32::try_from(representation.segments.len()).unwrap();
                for number in [0, last + 1, u32::MAX] {
                    assert_eq!(index.section_of(SegmentId { representation: representation.id, number }), None);
                }
            }
        }
    }
    assert!(compared > 5000, "{compared} segments");
}

/// Returns whether the file is a fixture, or in the corpus next to the checkout.
fn is_present(name: &str) -> bool {
    files().iter().any(|path| path.ends_with(name))
}
