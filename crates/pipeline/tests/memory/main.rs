//! The memory of the dash stage for the largest packages that are accepted: [`MAX_SEGMENTS`] segments.
//!
//! The allocator counts memory for the whole process, so there is one test only. The counts are exact, so a busy machine does not
//! affect them.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod ports;

use futures_executor::block_on;
use peak_alloc::PeakAlloc;
use vpp_media::cmaf::{
    Layout, MAX_SEGMENTS, PlanWriter, Presentation, Representation, RepresentationId, SapType, SegmentSize,
    SegmentTime, StreamAccessPoint, presentation_range, read_presentation,
};
use vpp_media::track::TrackKind;
use vpp_pipeline::Outcome;
use vpp_pipeline::domain::layout;
use vpp_pipeline::domain::message::DashMessage;
use vpp_pipeline::domain::multipart::MIN_PART_BYTES;
use vpp_pipeline::domain::package::Package;
use vpp_pipeline::domain::state::{Planned, State, Status};
use vpp_pipeline::ports::{Catalog, Clock};
use vpp_pipeline::stages::dash::{Dash, Settings};
use vpp_pipeline::testing::{Platform, TickingClock};

use crate::ports::{LargeCatalog, LargeStore};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const MIB: usize = 1 << 20;
/// Memory of a function, by docs/performance-and-cost.md. To complete single files, it holds two parts more.
const DOCUMENTED: usize = 48 * MIB;
/// Memory of the process of a function before its first message.
const PROCESS: usize = 16 * MIB;

/// 30 seconds of H.264 and AAC; see tests/media/README.md.
const MOVIE: &[u8] = include_bytes!("../../../../tests/media/sample.mp4");

/// Segments of each track in a work unit: in segments, and in single files. Five tracks in work units of four segments have 65,535
/// staged portions of parts, in more work units than a source is divided into.
const SEGMENTS_PER_WORK_UNIT: [u32; 2] = [500, 4];

#[test]
fn the_largest_packages_are_completed_within_the_documented_memory() {
    let (package, presentation) = block_on(encrypted_package());
    let [segments, single_files] = SEGMENTS_PER_WORK_UNIT;
    // A film of 3 days without audio, in segments of a second; as many segments of video and audio; and as many in single files,
    // an index of which has at most 65,535.
    let video = |count| vec![("v1", count)];
    let five = ["v1", "a1", "a2", "a3", "a4"].map(|id| (id, MAX_SEGMENTS / 5));
    let cases = [
        (Layout::Segments, video(MAX_SEGMENTS), segments),
        (Layout::Segments, vec![("v1", MAX_SEGMENTS / 2), ("a1", MAX_SEGMENTS / 2)], segments),
        (Layout::SingleFile, five.to_vec(), single_files),
    ];
    for (layout, tracks, segments_per_work_unit) in cases {
        let presentation = large(&presentation, layout, &tracks);
        let (peak, written) = block_on(complete(&package, presentation, segments_per_work_unit));
        assert!(written > 5_000_000, "{written} bytes of manifests or files");
        let parts = if layout == Layout::SingleFile { 2 * MIN_PART_BYTES } else { 0 };
        let bound = DOCUMENTED - PROCESS + usize::try_from(parts).unwrap();
        assert!(peak <= bound, "dash held {peak} of {bound} bytes for {tracks:?} in {layout:?}");
    }
}

/// Returns a package whose work units are all encrypted, and its presentation.
async fn encrypted_package() -> (Package, Presentation) {
    let platform = Platform::default();
    platform.ingest(&platform.upload("movie.mp4", MOVIE)).await.unwrap();
    assert!(platform.run().await.is_empty());
    let mut package = platform.catalog.all_packages().pop().unwrap();
    let at = TickingClock::default().now();
    package.state = State::Encrypted { plan: Planned { at, work_units: 1 }, at };
    let plan = platform.store.bucket("work").remove(&layout::plan_key(&package.id)).unwrap().bytes;
    let range = presentation_range(&plan).unwrap();
    let [start, end] = [range.start, range.end].map(|offset| usize::try_from(offset).unwrap());
    (package, read_presentation(&plan[start..end]).unwrap())
}

/// Returns a presentation with as many segments of each of the `tracks`. No two consecutive segments have the same duration, so
/// manifests list each.
fn large(small: &Presentation, layout: Layout, tracks: &[(&str, u64)]) -> Presentation {
    let representations = tracks.iter().enumerate().map(|(switching_set, (id, count))| {
        let id: RepresentationId = id.parse().unwrap();
        let kind = if id.to_string().starts_with('v') { TrackKind::Video } else { TrackKind::Audio };
        let like = small.representations.iter().find(|representation| representation.kind == kind).unwrap();
        let second = u64::from(like.timescale.hz());
        let mut start = 0;
        let segments = (0..*count).map(|index| {
            let duration = second - 1 - index % 2;
            start += duration;
            let sap = Some(StreamAccessPoint { sap_type: SapType::One, delay: 0 });
            SegmentTime { start: start - duration, duration, sap }
        });
        let planned_sizes = match layout {
            // They are not right, so the stage writes the manifests again.
            Layout::Segments => (1..=*count).map(|number| SegmentSize { bytes: 512, ..written_size(number) }).collect(),
            Layout::SingleFile => Vec::new(),
        };
        Representation {
            id,
            switching_set: u16::try_from(switching_set).unwrap(),
            segments: segments.collect(),
            planned_sizes,
            ..like.clone()
        }
    });
    Presentation { representations: representations.collect(), layout, ..small.clone() }
}

/// Returns the size of a segment, by its number.
fn written_size(number: u64) -> SegmentSize {
    SegmentSize { bytes: 1024 + number % 64, first_sample_end: 700 }
}

/// Completes the package. Returns the peak memory of the stage, and the number of bytes that it wrote.
async fn complete(package: &Package, presentation: Presentation, segments_per_work_unit: u32) -> (usize, u64) {
    let mut plan = Vec::new();
    for chunk in PlanWriter::new().finish(&presentation).unwrap().chunks {
        plan.extend_from_slice(&chunk);
    }
    let store = LargeStore::new(plan);
    let catalog = LargeCatalog::new(package, &presentation, segments_per_work_unit).await;
    drop(presentation);
    let settings = Settings {
        work_bucket: "work".to_owned(),
        output_bucket: "output".to_owned(),
        delivery_url: "https://cdn.example".to_owned(),
    };
    let stage = Dash { store: store.clone(), catalog, clock: TickingClock::default(), meter: store.clone(), settings };
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let outcome = stage.handle(&DashMessage::new(package.id.clone()).for_attempt(package.attempt)).await.unwrap();
    let peak = MEMORY.peak_usage() - before;
    assert!(matches!(outcome, Outcome::Done));
    let package = stage.catalog.package(&package.id).await.unwrap().unwrap();
    assert_eq!(package.status(), Status::Ready, "{:?}", package.state);
    (peak, store.bytes_written())
}
