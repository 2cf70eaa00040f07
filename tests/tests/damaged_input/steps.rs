//! The steps that the platform takes with an untrusted file.

use std::time::Duration;

use vpp_media::cenc::Scheme;
use vpp_media::cmaf::{PlanOptions, Planner, SegmentId, SegmentSize, SegmentSizes, SourceBuffers, package_work_unit};
use vpp_media::dash::{self, MpdOptions};
use vpp_media::hls::{self, HlsOptions};
use vpp_media::preflight::preflight;
use vpp_media::sidecar::SidecarFile;
use vpp_media::time::Timescale;
use vpp_tests::planning::{bytes, index, protection};

use super::sources::Format;

/// Work units with more source bytes than this are not packaged.
const MAX_WORK_UNIT_BYTES: u64 = 128 * 1024;

/// Takes a file through all steps, up to the first error.
pub fn process(file: &[u8], format: Format, scheme: Option<Scheme>) -> vpp_media::Result<()> {
    match format {
        Format::Movie => package(file, scheme),
        Format::Subtitles => {
            let subtitles = SidecarFile::read(file)?;
            drop(subtitles.webvtt.mapped(90_000, Timescale::new(90_000).unwrap()));
            Ok(())
        }
    }
}

fn package(file: &[u8], scheme: Option<Scheme>) -> vpp_media::Result<()> {
    let index = index(file)?;
    let movie = vpp_media::track::Movie::parse(&index)?;
    let (protection, keys) = scheme.map(protection).unzip();
    let keys = keys.unwrap_or_default();
    let options = PlanOptions {
        segment_duration: Duration::from_secs(1),
        audio_only: movie.require_video().is_err(),
        work_unit_bytes: MAX_WORK_UNIT_BYTES / 2,
        protection,
        ..PlanOptions::default()
    };
    // A warning that cannot be computed must not prevent packaging.
    drop(preflight(&index, &movie, &options));
    let mut planner = Planner::new(&movie, &options)?;
    let mut packaged = Ok(());
    for work_unit in &mut planner {
        let work_unit = work_unit?;
        if work_unit.index == 0 && work_unit.source_bytes() <= MAX_WORK_UNIT_BYTES {
            let parts = work_unit.ranges.iter().map(|range| bytes(file, &range.bytes).to_vec()).collect();
            let mut source = SourceBuffers::new(&work_unit, parts)?;
            packaged = package_work_unit(&work_unit, &mut source, &keys).map(drop);
        }
    }
    let presentation = planner.finish()?;
    let mut sizes = SegmentSizes::new(&presentation);
    for representation in &presentation.representations {
        for number in 1..=u32::try_from(representation.segments.len()).unwrap() {
            let size = SegmentSize { bytes: 100_000, first_sample_end: 10_000 };
            sizes.set(SegmentId { representation: representation.id, number }, size)?;
        }
    }
    hls::playlists(&presentation, &sizes, &HlsOptions::default())?.for_each(drop);
    dash::mpd(&presentation, &sizes, &MpdOptions::default())?;
    packaged
}
