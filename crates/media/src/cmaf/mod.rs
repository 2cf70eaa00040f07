//! CMAF (ISO/IEC 23000-19): planning a movie's segments, and writing them.
//!
//! [`Planner`] walks the sample tables of all tracks side by side, in windows of presentation time that start where the first
//! video track can be entered. A window of one track is a segment; whole windows of about 32 MiB of source make a [`WorkUnit`],
//! the unit of work, which names the byte ranges of the source it needs and everything else that packaging it takes.
//! Several movies may make one package, a ladder of rates or more languages: they are planned as one that has all their tracks.
//! What is left when all work units are planned is the [`Presentation`]: what manifests and init segments are made of.
//! [`PlanFile`] is the form in which both are stored.

mod choice;
mod common;
mod cuts;
mod fragment;
mod init;
mod inputs;
mod plan;
mod plan_file;
mod planner;
mod ranges;
mod segment;
mod single_file;
mod sizes;
mod source;
mod streaming;
mod subtitles;

pub(crate) use choice::Choice;
pub use inputs::MAX_INPUTS;
pub use plan::{
    EntryPoint, Extent, KeyParameters, Layout, PlanOptions, PlannedSample, Presentation, ProtectedTracks, Protection,
    Representation, SapType, SegmentPlan, SegmentTime, Sidecar, SourceRange, WorkUnit, WorkUnitTrack,
};
pub use plan_file::{PRESENTATION_PREFIX, PlanFile, PlanWriter, presentation_range, read_presentation, read_work_unit};
pub use planner::{MAX_WINDOW_BYTES, Planner};
pub use segment::{Segment, package_work_unit};
pub use single_file::FileHead;
pub use sizes::{SegmentSize, SegmentSizes};
pub use source::SourceBuffers;
pub use streaming::{StreamingPackager, WholeSegment};
